using ILGPU;
using PureLcm.Kernels.Check.Ir;
using ILGPU.Runtime;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>Type arguments with static abstract members, and specialised values: what is constant is decided while translating.</summary>
public class GenericTests
{
    interface IStored<T> where T : unmanaged
    {
        static abstract float Load(T bits);

        static abstract T Store(float value);

        static virtual float Bias => 0.25f;
    }

    readonly struct BFloat16 : IStored<ushort>
    {
        public static float Load(ushort bits) => Interop.IntAsFloat((uint)bits << 16);

        public static ushort Store(float value) => (ushort)(Interop.FloatAsInt(value) >> 16);
    }

    readonly struct Float32 : IStored<float>
    {
        public static float Load(float bits) => bits;

        public static float Store(float value) => value;

        public static float Bias => 3;
    }

    interface ITile
    {
        static abstract int Rows { get; }

        int Columns { get; }

        TOut Convert<TIn, TOut>(TIn value, TOut other) where TOut : struct;
    }

    readonly struct Tile4x8 : ITile
    {
        public static int Rows => 4;

        public int Columns => Rows * 2;

        public TOut Convert<TIn, TOut>(TIn value, TOut other) where TOut : struct => other;
    }

    static void Scale<T, S>(ArrayView<T> x, ArrayView<T> y, float factor) where T : unmanaged where S : struct, IStored<T>
    {
        for (int i = 0; i < x.IntLength; i++) y[i] = S.Store(S.Load(x[i]) * factor + S.Bias);
    }

    [Fact]
    public void StaticAbstractMembers()
    {
        var y = new float[3];
        Kernels.Run(Scale<float, Float32>, new float[] { 1, 2, -3 }, y, 2f);
        Assert.Equal([5, 7, -3], y);

        var halves = new ushort[2];
        Kernels.Run(Scale<ushort, BFloat16>, new ushort[] { BFloat16.Store(1.5f), BFloat16.Store(-8) }, halves, 2f);
        Assert.Equal([BFloat16.Store(3.25f), BFloat16.Store(-15.75f)], halves);
    }

    static void Constants<TTile>(ArrayView<int> y, SpecializedValue<int> mode, SpecializedValue<float> scale) where TTile : struct, ITile
    {
        int rows = TTile.Rows, size = rows * default(TTile).Columns + 1;
        var tile = SharedMemory.Allocate<float>(size + (mode > 1 ? 7 : 0));
        tile[0] = scale;
        y[0] = mode.Value switch { 0 => (int)tile[0], 1 => tile.IntLength, _ => Unused(y) };
        y[1] = default(TTile).Convert((byte)3, size) + Padding(mode);
        if (rows > 4) y[100] = Unused(y);
    }

    static int Padding(int mode)
    {
        if (mode == 1) return 10;
        return mode + 1;
    }

    static int Unused(ArrayView<int> y) => throw new InvalidOperationException(y.ToString());

    [Fact]
    public void ConstantsAndSpecializedValues()
    {
        var y = new int[2];
        var kernel = Kernels.Run(Constants<Tile4x8>, y, SpecializedValue.New(1), SpecializedValue.New(2.5f));
        Assert.Equal([33, 43], y);
        Assert.Equal(new Allocation(33 * 4, 4), Assert.Single(kernel.Shared));
        Assert.Single(kernel.Blocks);
        Assert.Equal([ParameterKind.View, ParameterKind.Specialized, ParameterKind.Specialized], kernel.Parameters.Select(parameter => parameter.Kind));

        Kernels.Run(Constants<Tile4x8>, y, SpecializedValue.New(0), SpecializedValue.New(2.5f));
        Assert.Equal([2, 34], y);
    }

    static readonly int rows = int.Parse("12");
    static readonly float third = 1 / 3f;

    static void Statics(ArrayView<float> y)
    {
        var tile = SharedMemory.Allocate<float>(rows);
        y[0] = third * tile.IntLength;
    }

    [Fact]
    public void StaticReadonlyNumbersAreConstants()
    {
        var y = new float[1];
        Assert.Equal(new Allocation(48, 4), Assert.Single(Kernels.Run(Statics, y).Shared));
        Assert.Equal(4, y[0]);
    }

    static T Sum<T>(ArrayView<T> x) where T : unmanaged, System.Numerics.INumber<T>
    {
        var sum = T.Zero;
        for (int i = 0; i < x.Length; i++) sum += x[i] * T.One;
        return sum > T.Zero ? sum : -sum;
    }

    static void GenericMath(ArrayView<float> x, ArrayView<long> n)
    {
        x[0] = Sum(x);
        n[0] = Sum(n);
    }

    [Fact]
    public void NumbersOfTheLibrary()
    {
        float[] x = [1, 2, -7];
        long[] n = [1L << 40, 5];
        Kernels.Run(GenericMath, x, n);
        Assert.Equal(4, x[0]);
        Assert.Equal((1L << 40) + 5, n[0]);
    }
}
