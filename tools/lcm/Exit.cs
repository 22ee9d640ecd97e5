using System.CommandLine;
using PureLcm.Kernels.Gpu;
using PureLcm.Model;
using PureLcm.Model.Layers;
using PureLcm.Weights;

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
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) Console.Error.WriteLine($"lcm: {error.Message}");
            string command = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
            Console.Error.WriteLine($"lcm: see lcm {command}--help");
            return Usage;
        }
        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    /// <summary>The body of a command: its errors become sentences, and Ctrl-C stops it between two modules.</summary>
    public static int Guard(Func<CancellationToken, int> body)
    {
        using var stop = new CancellationTokenSource();
        void Stop(object? sender, ConsoleCancelEventArgs e)
        {
            e.Cancel = true; // the command ends by itself, with nothing half-written
            stop.Cancel();
        }
        Console.CancelKeyPress += Stop;
        using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        try
        {
            return body(stop.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("lcm: stopped; nothing was written");
            return Stopped;
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine($"lcm: {e.Message}");
            return Usage;
        }
        catch (Exception e) when (e is ModelException or WeightsException or GpuException)
        {
            Console.Error.WriteLine($"lcm: {e.Message}");
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
        finally
        {
            Console.CancelKeyPress -= Stop;
        }
    }
}

/// <summary>An argument that can't be meant, in one sentence.</summary>
sealed class UsageException(string message) : Exception(message);
