using System.CommandLine;
using System.Globalization;
using PureLcm.Model.Layers;
using PureLcm.Tools.Output;
using PureLcm.Verification.Synthetic;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm synth sd15 FOLDER</c>: a full-size model on weights made from their names.</summary>
static class Synth
{
    public static Command Command()
    {
        var kind = new Argument<string>("kind") { Description = "sd15: Stable Diffusion 1.5 with TAESD beside it, 2.1 GB." };
        kind.AcceptOnlyFromAmong("sd15");
        var folder = new Argument<string>("folder") { Description = "Where to write the model." };
        var command = new Command("synth", "Writes a model of real size on weights made from their names: for tests and benchmarks where no weights can be had.") { kind, folder };
        command.SetAction(result => Exit.Guard(stop => Run(result.GetValue(folder)!, stop)));
        return command;
    }

    static int Run(string folder, CancellationToken stop)
    {
        int told = -1;
        WholeFolder.Write(folder, partial => SyntheticSd15.Write(partial, new Report(share =>
        {
            if ((int)(share * 10) == told) return;
            told = (int)(share * 10);
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"synth: {10 * told} %"));
        }), stop));
        Console.WriteLine(folder);
        return Exit.Ok;
    }

    sealed class Report(Action<double> tell) : IProgress<double>
    {
        void IProgress<double>.Report(double value) => tell(value);
    }
}
