using System.CommandLine;
using PureLcm.Model;
using PureLcm.Tools.Output;

namespace PureLcm.Tools;

/// <summary>
/// How the program ends: 0 when it did what was asked, 1 with one sentence when it could not, 2 when the command line is
/// wrong, 130 when it was stopped. Only a bug shows a stack trace.
/// </summary>
static class Exit
{
    public const int Ok = 0, Failed = 1, Usage = 2, Stopped = 130;

    public static int Run(RootCommand root, string[] args)
    {
        StandardStreams.Install();
        // A prompt may begin with @; files of arguments are nothing that anybody asked for.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            string command = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
            // What follows a mistyped option is not recognized either, and says nothing more.
            const string unknown = "Unrecognized ";
            string[] messages = [.. parsed.Errors.Select(error => OneLine(error.Message)).Distinct()];
            string? first = Array.Find(messages, message => message.StartsWith(unknown, StringComparison.Ordinal));
            foreach (string message in messages.Where(message => message == first || !message.StartsWith(unknown, StringComparison.Ordinal)))
                Console.Error.WriteLine($"lcm: {message} (see lcm {command}--help)");
            return Usage;
        }
        int code = parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        // Files were written: then the lines that name them are worth less than they are. Otherwise the lines were what was asked for.
        if (code != Ok || !StandardStreams.OutputIsIncomplete || Ledger.HasWritten) return code;
        Console.Error.WriteLine("lcm: not all could be printed: standard output is closed, or its disk is full");
        return Failed;
    }

    /// <summary>The body of a command: its errors become sentences, and Ctrl-C, SIGTERM and SIGHUP stop it within a second.</summary>
    /// <param name="body">What the command does.</param>
    /// <param name="whenStopped">The exit code where it was stopped: a server's work is done then, others' isn't.</param>
    public static int Guard(Func<CancellationToken, int> body, int whenStopped = Stopped)
    {
        using var signals = new StopSignals(() => EndNow(whenStopped));
        try
        {
            return body(signals.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"lcm: stopped; {Ledger.Done}");
            return whenStopped;
        }
        catch (Exception e) when (e is UsageException or ChoiceException)
        {
            Console.Error.WriteLine($"lcm: {Printable.Of(e.Message.ReplaceLineEndings(" "))}");
            return Usage;
        }
        catch (PureLcmException e)
        {
            Console.Error.WriteLine($"lcm: {Printable.Of(e.Message.ReplaceLineEndings(" "))}");
            return Failed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"lcm: {e.Message.ReplaceLineEndings(" ")}; check the path and its permissions");
            return Failed;
        }
        catch (OutOfMemoryException e)
        {
            // A device says for itself what it had.
            Console.Error.WriteLine(e.InnerException is null ? "lcm: the memory ran out; close other programs, make a smaller picture, or take a smaller model" : $"lcm: {e.Message}");
            return Failed;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"lcm: this is a bug in lcm; please report it with these lines:\n{e}");
            return Failed;
        }
    }

    static string OneLine(string message) => string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

    /// <summary>Ends the process whatever the command is doing, with nothing half-written.</summary>
    static void EndNow(int code)
    {
        string done = Ledger.Close();
        // Who reads the lines may have stopped reading: nobody waits for that.
        Task.Run(() =>
        {
            if (!Console.IsErrorRedirected) Console.Error.Write("\u001b[?25h\n"); // a bar hides the cursor
            Console.Error.WriteLine($"lcm: stopped; {done}");
        }).Wait(TimeSpan.FromSeconds(0.2));
        Environment.Exit(code);
    }
}

/// <summary>An argument that can't be meant, in one sentence.</summary>
sealed class UsageException(string message) : Exception(message);
