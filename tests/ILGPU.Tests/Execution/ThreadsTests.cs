using ILGPU;
using ILGPU.Compat.Execution;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace CompatTests.Execution;

/// <summary>Kernels on real threads.</summary>
public class ThreadsTests
{
    readonly struct Scale(float factor, byte shift)
    {
        public readonly float Factor = factor;
        public readonly byte Shift = shift;
    }

    static void Reverse(ArrayView<float> input, ArrayView<float> output, Scale scale, SpecializedValue<int> size, SpecializedValue<bool> twice)
    {
        var tile = SharedMemory.Allocate<float>(8);
        var local = LocalMemory.Allocate<float>(2);
        int at = Grid.IdxX * size + Group.IdxX;
        local[1] = input[at];
        tile[Group.IdxX] = local[1];
        Group.Barrier();
        float value = tile[size - 1 - Group.IdxX] * scale.Factor + scale.Shift;
        output[at] = twice ? 2 * value : value;
    }

    [Fact]
    public void ArgumentsAreTheMethodsOwn()
    {
        var kernel = Executor.Threads.LoadStreamKernel<ArrayView<float>, ArrayView<float>, Scale, SpecializedValue<int>, SpecializedValue<bool>>(Reverse);
        var (input, output) = (Executor.Upload(Enumerable.Range(0, 30).Select(i => (float)i).ToArray()), Executor.Empty<float>(24));
        kernel((3, 8), input.SubView(6, 24), output, new(0.5f, 200), SpecializedValue.New(8), SpecializedValue.New(true));
        Assert.Equal(Enumerable.Range(0, 24).Select(i => i / 8 * 8 + 7 - i % 8 + 6 + 400f), output.GetAsArray());
    }

    static void OutOfRange(ArrayView<int> output)
    {
        output[Grid.IdxX * 4 + Group.IdxX] = 1;
        Group.Barrier(); // the others wait here when one fails
        output[0] = 1;
    }

    [Fact]
    public void AnExceptionEndsTheLaunch()
    {
        var kernel = Executor.Threads.LoadStreamKernel<ArrayView<int>>(OutOfRange);
        var fault = Assert.Throws<KernelFaultException>(() => kernel((5, 4), Executor.Empty<int>(7)));
        Assert.Equal("kernel ThreadsTests.OutOfRange, group (1, 0, 0), work-item (3, 0, 0): IndexOutOfRangeException: element 7 of a view of 7", fault.Message);
        Assert.IsType<IndexOutOfRangeException>(fault.InnerException);
    }

    static void LeavesEarly(ArrayView<int> output)
    {
        if (Group.IdxX < 3) return;
        Group.Barrier();
        output[0] = 1;
    }

    [Fact]
    public void ABarrierThatSomeDontReach()
    {
        var kernel = Executor.Threads.LoadStreamKernel<ArrayView<int>>(LeavesEarly);
        Assert.Contains("a barrier that not all work-items reach: 5 wait at it, 3 have returned", Assert.Throws<KernelFaultException>(() => kernel((2, 8), Executor.Empty<int>(1))).Message);
    }

    [Fact]
    public void GroupsThatNoDeviceTakes()
    {
        var kernel = Executor.Threads.LoadStreamKernel<ArrayView<int>>(OutOfRange);
        Assert.Contains("a group of 257 x 1 x 1 work-items", Assert.Throws<AcceleratorException>(() => kernel((1, 257), Executor.Empty<int>(1))).Message);
    }

    [Fact]
    public void TheEnvironmentChoosesThreads()
    {
        Environment.SetEnvironmentVariable("ILGPU_THREADS", "1");
        try
        {
            using var context = Context.Create(builder => builder.CPU(new CPUDevice(32, 8, 2)));
            using var accelerator = context.Devices[0].CreateAccelerator(context);
            var kernel = accelerator.LoadStreamKernel<ArrayView<int>>(LeavesEarly);
            Assert.Contains("wait at it", Assert.Throws<KernelFaultException>(() => kernel((1, 8), Executor.Empty<int>(1))).Message); // in lockstep it says where
        }
        finally
        {
            Environment.SetEnvironmentVariable("ILGPU_THREADS", null);
        }
    }

    [Fact]
    public void OutsideOfAKernelThereAreNoWorkItems() => Assert.Throws<InvalidOperationException>(() => Group.IdxX);
}
