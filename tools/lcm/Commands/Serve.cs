using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using PureLcm.Canvas.Making;
using PureLcm.Canvas.Serving;
using PureLcm.Model.Pipelines;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm serve</c></summary>
static class Serve
{
    static readonly Option<int> port = new("--port")
    {
        Description = "The port to listen on; 0 for one that is free.", HelpName = "N", DefaultValueFactory = _ => 7860,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number <= 65535) return number;
            result.AddError($"--port {result.Tokens[0].Value} is not a whole number from 0 to 65535");
            return 0;
        },
    };

    static readonly Option<string> host = new("--host")
    {
        Description = "The address to listen on; localhost, which only this machine reaches, if not given. 0.0.0.0 is all that it has.",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => "localhost",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (text != "localhost" && !IPAddress.TryParse(text, out _))
                result.AddError($"--host {text}: an address is localhost or a number of IP, such as 0.0.0.0");
            return text;
        },
    };

    static readonly Option<string?> token =
        new("--token") { Description = "What clients have to show (Authorization: Bearer SECRET).", HelpName = "SECRET" };

    static readonly Option<bool> insecure =
        new("--insecure") { Description = "Answer everybody who can reach the address, without a token." };

    static readonly Option<bool> open = new("--open") { Description = "Open it in the browser." };

    public static Command Command()
    {
        var options = new PictureOptions();
        var command = new Command("serve", """
            Makes pictures for other programs, by OpenAI's images API (docs/server.md).

            Examples:
              lcm serve
              lcm serve --model stable-diffusion-v1-5 --lora lcm-lora-sdv1-5.safetensors --port 8000
              lcm serve --host 0.0.0.0 --token SECRET
            """)
        {
            options.Model, options.Lora, options.NoLcm, port, host, token, insecure, open,
            options.Device, options.Precision, options.Threads,
        };
        command.SetAction(result => Exit.Guard(stop =>
        {
            AspNetCore.Find();
            return Run(options, result, stop);
        }, whenStopped: Exit.Ok));
        return command;
    }

    /// <summary>ASP.NET Core is named only from here on: it has been found, and no other command loads it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Run(PictureOptions options, ParseResult result, CancellationToken stop)
    {
        string address = result.GetValue(host)!;
        var where = new ServerOptions
        {
            Address = address == "localhost" ? null : IPAddress.Parse(address),
            Port = result.GetValue(port),
            Token = result.GetValue(token),
            Insecure = result.GetValue(insecure),
            Report = line => Console.Error.WriteLine($"lcm: {line}"),
        };
        return RunAsync(options, result, where, stop).GetAwaiter().GetResult();
    }

    static async Task<int> RunAsync(PictureOptions options, ParseResult result, ServerOptions where, CancellationToken stop)
    {
        string model = result.GetValue(options.Model) ?? Embedded.Model;
        var load = new LoadOptions
        {
            Lcm = !result.GetValue(options.NoLcm), Loras = options.Loras(result), Precision = options.PrecisionOf(result),
        };

        // The model is read while the server starts. Neither it nor its device is disposed of: the process ends with them, and a
        // module that computes is not waited for.
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        IPictureMaker Load() => DeviceMaker.Load(model, load, options.Backend(result), failed.Token);
        var loading = Task.Run(Load, CancellationToken.None);
        try
        {
            await using var server = await CanvasServer.StartAsync(where, loading);
            var maker = (DeviceMaker)await loading;
            foreach (string notice in maker.Notices) Console.Error.WriteLine(notice);
            Console.WriteLine(server.Url);
            if (where.Insecure && where.Token is null && !where.IsLocal)
                Console.Error.WriteLine("Everybody who can reach this address can use the server (--insecure)");
            if (result.GetValue(open)) OpenBrowser(server.Url);
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            return Exit.Ok;
        }
        catch
        {
            await failed.CancelAsync();
            throw;
        }
    }

    static void OpenBrowser(Uri url)
    {
        try
        {
            Process.Start(new ProcessStartInfo(url.ToString()) { UseShellExecute = true })?.Dispose();
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or PlatformNotSupportedException)
        {
            Console.Error.WriteLine($"No browser could be opened ({e.Message}): open {url} yourself");
        }
    }
}
