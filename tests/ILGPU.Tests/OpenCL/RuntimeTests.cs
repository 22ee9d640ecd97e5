using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Compat.Ir;
using ILGPU.Compat.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace CompatTests.OpenCL;

/// <summary>Devices, buffers, streams, and what is said when something goes wrong.</summary>
public class RuntimeTests
{
    static KernelMethod AddOne(string name = "AddOne")
    {
        var k = new KernelBuilder(name);
        int data = k.View("data");
        var b = k.NewBlock();
        var place = b.Do(Op.Add, b.Do(Op.Multiply, b.Place(Op.GridIndex), b.Place(Op.GroupDimension)), b.Place(Op.GroupIndex));
        var at = b.Element(b.Pointer(data), place);
        b.Store(at, b.Do(Op.Add, b.Load(at, MemoryType.Float32), Operand.Of(1f)), MemoryType.Float32);
        return k.Build();
    }

    [Fact]
    public void The_device_says_what_it_is()
    {
        using var cl = new ClTest();
        var device = cl.Accelerator.Device;
        Assert.NotEqual("", device.Name);
        Assert.NotEqual("", device.PlatformName);
        Assert.True(device.MemorySize > 0 && device.MaxAllocation > 0 && device.MaxSharedMemoryPerGroup >= 16384 && device.MaxNumThreadsPerGroup >= 64 && device.NumMultiprocessors > 0 && device.WarpSize > 0);
        Assert.Empty(Context.Create(builder => builder.OpenCL(d => d.Name == "no such device")).Devices);
        Assert.Equal(AcceleratorType.OpenCL, cl.Accelerator.AcceleratorType);
    }

    [Fact]
    public void Division_by_zero_still_throws_after_the_driver_was_loaded()
    {
        using var cl = new ClTest();
        using var buffer = cl.Accelerator.Allocate1D(new float[64]);
        cl.Run(AddOne(), (1, 64), arguments => arguments.Add<ArrayView<float>>(buffer.View));
        for (int i = 0; i < 3; i++) Assert.Throws<DivideByZeroException>(() => Divide(10, 0));
        Assert.Equal(1, buffer.View.BaseView.GetAsArray()[63]);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static int Divide(int a, int b) => a / b;
    }

    [Fact]
    public void Copies_and_clears_of_parts()
    {
        using var cl = new ClTest();
        using var buffer = cl.Accelerator.Allocate1D<int>(100);
        int[] data = [.. Enumerable.Range(0, 100)];
        buffer.View.BaseView.CopyFromCPU(data);
        buffer.View.BaseView.SubView(3, 7).MemSetToZero();
        buffer.View.BaseView.SubView(20, 40).MemSetToZero();
        buffer.View.BaseView.Cast<byte>().SubView(397, 3).MemSetToZero();
        buffer.View.BaseView.SubView(50, 2).CopyFromCPU([-1, -2]);
        int[] expected = [.. data.Select(v => v is >= 3 and < 10 or >= 20 and < 60 ? 0 : v)];
        (expected[50], expected[51], expected[99]) = (-1, -2, 99);
        Assert.Equal(expected, buffer.View.BaseView.GetAsArray());
        Assert.Equal([-1, -2, 0], buffer.View.BaseView.SubView(50, 3).GetAsArray());
        using var empty = cl.Accelerator.Allocate1D<int>(0);
        Assert.Empty(empty.View.BaseView.GetAsArray());
    }

    [Fact]
    public void Markers_measure_what_lies_between_them()
    {
        using var cl = new ClTest();
        using var buffer = cl.Accelerator.Allocate1D<float>(1 << 20);
        var kernel = cl.Accelerator.Compile(AddOne());
        var arguments = new Arguments();
        arguments.Add<ArrayView<float>>(buffer.View);
        var stream = cl.Accelerator.DefaultStream;
        using var first = stream.AddProfilingMarker();
        for (int i = 0; i < 5; i++) kernel.Launch(stream, (1 << 14, 64), arguments);
        using var second = stream.AddProfilingMarker();
        var time = second.MeasureFrom(first);
        Assert.InRange(time.TotalMilliseconds, 0.01, 60_000);
        Assert.Equal(-time, first.MeasureFrom(second));
    }

    [Fact]
    public void Streams_run_beside_one_another_and_end_with_their_accelerator()
    {
        using var cl = new ClTest();
        using var buffer = cl.Accelerator.Allocate1D(new float[64]);
        var kernel = cl.Accelerator.Compile(AddOne());
        var arguments = new Arguments();
        arguments.Add<ArrayView<float>>(buffer.View);
        var stream = cl.Accelerator.CreateStream();
        for (int i = 0; i < 40; i++) kernel.Launch(stream, (1, 64), arguments);
        stream.Synchronize();
        Assert.Equal(40, buffer.View.BaseView.GetAsArray()[0]);
        var other = cl.Open();
        var foreign = other.Allocate1D<float>(64);
        arguments.Clear();
        arguments.Add<ArrayView<float>>(foreign.View);
        var error = Assert.Throws<AcceleratorException>(() => kernel.Launch(stream, (1, 64), arguments));
        Assert.Contains("another accelerator", error.Message);
        other.Dispose();
        Assert.Throws<ObjectDisposedException>(() => other.Allocate1D<float>(1));
        Assert.Throws<ObjectDisposedException>(() => foreign.View.BaseView.GetAsArray());
    }

    [Fact]
    public void A_buffer_that_was_disposed_of_is_not_launched_with()
    {
        using var cl = new ClTest();
        var buffer = cl.Accelerator.Allocate1D(new float[64]);
        var kernel = cl.Accelerator.Compile(AddOne());
        var arguments = new Arguments();
        arguments.Add<ArrayView<float>>(buffer.View);
        kernel.Launch(cl.Accelerator.DefaultStream, (1, 64), arguments);
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kernel.Launch(cl.Accelerator.DefaultStream, (1, 64), arguments));
        Assert.Equal(0, cl.Accelerator.Allocated);
    }

    [Fact]
    public void Too_large_a_buffer_says_what_the_device_has()
    {
        using var cl = new ClTest();
        using var small = cl.Accelerator.Allocate1D<byte>(1000);
        var error = Assert.Throws<CLException>(() => cl.Accelerator.Allocate1D<float>(1L << 40));
        Assert.Contains("no buffer of 4,398,047 MB", error.Message);
        Assert.Contains("holds 1,000 bytes", error.Message);
        Assert.Equal("clCreateBuffer", error.Function);
    }

    [Fact]
    public void Too_large_a_group_says_what_the_kernel_can_have()
    {
        using var cl = new ClTest();
        using var buffer = cl.Accelerator.Allocate1D<float>(64);
        var error = Assert.Throws<AcceleratorException>(() => cl.Run(AddOne(), (1, 1 << 20), arguments => arguments.Add<ArrayView<float>>(buffer.View)));
        Assert.Contains("AddOne: a group of 1048576 x 1 x 1 work-items", error.Message);
        var k = new KernelBuilder("Sharing");
        k.Shared(1 << 30);
        k.NewBlock();
        error = Assert.Throws<AcceleratorException>(() => cl.Run(k.Build(), (1, 1), _ => { }));
        Assert.Contains("Sharing shares 1073741824 bytes", error.Message);
    }

    [Fact]
    public void A_refused_kernel_says_its_name_the_compilers_reason_and_where_its_text_is()
    {
        using var cl = new ClTest();
        var translation = new Translation("Broken", "Broken_kernel", [], 0, "__kernel void Broken_kernel() { nonsense; }");
        var error = Assert.Throws<CLException>(() => CLProgram.Build(cl.Accelerator, translation, keepBinary: true));
        string kept = Path.Combine(cl.CacheFolder, "refused-Broken_kernel.cl");
        Assert.Contains("refused kernel Broken", error.Message);
        Assert.Contains(kept, error.Message);
        Assert.Contains("nonsense", error.Message);
        Assert.Equal(translation.Text, File.ReadAllText(kept));
    }

    [Fact]
    public void Every_error_code_is_a_sentence()
    {
        Assert.Contains("clFinish failed with CL_OUT_OF_RESOURCES", CLException.Of(-5, "clFinish").Message);
        Assert.Contains("device is lost", CLException.Of(-5, "clFinish").Message);
        Assert.Contains("device is lost", CLException.Of(-36, "clEnqueueReadBuffer").Message);
        Assert.StartsWith("launching X: ", CLException.Of(-54, "clEnqueueNDRangeKernel", "launching X").Message);
        Assert.Contains("error -12345", CLException.Of(-12345, "clFlush").Message);
    }
}
