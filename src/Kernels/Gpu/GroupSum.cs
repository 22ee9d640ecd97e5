using ILGPU;
using ILGPU.Algorithms;

namespace PureLcm.Kernels.Gpu;

/// <summary>What the work-items of a group of <see cref="Items"/> find out together. All of them call it.</summary>
static class GroupSum
{
    /// <summary>Work-items of a group that sums.</summary>
    public const int Items = 64;

    /// <summary>Shared memory that a sum needs.</summary>
    public static ArrayView<float> Memory() => SharedMemory.Allocate<float>(Items);

    /// <summary>The sum of all work-items' values, in the same order each time. The memory is free again afterwards.</summary>
    public static float Of(float value, ArrayView<float> memory)
    {
        int item = Group.IdxX;
        memory[item] = value;
        Group.Barrier(); // all values are there
        for (int half = Items / 2; half > 0; half /= 2)
        {
            if (item < half) memory[item] += memory[item + half];
            Group.Barrier(); // this round's sums are there
        }
        float sum = memory[0];
        Group.Barrier(); // all have read it: the memory may be used again
        return sum;
    }

    /// <summary>The largest of all work-items' values. The memory is free again afterwards.</summary>
    public static float LargestOf(float value, ArrayView<float> memory)
    {
        int item = Group.IdxX;
        memory[item] = value;
        Group.Barrier();
        for (int half = Items / 2; half > 0; half /= 2)
        {
            if (item < half) memory[item] = XMath.Max(memory[item], memory[item + half]);
            Group.Barrier();
        }
        float largest = memory[0];
        Group.Barrier();
        return largest;
    }
}
