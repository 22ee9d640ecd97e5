using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using PureLcm.Kernels.Check.FrontEnd;
using ILGPU.Runtime;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>What kernels can't do is refused in words: which kernel, which method, which construct, and what to do instead.</summary>
public class RefusalTests
{
    class Node
    {
        public int Value;

        public virtual int Next() => Value + 1;
    }

    interface IShape
    {
        int Area();
    }

    struct Square : IShape
    {
        public int Side;

        public readonly int Area() => Side * Side;
    }

    static int counter;
    static readonly Node node = new();

    /// <summary>Each a kernel that may not be.</summary>
    static class Bad
    {
        public static void Object(ArrayView<int> y) => y[0] = new Node { Value = y[1] }.Value;

        public static void Array(ArrayView<int> y) => y[0] = new int[y[1]].Length;

        public static void Box(ArrayView<int> y) => y[0] = ((object)y[1]).GetHashCode();

        public static void ToText(ArrayView<int> y) => y[0] = y[1].ToString().Length;

        public static void Text(ArrayView<int> y) => y[0] = "abc"[y[1]];

        public static void Throw(ArrayView<int> y)
        {
            if (y[0] > 0) throw new ArgumentException("not positive");
        }

        public static void Try(ArrayView<int> y)
        {
            try { y[0] = 1 / y[1]; }
            catch (DivideByZeroException) { y[0] = 0; }
        }

        public static void Virtual(ArrayView<int> y) => y[0] = node.Next();

        public static void Interface(ArrayView<int> y) => y[0] = Area(new Square { Side = y[1] });

        static int Area(IShape shape) => shape.Area();

        public static void Delegate(ArrayView<int> y)
        {
            Func<int, int> twice = x => x * 2;
            y[0] = twice(y[1]);
        }

        public static void Capture(ArrayView<int> y)
        {
            int z = y[1];
            Func<int, int> twice = x => x * z;
            y[0] = twice(y[1]);
        }

        public static unsafe void FunctionPointer(ArrayView<int> y)
        {
            delegate*<int, int> self = &Factorial;
            y[0] = self(y[1]);
        }

        public static void Fma(ArrayView<float> y) => y[0] = MathF.FusedMultiplyAdd(y[1], y[2], y[3]);

        public static void FloatFma(ArrayView<float> y) => y[0] = float.FusedMultiplyAdd(y[1], y[2], y[3]);

        public static void SystemHalf(ArrayView<float> y) => y[0] = (float)((System.Half)y[1] * (System.Half)2);

        public static void HalfBits(ArrayView<ushort> y) => y[0] = (ushort)(float)BitConverter.UInt16BitsToHalf(y[1]);

        public static void HalfView(ArrayView<System.Half> y) => y[0] = y[1];

        public static unsafe void Fixed(ArrayView<int> y)
        {
            fixed (int* p = &y[1]) y[0] = p[1];
        }

        public static unsafe void Pointer(ArrayView<int> y)
        {
            int x = y[1];
            int* p = &x;
            y[0] = *(p + 1);
        }

        public static unsafe void AsPointer(ArrayView<int> y) => y[0] = *(int*)Unsafe.AsPointer(ref y[1]);

        public static unsafe void StackAlloc(ArrayView<int> y)
        {
            int* p = stackalloc int[4];
            y[0] = p[y[1]];
        }

        public static void Span(ArrayView<int> y)
        {
            Span<int> span = [y[0], y[1], y[2]];
            y[0] = span[y[1]];
        }

        public static void Recursion(ArrayView<int> y) => y[0] = Factorial(y[1]);

        static int Factorial(int x) => x <= 1 ? 1 : x * Factorial(x - 1);

        public static void StaticField(ArrayView<int> y) => y[0] = counter;

        public static void StaticStore(ArrayView<int> y) => counter = y[0];

        public static void StaticObject(ArrayView<int> y) => y[0] = node.Value;

        public static void SharedSize(ArrayView<int> y) => y[0] = SharedMemory.Allocate<int>(y[1]).IntLength;

        public static void LocalSize(ArrayView<int> y) => y[0] = LocalMemory.Allocate<int>(y[1]).IntLength;

        public static void Ballot(ArrayView<int> y) => y[0] = Group.BarrierPopCount(y[1] > 0);

        public static void DynamicSharedMemory(ArrayView<int> y) => y[0] = SharedMemory.GetDynamic<int>()[0];

        public static void WarpFunction(ArrayView<int> y) => y[0] = Warp.ShuffleDown(y[1], 1);

        public static void Checked(ArrayView<int> y) => y[0] = checked(y[1] + 1);

        public static void CheckedConversion(ArrayView<int> y) => y[0] = checked((byte)y[1]);

        public static void TypeOf(ArrayView<int> y) => y[0] = typeof(int) == y.GetType() ? 1 : 0;

        public static void NoIl(ArrayView<float> y) => y[0] = MathF.Cbrt(y[1]);

        public static void Rounding(ArrayView<float> y) => y[0] = MathF.Round(y[1], 2);

        public static void RefToEither(ArrayView<int> y)
        {
            int a = y[0], b = y[1];
            ref int either = ref (y[2] > 3 ? ref a : ref b);
            either++;
            y[3] = a + b;
        }

        public static void Spaces(ArrayView<int> y)
        {
            var view = SharedMemory.Allocate<int>(4);
            if (y[0] > 0) view = LocalMemory.Allocate<int>(4);
            view[0] = 1;
        }

        public static void DefaultView(ArrayView<int> y) => y[0] = default(ArrayView<int>)[0];

        public static void LocalAtomic(ArrayView<int> y)
        {
            int x = y[0];
            y[1] = Atomic.Add(ref x, 1);
        }

        public static int Result(ArrayView<int> y) => y[0];

        public static void Open<T>(ArrayView<T> y) where T : unmanaged => y[0] = default;

        public static void Reference(ArrayView<int> y, string text) => y[0] = 1;

        public static void Boxed(ArrayView<int> y, (int, System.Half) pair) => y[0] = pair.Item1;

        public static void Parameters15(ArrayView<int> y, int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l, int m, int n) => y[0] = a;
    }

    [Theory]
    [InlineData(nameof(Bad.Object), "makes an object of class Node", "LocalMemory.Allocate")]
    [InlineData(nameof(Bad.Array), "makes an array of Int32", "LocalMemory.Allocate")]
    [InlineData(nameof(Bad.Box), "boxes Int32", "no heap")]
    [InlineData(nameof(Bad.ToText), "calls Int32.ToString, which uses", "XMath")]
    [InlineData(nameof(Bad.Text), "uses a string", "numbers only")]
    [InlineData(nameof(Bad.Throw), "throws", "no exceptions")]
    [InlineData(nameof(Bad.Try), "has a try block", "no exceptions")]
    [InlineData(nameof(Bad.Virtual), "uses the static field RefusalTests.node", "a parameter")]
    [InlineData(nameof(Bad.Interface), "boxes Square", "no heap")]
    [InlineData(nameof(Bad.Delegate), "uses a delegate, Func<Int32,Int32>", "static abstract")]
    [InlineData(nameof(Bad.Capture), "makes an object of class", "no heap")]
    [InlineData(nameof(Bad.FunctionPointer), "a pointer to a method", "static abstract")]
    [InlineData(nameof(Bad.Fma), "calls MathF.FusedMultiplyAdd", "a * b + c")]
    [InlineData(nameof(Bad.FloatFma), "calls Single.FusedMultiplyAdd", "a * b + c")]
    [InlineData(nameof(Bad.SystemHalf), "calls Half.op_Explicit", "ushort")]
    [InlineData(nameof(Bad.HalfBits), "calls BitConverter.UInt16BitsToHalf", "ushort")]
    [InlineData(nameof(Bad.HalfView), "has the parameter y of type ArrayView<Half>", "ushort")]
    [InlineData(nameof(Bad.Fixed), "pins memory with fixed", "view")]
    [InlineData(nameof(Bad.Pointer), "pointer|address", "view")]
    [InlineData(nameof(Bad.AsPointer), "calls Unsafe.AsPointer", "no pointers")]
    [InlineData(nameof(Bad.StackAlloc), "uses stackalloc", "LocalMemory.Allocate")]
    [InlineData(nameof(Bad.Span), "calls Unsafe.As", "ArrayView.Cast")]
    [InlineData(nameof(Bad.Recursion), "calls Bad.Factorial, which calls itself", "write a loop")]
    [InlineData(nameof(Bad.StaticField), "uses the static field RefusalTests.counter", "a parameter")]
    [InlineData(nameof(Bad.StaticStore), "uses the static field RefusalTests.counter", "a parameter")]
    [InlineData(nameof(Bad.StaticObject), "uses the static field RefusalTests.node", "a parameter")]
    [InlineData(nameof(Bad.SharedSize), "calls SharedMemory.Allocate<Int32> with a size that is no constant", "SpecializedValue")]
    [InlineData(nameof(Bad.LocalSize), "calls LocalMemory.Allocate<Int32> with a size that is no constant", "SpecializedValue")]
    [InlineData(nameof(Bad.Ballot), "calls Group.BarrierPopCount", "subset that the checker knows")]
    [InlineData(nameof(Bad.DynamicSharedMemory), "calls SharedMemory.GetDynamic<Int32>", "subset that the checker knows")]
    [InlineData(nameof(Bad.WarpFunction), "calls Warp.ShuffleDown", "shared memory")]
    [InlineData(nameof(Bad.Checked), "uses checked arithmetic", "unchecked")]
    [InlineData(nameof(Bad.CheckedConversion), "uses checked arithmetic", "unchecked")]
    [InlineData(nameof(Bad.TypeOf), "(ldtoken)", "static abstract")]
    [InlineData(nameof(Bad.NoIl), "calls MathF.Cbrt, which has no IL", "XMath")]
    [InlineData(nameof(Bad.Rounding), "calls MathF.Round with 2 arguments", "the plain one")]
    [InlineData(nameof(Bad.RefToEither), "lets a ref refer to one local variable or another", "values")]
    [InlineData(nameof(Bad.Spaces), "assigns a view of Local memory to a variable that held one of Shared memory", "each kind of memory")]
    [InlineData(nameof(Bad.DefaultView), "uses a default view", "looks at memory")]
    [InlineData(nameof(Bad.LocalAtomic), "calls Atomic.Add on a local variable", "views")]
    [InlineData(nameof(Bad.Result), "returns a value of type Int32", "write to views")]
    [InlineData(nameof(Bad.Open), "has open type parameters", "type argument")]
    [InlineData(nameof(Bad.Reference), "has the parameter text of type String", "structures of numbers")]
    [InlineData(nameof(Bad.Boxed), "has the parameter pair of type ValueTuple<Int32,Half>", "ushort")]
    [InlineData(nameof(Bad.Parameters15), "has 15 parameters", "at most 14")]
    public void Constructs(string kernel, string construct, string instead)
    {
        var error = Assert.Throws<NotSupportedException>(() => Translator.Translate(typeof(Bad).GetMethod(kernel)!, []));
        TestContext.Current.TestOutputHelper?.WriteLine(error.Message);
        Assert.StartsWith($"Kernel Bad.{kernel}", error.Message);
        Assert.Contains(construct.Split('|'), error.Message.Contains);
        Assert.Contains(instead.Split('|'), error.Message.Contains);
    }

    [Fact]
    public void InAMethodThatTheKernelCalls()
    {
        var error = Assert.Throws<NotSupportedException>(() => Kernels.Translate(Outer, 0));
        Assert.Matches(@"^Kernel RefusalTests\.Outer: RefusalTests\.Inner boxes Int32 \(IL_[0-9a-f]{4}\)\. \S.*\.$", error.Message);
    }

    static void Outer(ArrayView<int> y) => y[0] = Inner(y[1]);

    static int Inner(int x) => ((object)x).GetHashCode();

    [Fact]
    public void LambdasThatCapture()
    {
        int factor = 3;
        var error = Assert.Throws<NotSupportedException>(() => Kernels.Translate((ArrayView<int> y) => y[0] = factor));
        Assert.Contains("is an instance method", error.Message);
    }

    [Fact]
    public void NotReachedIsNotRefused()
    {
        var y = new int[1];
        Kernels.Run(Careful, y, SpecializedValue.New(1));
        Assert.Equal(1, y[0]);
        Assert.Throws<NotSupportedException>(() => Kernels.Translate(Careful, 2));
    }

    static void Careful(ArrayView<int> y, SpecializedValue<int> mode)
    {
        y[0] = mode;
        if (mode > 1) throw new ArgumentException(y.ToString());
    }
}
