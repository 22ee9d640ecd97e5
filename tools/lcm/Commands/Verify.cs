using System.CommandLine;
using System.Globalization;
using PureLcm.Model.Verification;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm verify [CASES]</c>: this program against reference cases made with diffusers.</summary>
static class Verify
{
    public static Command Command()
    {
        var options = new PictureOptions();
        var folder = new Argument<string?>("cases") { Description = "A folder with cases/ and models/; those that come with the program if not given.", Arity = ArgumentArity.ZeroOrOne };
        var full = new Option<bool>("--full") { Description = "Also models at their real size, on weights made from their names in memory: takes minutes and 3 GB." };
        var device = new Option<string>("--device") { Description = "What computes: cpu.", DefaultValueFactory = _ => "cpu" };
        device.AcceptOnlyFromAmong("auto", "cpu");
        var command = new Command("verify", "Runs reference cases made with diffusers and says how far this program's results are from theirs.") { folder, full, device };
        command.Options.Add(options.Threads);
        command.SetAction(result => Exit.Guard(stop => Run(result.GetValue(folder), result.GetValue(full), options, result, stop)));
        return command;
    }

    static int Run(string? folder, bool full, PictureOptions options, ParseResult result, CancellationToken stop)
    {
        using var backend = options.Backend(result);
        var cases = new ReferenceCases(folder ?? Embedded.Cases, Embedded.Model, backend);
        var names = cases.Names();
        int width = Math.Max(4, names.Max(name => name.Length));
        Console.WriteLine($"{"case".PadRight(width)}  {"kind",-14} {"relative L2",11}  {"largest",10}  verdict");
        var tally = new Dictionary<Verdict, int>();
        foreach (string name in names)
        {
            stop.ThrowIfCancellationRequested();
            var outcome = cases.Run(name, full, stop);
            tally[outcome.Verdict] = tally.GetValueOrDefault(outcome.Verdict) + 1;
            bool measured = outcome.Comparisons.Count > 0;
            Console.WriteLine($"{name.PadRight(width)}  {outcome.Kind,-14} {(measured ? Number(outcome.RelativeError) : ""),11}  {(measured ? Number(outcome.LargestError) : ""),10}  "
                + $"{outcome.Verdict.ToString().ToLowerInvariant()}{(outcome.Remark.Length > 0 ? ": " + outcome.Remark : "")}");
            // A case has several outputs; those that fail, and all of a large model, are worth a line each.
            foreach (var comparison in outcome.Comparisons.Where(comparison => !comparison.Passed || outcome.Kind.StartsWith("full_", StringComparison.Ordinal)))
                Console.WriteLine($"{"  " + comparison.Name,-40} {Number(comparison.RelativeError),11}  {Number(comparison.LargestError),10}{(comparison.Passed ? "" : "  failed")}");
        }
        Console.WriteLine(string.Join(", ", Enum.GetValues<Verdict>().Where(tally.ContainsKey).Select(verdict => $"{tally[verdict]} {verdict.ToString().ToLowerInvariant()}")) + $" on {backend.Name}");
        return tally.ContainsKey(Verdict.Failed) ? Exit.Failed : Exit.Ok;
    }

    static string Number(double value) => value.ToString("0.0e+00", CultureInfo.InvariantCulture);
}
