using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using Spectre.Console;

namespace PureLcm.Tools;

/// <summary>
/// What a run is doing: a bar with steps and their rate on a terminal, plain lines where the output goes elsewhere. On
/// stderr, so that what a command prints can be piped.
/// </summary>
static class Progress
{
    public static T Show<T>(string what, Func<IProgress<GenerationProgress>, T> run) =>
        Console.IsErrorRedirected ? run(new Lines(what)) : OnTerminal(what, run);

    [MethodImpl(MethodImplOptions.NoInlining)] // Spectre.Console isn't loaded where nobody looks
    static T OnTerminal<T>(string what, Func<IProgress<GenerationProgress>, T> run)
    {
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) });
        T result = default!;
        console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context => result = run(new Bar(context.AddTask(Markup.Escape(what)), what)));
        return result;
    }

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>Steps a second, since the first step of a picture began.</summary>
    sealed class Rate
    {
        readonly Stopwatch clock = new();

        public string Of(int step)
        {
            if (step == 0) clock.Restart();
            return step == 0 ? "" : $", {Number(step / clock.Elapsed.TotalSeconds, "0.00")} it/s";
        }
    }

    sealed class Lines(string what) : IProgress<GenerationProgress>
    {
        readonly Rate rate = new();

        public void Report(GenerationProgress now)
        {
            if (now.Stage == GenerationStage.Denoise && now is { Step: 1, Picture: 0 } && Environment.GetEnvironmentVariable("LCM_TIMES") == "1")
                Console.Error.WriteLine($"first step after {Number((DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds, "0.000")} s");
            string picture = now.Pictures > 1 ? string.Create(CultureInfo.InvariantCulture, $" {now.Picture + 1} of {now.Pictures}") : "";
            string? line = now.Stage switch
            {
                GenerationStage.Text => "reading the prompt",
                GenerationStage.Denoise when rate.Of(now.Step) is var itsPerSecond && now.Step > 0 => string.Create(CultureInfo.InvariantCulture, $"step {now.Step} of {now.Steps}{itsPerSecond}"),
                GenerationStage.Decode when now.Step == 0 => "decoding",
                _ => null,
            };
            if (line is not null) Console.Error.WriteLine($"{what}{picture}: {line}");
        }
    }

    sealed class Bar(ProgressTask task, string what) : IProgress<GenerationProgress>
    {
        readonly Rate rate = new();

        public void Report(GenerationProgress now)
        {
            string picture = now.Pictures > 1 ? string.Create(CultureInfo.InvariantCulture, $" {now.Picture + 1}/{now.Pictures}") : "";
            // The decoder counts as one more step: about what it takes beside a few steps of the UNet.
            task.MaxValue = now.Pictures * (Math.Max(now.Steps, 1) + 1.0);
            (double done, string text) = now.Stage switch
            {
                GenerationStage.Denoise => (now.Step, string.Create(CultureInfo.InvariantCulture, $"step {now.Step}/{now.Steps}{rate.Of(now.Step)}")),
                GenerationStage.Decode => (task.MaxValue / now.Pictures - 1 + now.Step, "decoding"),
                _ => (0.0, "reading the prompt"),
            };
            if (now.Stage != GenerationStage.Decode) task.Value = now.Picture * task.MaxValue / now.Pictures + done;
            task.Description = Markup.Escape($"{what}{picture}: {text}");
        }
    }
}
