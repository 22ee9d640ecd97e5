using PureLcm.Model.Pictures;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary>Ctrl-C, and what else asks the program to end: it does so soon, leaves nothing half-written, and says what it wrote.</summary>
public sealed class StopTests : IDisposable
{
    readonly TestFolder folder = new();

    public StopTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are Unix's");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Running.Interrupt)]
    [InlineData(Running.Terminate)]
    [InlineData(Running.Hangup)]
    public void BeforeAPictureNothingIsWritten(int signal)
    {
        using var running = Program.Start(folder.Path, "generate", "a cat", "--steps", "50", "--size", "256x256", "-o", "new/cat.png/");
        running.WaitFor("step 2 of 50");
        var stopped = running.Stop(signal);
        Assert.Equal(130, stopped.Code);
        Assert.EndsWith("\nlcm: stopped; nothing was written\n", stopped.Error);
        Assert.Empty(stopped.Output);
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void PicturesThatWereMadeStay()
    {
        using var running = Program.Start(folder.Path, "generate", "a cat", "--count", "10000", "--seed", "7", "--size", "64x64", "-o", "out/");
        running.WaitFor("a-cat-7-3.png\n");
        var stopped = running.Stop(Running.Interrupt);
        Assert.Equal(130, stopped.Code);
        string[] names = folder.Names("out");
        Assert.Equal([.. names.Select(name => "out/" + name)], stopped.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.True(names.Length >= 3);
        Assert.EndsWith($"\nlcm: stopped; {names.Length} of 10000 pictures were written\n", stopped.Error);
        Assert.All(names, name => Picture.Load(folder["out/" + name]));
    }

    /// <summary>The noise of all of them is 1.3 GB, of one picture 0.1 MB.</summary>
    [Fact]
    public void ManyPicturesTakeNoMoreMemoryThanOne()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "memory is read as Linux tells it");
        using var running = Program.Start(folder.Path, "generate", "a cat", "--count", "10000", "--steps", "2", "--size", "512x512");
        running.WaitFor("step 1 of 2");
        string peak = File.ReadLines($"/proc/{running.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        int megabytes = int.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024;
        Assert.InRange(megabytes, 50, 300);
        Assert.Equal(130, running.Stop(Running.Interrupt).Code);
    }

    /// <summary>One convolution of a picture of this size takes seconds, and is not waited for.</summary>
    [Fact]
    public void ALongModuleIsNotWaitedFor()
    {
        string[] arguments = ["generate", "a cat", "--steps", "1", "--size", "2048x2048", "--threads", "1"];
        using (var running = Program.Start(folder.Path, arguments))
        {
            running.WaitFor("reading the prompt");
            Thread.Sleep(3000); // into the UNet's first attention, which takes many seconds
            var stopped = running.Stop(Running.Interrupt);
            Assert.Equal(130, stopped.Code);
            Assert.EndsWith("\nlcm: stopped; nothing was written\n", stopped.Error);
        }
        using var again = Program.Start(folder.Path, arguments);
        again.WaitFor("reading the prompt");
        Thread.Sleep(1000);
        again.Send(Running.Interrupt);
        var twice = again.Stop(Running.Interrupt);
        Assert.Equal(130, twice.Code);
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void VerifyAndCompareStop()
    {
        using (var verify = Program.Start(folder.Path, "verify", Repository.Golden))
        {
            verify.WaitFor("passed\n");
            var stopped = verify.Stop(Running.Interrupt);
            Assert.Equal(130, stopped.Code);
            int cases = stopped.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1;
            Assert.Matches($"lcm: stopped; ({cases - 1}|{cases}) of [0-9]+ cases were run\n", stopped.Error);
        }
        using var compare = Program.Start(folder.Path, "compare", "a cat");
        compare.WaitFor("step 2 of 25");
        Assert.Equal(130, compare.Stop(Running.Interrupt).Code);
        Assert.Empty(folder.Names());
    }
}
