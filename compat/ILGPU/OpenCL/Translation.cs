using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ILGPU.Compat.OpenCL;

/// <summary>A kernel as text, with what its launcher must know.</summary>
/// <param name="Name">What the source calls it.</param>
/// <param name="EntryPoint">What C calls it.</param>
/// <param name="Parameters">Views with the size of an element, and values with their size; no specialised values.</param>
/// <param name="SharedBytes">What a group shares.</param>
/// <param name="Text">OpenCL C.</param>
sealed record Translation(string Name, string EntryPoint, (bool IsView, int Size)[] Parameters, int SharedBytes, string Text)
{
    const string Mark = "// purelcm ";

    /// <summary>
    /// As a file: OpenCL C as it is, so that anyone can read or compile it, below two comments: a checksum of all that follows,
    /// and the rest of the record.
    /// </summary>
    public string Serialize()
    {
        string parameters = string.Join(' ', Parameters.Select(p => $"{(p.IsView ? "view" : "value")}:{p.Size}"));
        string body = $"// {EntryPoint}({parameters}) {SharedBytes} {Name.ReplaceLineEndings(" ")}\n{Text}";
        return $"{Mark}{Checksum(body)}\n{body}";
    }

    /// <summary>Null for what is no such file, or a damaged one.</summary>
    public static Translation? Parse(string file)
    {
        if (!file.StartsWith(Mark, StringComparison.Ordinal) || file.IndexOf('\n') is var first && first < 0) return null;
        string body = file[(first + 1)..];
        if (file[Mark.Length..first] != Checksum(body)) return null;
        // As written by Serialize, since the checksum is right.
        string line = body[..body.IndexOf('\n')];
        int open = line.IndexOf('('), close = line.IndexOf(") ", StringComparison.Ordinal), name = line.IndexOf(' ', close + 2);
        var parameters = line[(open + 1)..close].Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(p => (p.StartsWith("view:", StringComparison.Ordinal), Number(p[(p.IndexOf(':') + 1)..])));
        return new(line[(name + 1)..], line[3..open], [.. parameters], Number(line[(close + 2)..name]), body[(line.Length + 1)..]);

        static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);
    }

    static string Checksum(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
}
