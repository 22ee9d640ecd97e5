using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using ILGPU.Compat.Ir;

namespace ILGPU.Compat.FrontEnd;

/// <summary>A kernel method and the values it is specialised for: what a translation is made from, and found again by.</summary>
sealed class KernelSource(MethodInfo method, long[] specialized)
{
    string? key;

    public MethodInfo Method { get; } = method;

    /// <summary>The bits of its <c>SpecializedValue</c> parameters, in order; see <see cref="SpecializedBits"/>.</summary>
    public long[] Specialized { get; } = specialized;

    /// <summary>
    /// Known without reading any IL: the method, its type arguments, the specialised values, and the version ids (which change
    /// with every bit of a deterministic build's code) of the assemblies that they come from and of this one.
    /// </summary>
    public string Key => key ??= MakeKey();

    /// <summary>Runs the front end.</summary>
    /// <exception cref="NotSupportedException">The kernel does what kernels can't; the message names method and construct.</exception>
    public KernelMethod Translate() => Translator.Translate(Method, Specialized);

    /// <summary>A specialised value as an operand's bits: integers sign-extended, floats as their IEEE form.</summary>
    public static long SpecializedBits<T>(T value) where T : unmanaged => value switch
    {
        int x => x,
        long x => x,
        uint x => (int)x,
        bool x => x ? 1 : 0,
        byte x => x,
        short x => x,
        ushort x => x,
        float x => BitConverter.SingleToInt32Bits(x),
        double x => BitConverter.DoubleToInt64Bits(x),
        _ => throw new NotSupportedException($"a SpecializedValue of {typeof(T).Name}: it is a number"),
    };

    string MakeKey()
    {
        var text = new StringBuilder();
        var assemblies = new SortedSet<string>(StringComparer.Ordinal) { Id(typeof(KernelSource).Assembly) };
        Describe(Method.DeclaringType!);
        text.Append("::").Append(Method.Name).Append('#').Append(Method.MetadataToken);
        foreach (var argument in Method.GetGenericArguments()) Describe(argument);
        text.Append('|').AppendJoin(',', Specialized).Append('|').AppendJoin(',', assemblies);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];

        void Describe(Type type)
        {
            text.Append('<').Append(type.FullName ?? type.Name);
            assemblies.Add(Id(type.Assembly));
            foreach (var argument in type.GetGenericArguments()) Describe(argument);
            text.Append('>');
        }

        static string Id(Assembly assembly) => assembly.ManifestModule.ModuleVersionId.ToString("N");
    }
}
