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
    /// <summary>
    /// Shows how the next picture of a run is made. Each picture has a bar of its own, so that between two the terminal is free
    /// for the lines that say where they went.
    /// </summary>
    /// <param name="what">The command.</param>
    /// <param name="run">What the run reports to.</param>
    /// <param name="next">Makes the picture.</param>
    public static void Show(string what, Relay run, Func<bool> next)
    {
        if (!Console.IsErrorRedirected)
        {
            OnTerminal(what, run, next);
            return;
        }
        run.To = new Lines(what);
        next();
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // Spectre.Console isn't loaded where nobody looks
    static void OnTerminal(string what, Relay run, Func<bool> next)
    {
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context =>
            {
                run.To = new Bar(context.AddTask(Markup.Escape(what)), what);
                next();
            });
    }

    /// <summary>What a run reports to, as long as it goes on.</summary>
    public sealed class Relay : IProgress<GenerationProgress>
    {
        /// <summary>Shows the picture that is being made.</summary>
        public IProgress<GenerationProgress>? To { get; set; }

        public void Report(GenerationProgress value) => To?.Report(value);
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
                GenerationStage.Encode => "encoding the picture",
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
        int steps = 1;

        public void Report(GenerationProgress now)
        {
            string picture = now.Pictures > 1 ? string.Create(CultureInfo.InvariantCulture, $" {now.Picture + 1}/{now.Pictures}") : "";
            if (now.Stage == GenerationStage.Denoise) steps = now.Steps;
            // The decoder counts as one more step: about what it takes beside a few steps of the UNet.
            task.MaxValue = now.Pictures * (steps + 1.0);
            (int done, string text) = now.Stage switch
            {
                GenerationStage.Denoise => (now.Step, string.Create(CultureInfo.InvariantCulture, $"step {now.Step}/{now.Steps}{rate.Of(now.Step)}")),
                GenerationStage.Decode => (steps + now.Step, "decoding"),
                GenerationStage.Encode => (0, "encoding the picture"),
                _ => (0, "reading the prompt"),
            };
            task.Value = now.Picture * (steps + 1.0) + done;
            task.Description = Markup.Escape($"{what}{picture}: {text}");
        }
    }
}
