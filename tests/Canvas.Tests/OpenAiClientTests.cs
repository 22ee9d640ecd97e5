using System.ComponentModel;
using System.Diagnostics;
using PureLcm.Model.Tests;

namespace PureLcm.Canvas.Tests;

/// <summary>
/// OpenAI's own client, in node, against the server: what it makes of answers, streams, errors and an abort. It is installed from the
/// npm registry by the lock beside it, once, into the build's folder; where that can't be, the test is skipped and says why.
/// </summary>
public sealed class OpenAiClientTests(Picturebook book) : IClassFixture<Picturebook>
{
    static readonly string source = Path.Combine(Repository.Root, "tests", "Canvas.Tests", "client");

    [Fact]
    public async Task TheOfficialClientIsContent()
    {
        string installed = await InstallAsync();
        var never = new StubMaker();
        await using var server = await TestServer.StartAsync(book.Maker, new() { Token = "open-sesame" });
        await using var busy = await TestServer.StartAsync(never, new() { Limits = new() { Queue = 1, Time = TimeSpan.FromSeconds(2) } });
        var (code, output) = await RunAsync("node", installed, "client.mjs", $"{server.Server.Url}", $"{busy.Server.Url}");
        Assert.True(code == 0, output);
        Assert.Equal("list generate link stream errors abort timeout",
            string.Join(' ', output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        // Who aborted, and who timed out, cost nothing more.
        await TestServer.UntilAsync(() => busy.Server.Admission.Held == 0 && never.Cancelled == never.Begun);
    }

    /// <summary>The folder with the client in it.</summary>
    static async Task<string> InstallAsync()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "client");
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])["package.json", "package-lock.json", "client.mjs"])
            File.Copy(Path.Combine(source, name), Path.Combine(folder, name), overwrite: true);
        string stamp = Path.Combine(folder, "installed"), wanted = File.ReadAllText(Path.Combine(folder, "package-lock.json"));
        if (File.Exists(stamp) && File.ReadAllText(stamp) == wanted) return folder;
        try
        {
            await RunAsync("node", folder, "--version");
            string[] install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=10000"];
            var (code, output) = await RunAsync("npm", folder, install);
            Assert.SkipUnless(code == 0, $"OpenAI's client can't be installed from the npm registry: {Reason(output)}");
        }
        catch (Win32Exception)
        {
            Assert.Skip("OpenAI's client runs in node: node or npm is not installed here");
        }
        File.WriteAllText(stamp, wanted);
        return folder;
    }

    static string Reason(string output) => output.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.Ordinal))
        ?? output;

    static async Task<(int Code, string Output)> RunAsync(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"{program} took longer than a minute");
        }
        return (process.ExitCode, process.ExitCode == 0 ? await output : await output + await error);
    }
}
