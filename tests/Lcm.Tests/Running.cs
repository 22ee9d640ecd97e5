using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace PureLcm.Lcm.Tests;

/// <summary>The program while it runs.</summary>
sealed partial class Running : IDisposable
{
    /// <summary>Signals, as Unix counts them.</summary>
    public const int Hangup = 1, Interrupt = 2, Kill = 9, Terminate = 15;

    /// <summary>A stopped program has a second; a machine that other tests share, half a second more.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(1.5);

    static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    readonly Process process;
    readonly StringBuilder output = new(), error = new();
    readonly Lock gate = new();
    readonly Task[] readers;

    public Running(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        process = Process.Start(start)!;
        readers = [Read(process.StandardOutput, output), Read(process.StandardError, error)];
    }

    /// <summary>The process's number.</summary>
    public int Id => process.Id;

    /// <summary>What it has written so far.</summary>
    public string Output
    {
        get
        {
            lock (gate) return output.ToString();
        }
    }

    /// <summary>Waits until either stream has a text in it.</summary>
    public void WaitFor(string text)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            bool ended = process.HasExited && readers.All(reader => reader.IsCompleted);
            lock (gate)
            {
                if (error.ToString().Contains(text, StringComparison.Ordinal) || output.ToString().Contains(text, StringComparison.Ordinal)) return;
                if (ended || clock.Elapsed > patience) throw new InvalidOperationException($"\"{text}\" was never said: {output}{error}");
            }
            Thread.Sleep(5);
        }
    }

    /// <summary>Waits until the process has a file of this name open, as Linux tells it.</summary>
    public void WaitUntilOpen(string name)
    {
        var clock = Stopwatch.StartNew();
        while (!IsOpen())
        {
            if (process.HasExited || clock.Elapsed > patience) throw new InvalidOperationException($"{name} was never opened");
            Thread.Sleep(5);
        }

        bool IsOpen()
        {
            try
            {
                return Directory.EnumerateFiles($"/proc/{process.Id}/fd").Any(link =>
                    new FileInfo(link).LinkTarget?.EndsWith(name, StringComparison.Ordinal) == true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false; // closed while it was looked at
            }
        }
    }

    /// <summary>Sends a signal to the process.</summary>
    public void Send(int signal) => Assert.Equal(0, SendSignal(process.Id, signal));

    /// <summary>Sends a signal and waits for the end, which has to come soon.</summary>
    public Program.Outcome Stop(int signal)
    {
        var clock = Stopwatch.StartNew();
        Send(signal);
        Assert.True(process.WaitForExit(patience), "the signal was not heard");
        var took = clock.Elapsed;
        Assert.True(took < Soon, $"it took {took.TotalSeconds:0.00} s to stop");
        return End();
    }

    /// <summary>Waits for the end.</summary>
    public Program.Outcome End()
    {
        process.WaitForExit();
        Task.WaitAll(readers);
        return new(process.ExitCode, output.ToString(), error.ToString());
    }

    async Task Read(StreamReader from, StringBuilder to)
    {
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer) is > 0 and var count)
            lock (gate) to.Append(buffer, 0, count);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
