using ILGPU;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>Structures: by value and by reference, nested, with operators, in variables and in memory.</summary>
public class StructureTests
{
    static readonly float[] Floats = [-2.5f, -1, 0, 0.5f, 1, 3, 7.25f];

    struct Vector(float x, float y)
    {
        public float X = x, Y = y;

        public static Vector operator +(Vector a, Vector b) => new(a.X + b.X, a.Y + b.Y);

        public static Vector operator *(Vector a, float b) => new() { X = a.X * b, Y = a.Y * b };

        public readonly float Dot(in Vector other) => X * other.X + Y * other.Y;

        public readonly Vector Swapped => new(Y, X);

        public void Add(float value)
        {
            X += value;
            Y -= value;
        }

        public Vector Turn()
        {
            this = new(-Y, X);
            return this;
        }
    }

    struct Segment
    {
        public Vector From, To;
        public int Tag;
    }

    [Fact]
    public void OperatorsAndMethods() => Kernels.Check<Operators, float, float>(Floats);

    struct Operators : IFunction<float, float>
    {
        public static float Of(float a, float b)
        {
            var x = new Vector(a, b);
            var y = (x + x.Swapped) * b;
            y.Add(a);
            var copy = y;
            copy.X = 100;
            y = y.Turn() + new Vector(1, 2);
            return y.Dot(x) + copy.Dot(new Vector(b, a)) + default(Vector).X + y.Swapped.X;
        }
    }

    [Fact]
    public void Nested() => Kernels.Check<Nesting, float, float>(Floats);

    struct Nesting : IFunction<float, float>
    {
        public static float Of(float a, float b)
        {
            var s = new Segment { From = new(a, 1), Tag = 3 };
            s.To.X = b;
            s.To.Y = a * 2;
            s.From.Add(0.5f);
            var t = s;
            Swap(ref t);
            Swap(ref s.From, ref t.From);
            Change(s, ref t.To, out float sum);
            (s.From.X, s.From.Y) = (s.From.Y, s.From.X);
            s.From = s.From.Swapped;
            return s.From.X + 2 * s.From.Y + 3 * s.To.X + 4 * t.From.X + 5 * t.To.Y + sum + s.Tag;
        }

        static void Swap(ref Segment s) => (s.From, s.To, s.Tag) = (s.To, s.From, s.Tag + 1);

        static void Swap(ref Vector a, ref Vector b) => (a, b) = (b, a);

        static void Change(Segment byValue, ref Vector byReference, out float sum)
        {
            byValue.From.X = 1000;
            byReference.X += byValue.To.X;
            byReference = byReference * 2;
            sum = byReference.X + byValue.From.X;
        }
    }

    [Fact]
    public void ChosenInLoops() => Kernels.Check<Choice, float, float>(Floats);

    struct Choice : IFunction<float, float>
    {
        public static float Of(float a, float b)
        {
            var best = new Vector(a, a);
            for (int i = 0; i < 6; i++)
            {
                var next = i % 2 == 0 ? best + new Vector(1, b) : best.Swapped;
                if (next.Dot(next) > 50) continue;
                best = next.X > b ? next : Largest(best, next);
            }
            return best.X * 3 + best.Y;
        }

        static Vector Largest(Vector a, Vector b)
        {
            if (a.Dot(a) > b.Dot(b)) return a;
            return b;
        }
    }

    struct Shape
    {
        public byte Kind;
        public int H, W;
        public float Scale;
        public bool Flag;
        public Vector At;
        public ushort Small;
        public long Long;
    }

    [Fact]
    public void ParametersAndMemory()
    {
        var shape = new Shape { Kind = 200, H = -3, W = 7, Scale = 0.5f, Flag = true, At = new(2, 3), Small = 65535, Long = 1L << 40 };
        var shapes = new Shape[2];
        var numbers = new double[9];
        Kernels.Run(Parameters, shape, shapes, numbers, 2.5);
        Assert.Equal([200, -3, 7, 0.5, 1, 5, 65535, 1L << 40, 2.5], numbers);
        Assert.Equal(shape, shapes[0]);
        Assert.Equal(shape with { Flag = false, Kind = 7, At = new(12, -7), Small = 4 }, shapes[1]);
    }

    static void Parameters(Shape shape, ArrayView<Shape> shapes, ArrayView<double> numbers, double last)
    {
        numbers[0] = shape.Kind;
        numbers[1] = shape.H;
        numbers[2] = shape.W;
        numbers[3] = shape.Scale;
        numbers[4] = shape.Flag ? 1 : 0;
        numbers[5] = shape.At.X + shape.At.Y;
        numbers[6] = shape.Small;
        numbers[7] = shape.Long;
        numbers[8] = last;
        shapes[0] = shape;
        ref var second = ref shapes[1];
        second = shapes[0];
        second.At.Add(10);
        second.Flag &= shape.H > 0;
        second.Kind = (byte)second.W;
        Increase(ref shapes[1].Small, 5);
    }

    static void Increase(ref ushort value, int by) => value += (ushort)by;
}
