using ILGPU.Compat.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>A kernel that the driver compiled, with the arguments of its last launch.</summary>
sealed unsafe class CLKernel : ICompiledKernel, IDisposable
{
    readonly CLAccelerator accelerator;
    readonly Translation translation;
    readonly nint program, kernel;
    readonly int largestGroup;
    readonly Setting[] settings;

    /// <summary>What the driver was last told about a parameter: it keeps that from launch to launch.</summary>
    struct Setting
    {
        public bool Known;
        public MemoryBuffer? Buffer;
        public long Start, Length;
        public byte[] Value;
    }

    public CLKernel(CLAccelerator accelerator, Translation translation)
    {
        (this.accelerator, this.translation) = (accelerator, translation);
        if (translation.SharedBytes > accelerator.MaxSharedMemoryPerGroup)
            throw new AcceleratorException($"kernel {translation.Name} shares {translation.SharedBytes} bytes in a group; {accelerator.Name} has {accelerator.MaxSharedMemoryPerGroup}");
        program = CLProgram.Build(accelerator, translation, CLProgram.KeepsBinaries(accelerator.Device));
        int error;
        kernel = ClApi.clCreateKernel(program, translation.EntryPoint, &error);
        CLException.Check(error, "clCreateKernel", translation.Name);
        nuint most = 0;
        // May be fewer than the device's: a kernel that takes many registers.
        largestGroup = ClApi.clGetKernelWorkGroupInfo(kernel, accelerator.Device.Handle, ClNames.KernelWorkGroupSize, (nuint)sizeof(nuint), &most, null) == 0 && most > 0
            ? (int)most : accelerator.MaxNumThreadsPerGroup;
        settings = new Setting[translation.Parameters.Length];
        for (int i = 0; i < settings.Length; i++) settings[i].Value = translation.Parameters[i].IsView ? [] : new byte[translation.Parameters[i].Size];
    }

    /// <summary>OpenCL C.</summary>
    public string Text => translation.Text;

    public void Launch(AcceleratorStream stream, in KernelConfig config, Arguments arguments)
    {
        CheckGroup(config.GroupDim);
        if (arguments.List.Count != settings.Length) throw new AcceleratorException($"kernel {translation.Name} has {settings.Length} parameters, not {arguments.List.Count}");
        uint place = 0;
        for (int i = 0; i < settings.Length; i++)
        {
            var argument = arguments.List[i];
            if (translation.Parameters[i].IsView) SetView(ref settings[i], ref place, argument);
            else SetValue(ref settings[i], ref place, arguments.Bytes.Slice((int)argument.Offset, (int)argument.Length));
        }
        var (grid, group) = (config.GridDim, config.GroupDim);
        var local = stackalloc nuint[] { (nuint)group.X, (nuint)group.Y, (nuint)group.Z };
        var global = stackalloc nuint[] { (nuint)grid.X * (nuint)group.X, (nuint)grid.Y * (nuint)group.Y, (nuint)grid.Z * (nuint)group.Z };
        var queue = (CLStream)stream;
        int error = ClApi.clEnqueueNDRangeKernel(queue.Queue, kernel, 3, null, global, local, 0, null, null);
        if (error != 0) throw CLException.Of(error, "clEnqueueNDRangeKernel", $"launching {translation.Name} with {grid.X} x {grid.Y} x {grid.Z} groups of {group.X} x {group.Y} x {group.Z}");
        queue.Launched();
    }

    public void Dispose()
    {
        ClApi.clReleaseKernel(kernel);
        ClApi.clReleaseProgram(program);
    }

    void CheckGroup(Index3D group)
    {
        var most = accelerator.Device.MaxGroupSize;
        if (group.X < 1 || group.Y < 1 || group.Z < 1) throw new AcceleratorException($"kernel {translation.Name}: a group of {group.X} x {group.Y} x {group.Z} work-items");
        if ((long)group.X * group.Y * group.Z > largestGroup || group.X > most.X || group.Y > most.Y || group.Z > most.Z)
            throw new AcceleratorException($"kernel {translation.Name}: a group of {group.X} x {group.Y} x {group.Z} work-items; on {accelerator.Name} it can have {largestGroup}, and at most {most.X} x {most.Y} x {most.Z}");
    }

    void SetView(ref Setting setting, ref uint place, in Arguments.Argument argument)
    {
        // Buffers are compared as objects: a new one may get the handle of one that was freed.
        if (!setting.Known || !ReferenceEquals(setting.Buffer, argument.Buffer))
        {
            if (argument.Buffer is { } buffer && (buffer as CLBuffer)?.Accelerator != accelerator)
                throw new AcceleratorException($"kernel {translation.Name}: a view of another accelerator's buffer");
            setting.Buffer = argument.Buffer;
            nint handle = argument.Buffer?.NativePtr ?? 0;
            // A view of nothing has no buffer, which OpenCL allows.
            Set(place, (nuint)sizeof(nint), handle == 0 ? null : &handle);
        }
        else _ = argument.Buffer?.NativePtr; // disposed of since: says so
        long start = argument.Offset, length = argument.Length;
        if (!setting.Known || setting.Start != start) Set(place + 1, sizeof(long), &start);
        if (!setting.Known || setting.Length != length) Set(place + 2, sizeof(long), &length);
        (setting.Start, setting.Length, setting.Known) = (start, length, true);
        place += 3;
    }

    void SetValue(ref Setting setting, ref uint place, ReadOnlySpan<byte> value)
    {
        if (value.Length != setting.Value.Length) throw new AcceleratorException($"kernel {translation.Name}: a value of {value.Length} bytes for a parameter of {setting.Value.Length}");
        if (!setting.Known || !value.SequenceEqual(setting.Value))
        {
            value.CopyTo(setting.Value);
            fixed (byte* p = setting.Value) Set(place, (nuint)value.Length, p);
            setting.Known = true;
        }
        place++;
    }

    void Set(uint place, nuint size, void* value) => CLException.Check(ClApi.clSetKernelArg(kernel, place, size, value), "clSetKernelArg", translation.Name);
}
