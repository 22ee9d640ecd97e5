using System.CommandLine;
using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Tools.Output;
using PureLcm.Verification;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm verify [CASES]</c>: this program against reference cases made with diffusers.</summary>
static class Verify
{
    public static Command Command()
    {
        var options = new PictureOptions();
        var folder = new Argument<string?>("cases") { Description = "A folder with cases/ and models/; those that come with the program if not given.", Arity = ArgumentArity.ZeroOrOne };
        var full = new Option<bool>("--full") { Description = "Also models at their real size, on weights made from their names in memory: takes minutes and 3 GB." };
        var command = new Command("verify", "Runs reference cases made with diffusers and says how far this program's results are from theirs.") { folder, full };
        foreach (Option option in (Option[])[options.Device, options.Precision, options.Threads]) command.Options.Add(option);
        command.SetAction(result => Exit.Guard(stop => Run(result.GetValue(folder), result.GetValue(full), options, result, stop)));
        return command;
    }

    static int Run(string? folder, bool full, PictureOptions options, ParseResult result, CancellationToken stop)
    {
        using var backend = options.Backend(result);
        // The references are fp32, so that is what is verified unless somebody wants to know what 16 bits cost.
        var precision = options.PrecisionOf(result) ?? ElementType.Float32;
        var cases = new ReferenceCases(folder ?? Embedded.Cases, Embedded.Model, backend, precision);
        var names = cases.Names();
        int width = Math.Max(4, names.Max(name => name.Length));
        Console.WriteLine($"{"case".PadRight(width)}  {"kind",-14} {"relative L2",11}  {"largest",10}{(precision == ElementType.Float32 ? "" : $"  {"rounding",9}")}  verdict");
        var tally = new Dictionary<Verdict, int>();
        foreach (string name in names)
        {
            Ledger.Note($"{tally.Values.Sum()} of {names.Count} cases were run");
            stop.ThrowIfCancellationRequested();
            var outcome = cases.Run(name, full, stop);
            tally[outcome.Verdict] = tally.GetValueOrDefault(outcome.Verdict) + 1;
            bool measured = outcome.Comparisons.Count > 0;
            Console.WriteLine($"{name.PadRight(width)}  {outcome.Kind,-14} {(measured ? Number(outcome.RelativeError) : ""),11}  {(measured ? Number(outcome.LargestError) : ""),10}{Rounding(outcome.RoundingError)}  "
                + $"{outcome.Verdict.ToString().ToLowerInvariant()}{(outcome.Remark.Length > 0 ? ": " + outcome.Remark : "")}");
            // A case has several outputs; those that fail, and all of a large model, are worth a line each.
            foreach (var comparison in outcome.Comparisons.Where(comparison => !comparison.Passed || outcome.Kind.StartsWith("full_", StringComparison.Ordinal)))
                Console.WriteLine($"{"  " + comparison.Name,-40} {Number(comparison.RelativeError),11}  {Number(comparison.LargestError),10}{Rounding(comparison.RoundingError)}{(comparison.Passed ? "" : "  failed")}");
        }
        Console.WriteLine(string.Join(", ", Enum.GetValues<Verdict>().Where(tally.ContainsKey).Select(verdict => $"{tally[verdict]} {verdict.ToString().ToLowerInvariant()}")) + $" on {backend.Name}");
        return tally.ContainsKey(Verdict.Failed) ? Exit.Failed : Exit.Ok;
    }

    /// <summary>What storing in 16 bits costs by itself: the error may be twice that.</summary>
    static string Rounding(double? error) => error is { } value ? $"  {Number(value),9}" : "";

    static string Number(double value) => value.ToString("0.0e+00", CultureInfo.InvariantCulture);
}
