using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace PureLcm.Model.Pictures;

/// <summary>
/// A ControlNet that a picture was made with, as its text names it in the form of A1111's ControlNet extension: by the file's or
/// folder's name, without a path. The picture that it followed isn't named: it is another file of its maker's.
/// </summary>
/// <param name="Module">The preprocessor: "none", "canny", "scribble" or "lineart".</param>
/// <param name="Model">The ControlNet's file or folder.</param>
/// <param name="Weight">How strongly it acted.</param>
/// <param name="Start">From which share of the steps on.</param>
/// <param name="End">Up to which share of the steps.</param>
/// <param name="Hash">What <see cref="FileHashes.Model"/> said of it; null if the text doesn't say.</param>
public sealed partial record UsedControl(string Module, string Model, double Weight = 1, double Start = 0, double End = 1,
    string? Hash = null)
{
    internal string ToText()
    {
        var text = new StringBuilder();
        ParameterFields.Add(text, "Module", Module);
        ParameterFields.Add(text, "Model", Hash is null ? Model : $"{Model} [{Hash}]");
        ParameterFields.Add(text, "Weight", Number(Weight));
        ParameterFields.Add(text, "Guidance Start", Number(Start));
        ParameterFields.Add(text, "Guidance End", Number(End));
        return text.ToString();

        static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <exception cref="ModelException">A number is none.</exception>
    internal static UsedControl Parse(string name, string text)
    {
        var fields = ParameterFields.Parse(text);
        string model = fields.GetValueOrDefault("Model", "");
        var hash = EndingHash().Match(model);
        return new(fields.GetValueOrDefault("Module", "none"), hash.Success ? model[..hash.Index] : model,
            Number("Weight", 1), Number("Guidance Start", 0), Number("Guidance End", 1), hash.Success ? hash.Groups[1].Value : null);

        double Number(string field, double missing) =>
            !fields.TryGetValue(field, out string? value) ? missing
            : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
                ? number
            : throw new ModelException($"its parameters say {name}: {field}: {value}, which is no such number");
    }

    [GeneratedRegex(@" \[([0-9a-f]{8,64})\]$")]
    private static partial Regex EndingHash();
}
