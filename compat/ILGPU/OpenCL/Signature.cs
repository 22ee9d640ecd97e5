using System.Text;
using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// A kernel's parameters in C. A view is its buffer, the byte where it begins, and its length; a value is a number or a structure.
/// </summary>
sealed class Signature
{
    readonly KernelMethod kernel;
    readonly string[] names;

    public Signature(KernelMethod kernel)
    {
        this.kernel = kernel;
        names = new string[kernel.Parameters.Length];
        var taken = new HashSet<string>();
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = Names.Clean(kernel.Parameters[i].Name);
            while (!taken.Add(names[i])) names[i] = names[i].TrimEnd('_') + $"{i}_";
        }
    }

    /// <summary>A parameter; of a view, the pointer to its first element.</summary>
    public string Name(int parameter) => names[parameter];

    /// <summary>A number of a value parameter.</summary>
    public string Value(int parameter, int offset) => IsNumber(kernel.Parameters[parameter]) ? names[parameter] : $"{names[parameter]}.f{offset}";

    public static string Allocation(int index, ValueType space) => (space == ValueType.Shared ? "shared" : "own") + index;

    /// <summary>The types of parameters that are structures: with the gaps that the host's compiler left, as named bytes.</summary>
    public void WriteStructures(StringBuilder text)
    {
        for (int i = 0; i < names.Length; i++)
        {
            var parameter = kernel.Parameters[i];
            if (parameter.Kind != ParameterKind.Value || IsNumber(parameter)) continue;
            text.Append("typedef struct\n{\n");
            int end = 0;
            foreach (var (offset, type) in parameter.Fields.OrderBy(field => field.Offset))
            {
                if (offset < end) continue;
                if (offset > end) text.Append($"    uchar gap{end}[{offset - end}];\n");
                text.Append($"    {Names.Of(type)} f{offset};\n");
                end = offset + type.Size();
            }
            if (parameter.Size > end) text.Append($"    uchar gap{end}[{parameter.Size - end}];\n");
            text.Append($"}} {names[i]}type;\n\n");
        }
    }

    /// <summary>What stands between the parentheses.</summary>
    public string Parameters()
    {
        var list = new List<string>();
        for (int i = 0; i < names.Length; i++)
        {
            var parameter = kernel.Parameters[i];
            if (parameter.Kind == ParameterKind.View) list.Add($"__global char* {names[i]}buffer, long {names[i]}start, long {names[i]}length");
            else if (parameter.Kind == ParameterKind.Value) list.Add($"{(IsNumber(parameter) ? Names.Of(parameter.Fields[0].Type) : names[i] + "type")} {names[i]}");
        }
        return string.Join(",\n    ", list);
    }

    static bool IsNumber(Parameter parameter) => parameter.Fields is [(0, var type)] && parameter.Size == type.Size();
}
