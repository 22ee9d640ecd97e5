namespace PureLcm.Lcm.Tests;

/// <summary>lcm synth, and loading what it writes: a model of a real size.</summary>
public sealed class SynthTests : IDisposable
{
    const long Bytes = 2_138_000_000; // of the model, at least

    readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void StoppedItLeavesNothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are Unix's");
        Directory.CreateDirectory(folder["there"]);
        foreach (string name in (string[])["new/model", "there"])
        {
            using var running = Program.Start(folder.Path, "synth", "sd15", name);
            running.WaitFor("synth: 10 %");
            Assert.False(File.Exists(folder[name + "/text_encoder/config.json"]), "what has this name is not whole");
            var stopped = running.Stop(Running.Interrupt);
            Assert.Equal(130, stopped.Code);
            Assert.EndsWith("lcm: stopped; nothing was written\n", stopped.Error);
            Assert.Equal(["there"], folder.Names());
            Assert.Empty(folder.Names("there"));
        }
    }

    [Fact]
    public void ItWritesAModelWhoseLoadingCanBeStopped()
    {
        Assert.SkipWhen(new DriveInfo(folder.Path).AvailableFreeSpace < 2 * Bytes, "the disk has no room for a model of 2.1 GB");
        var made = Program.RunIn(folder.Path, "synth", "sd15", "model");
        Assert.True(made.Code == 0, made.Error);
        Assert.Equal("model\n", made.Output);
        Assert.Equal([.. Enumerable.Range(0, 11).Select(tenth => $"synth: {10 * tenth} %")], made.Error.TrimEnd().Split('\n'));
        Assert.Equal(["model"], folder.Names());
        Assert.Equal(["model_index.json", "scheduler", "taesd", "text_encoder", "tokenizer", "unet", "vae"], folder.Names("model"));
        Assert.InRange(Directory.EnumerateFiles(folder["model"], "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length), Bytes, Bytes + 10_000_000);

        var again = Program.RunIn(folder.Path, "synth", "sd15", "model");
        Assert.Equal(2, again.Code);
        Assert.Equal("lcm: model is not empty; name a new folder\n", again.Error);

        if (OperatingSystem.IsWindows()) return;
        using var loading = Program.Start(folder.Path, "generate", "a cat", "--model", "model");
        if (OperatingSystem.IsLinux()) loading.WaitUntilOpen("diffusion_pytorch_model.safetensors"); // 2 GB that are far from packed
        else Thread.Sleep(700);
        var stopped = loading.Stop(Running.Interrupt);
        Assert.Equal(130, stopped.Code);
        Assert.Equal("lcm: stopped; nothing was written\n", stopped.Error);
    }

    [Fact]
    public void WhatIsNoPlaceForAFolderIsRefused()
    {
        File.WriteAllText(folder["file"], "");
        foreach (var (name, code, part) in ((string, int, string)[])[("file", 2, "file is a file"), ("file/model", 1, "the folder can't be made"), ("/proc/model", 1, "/proc/model: ")])
        {
            var refused = Program.RunIn(folder.Path, "synth", "sd15", name);
            Assert.True(refused.Code == code, refused.Error);
            Assert.Contains(part, refused.Error);
            Assert.Single(refused.Error.TrimEnd().Split('\n'));
        }
        Assert.Equal(["file"], folder.Names());
    }
}
