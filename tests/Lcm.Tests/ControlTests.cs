using PureLcm.Model.Pictures;
using PureLcm.Model.Pictures.Preprocess;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary><c>--control</c> and its options, and <c>lcm preprocess</c>.</summary>
public sealed class ControlTests : IDisposable
{
    readonly TestFolder folder = new();

    static string Model => Path.Combine(Repository.Golden, "models", "sd15");

    static string Network => Path.Combine(Model, "controlnet");

    static string Sketch => Path.Combine(Repository.Golden, "canny", "house.png");

    public void Dispose() => folder.Dispose();

    Program.Outcome Run(params string[] arguments) => Program.RunIn(folder.Path, arguments);

    Program.Outcome Ok(params string[] arguments)
    {
        var made = Run(arguments);
        Assert.True(made.Code == 0, made.Error);
        return made;
    }

    Program.Outcome Generate(string output, params string[] arguments) =>
        Ok(["generate", "a house", "--model", Model, "--scheduler", "lcm", "--steps", "2", "--guidance", "1", "--size", "128x128", "--seed", "7", "-o", output, .. arguments]);

    string Grey()
    {
        byte[] grey = [.. Enumerable.Range(0, 3 * 128 * 128).Select(i => (byte)(i / 384))];
        new Picture(128, 128, grey).Save(folder["grey.png"]);
        return "grey.png";
    }

    byte[] Rgb(string name) => Picture.Load(folder[name]).Rgb;

    [Fact]
    public void APictureFollowsAndSaysWhat()
    {
        Generate("plain.png");
        Generate("control.png", "--control", Network, "--control-image", Sketch, "--preprocess", "canny", "--control-scale", "0.8", "--control-end", "0.5");
        Assert.NotEqual(Rgb("plain.png"), Rgb("control.png"));
        string text = folder.Parameters("control.png");
        Assert.Contains($"ControlNet 0: \"Module: canny, Model: controlnet [{FileHashes.Model(Network)}], Weight: 0.8, Guidance Start: 0, Guidance End: 0.5\"", text);
        Assert.DoesNotContain(Repository.Root, text);
        Assert.DoesNotContain("ControlNet", folder.Parameters("plain.png"));

        // What lcm preprocess writes is what the ControlNet gets.
        Ok("preprocess", "canny", Sketch, "edges.png");
        Generate("edges-control.png", "--control", Network, "--control-image", "edges.png", "--control-scale", "0.8", "--control-end", "0.5");
        Assert.Equal(Rgb("control.png"), Rgb("edges-control.png"));

        // A single file, and another size of the control image.
        Generate("file.png", "--control", Path.Combine(Network, "diffusion_pytorch_model.safetensors"), "--control-image", "edges.png", "--control-scale", "0.8", "--control-end", "0.5");
        Assert.Equal(Rgb("control.png"), Rgb("file.png"));
        Picture.Load(folder["edges.png"]).Resized(256, 192).Save(folder["large.png"]);
        Generate("resized.png", "--control", Network, "--control-image", "large.png");
    }

    [Fact]
    public void SeveralAreMatchedInOrder()
    {
        Generate("both.png", "--control", Network, "--control-image", Sketch, "--preprocess", "canny", "--control-scale", "0.3",
            "--control", Network, "--control-image", Grey(), "--preprocess", "none", "--control-scale", "0.9", "--control-start", "0", "--control-start", "0.5");
        string text = folder.Parameters("both.png");
        Assert.Contains("ControlNet 0: \"Module: canny, Model: controlnet [", text);
        Assert.Contains("], Weight: 0.3, Guidance Start: 0, Guidance End: 1\", ControlNet 1: \"Module: none, Model: controlnet [", text);
        Assert.Contains("], Weight: 0.9, Guidance Start: 0.5, Guidance End: 1\"", text);

        var again = Ok("again", "both.png", "--model", Model, "--control", Network, "--control", Network, "--control-image", Sketch, "--control-image", "grey.png", "-o", "b.png");
        Assert.Contains("the same picture, bit for bit", again.Error);
        Assert.Equal(text, folder.Parameters("b.png"));
    }

    [Fact]
    public void AgainSaysWhatItNeeds()
    {
        Generate("a.png", "--control", Network, "--control-image", Sketch, "--preprocess", "scribble");
        var missing = Run("again", "a.png", "--model", Model, "-o", "b.png");
        Assert.Equal(1, missing.Code);
        Assert.Equal("lcm: a.png: it was made with the ControlNet \"controlnet\", following a picture that is not in the file; name both with --control and --control-image\n", missing.Error);
        var again = Ok("again", "a.png", "--model", Model, "--control", Network, "--control-image", Sketch, "-o", "b.png");
        Assert.Contains("the same picture, bit for bit", again.Error);
        Assert.DoesNotContain("is not the ControlNet", again.Error);

        TestModel.Copy(Network, folder["other"]);
        var bytes = File.ReadAllBytes(Path.Combine(folder["other"], "diffusion_pytorch_model.safetensors"));
        bytes[^1] ^= 1;
        File.WriteAllBytes(Path.Combine(folder["other"], "diffusion_pytorch_model.safetensors"), bytes);
        Assert.Contains("other is not the ControlNet that the picture was made with", Ok("again", "a.png", "--model", Model, "--control", "other", "--control-image", Sketch, "-o", "c.png").Error);

        Generate("plain.png");
        var extra = Run("again", "plain.png", "--model", Model, "--control", Network, "--control-image", Sketch, "-o", "b.png");
        Assert.Equal(2, extra.Code);
        Assert.Contains("it was made without a ControlNet", extra.Error);
    }

    [Theory]
    [InlineData("--control c", "--control is given once and --control-image 0 times: each ControlNet needs its picture")]
    [InlineData("--control-image x.png", "--control is given 0 times and --control-image once")]
    [InlineData("--control-scale 0.5", "--control-scale is given once and --control 0 times: each goes with a ControlNet")]
    [InlineData("--preprocess canny", "--preprocess is given once and --control 0 times")]
    [InlineData("--control NET --control-image SKETCH --control-end 1 --control-end 1", "--control-end is given 2 times and --control once")]
    [InlineData("--control NET --control-image SKETCH --control-scale much", "--control-scale much is not a number, such as 0.8")]
    [InlineData("--control NET --control-image SKETCH --preprocess depth", "'depth' not recognized")]
    [InlineData("--control NET --control-image SKETCH --control-start 0.6 --control-end 0.5", "a ControlNet can't act from 0.6 to 0.5 of the steps")]
    [InlineData("--control NET --control-image SKETCH --control-end 1.5", "a ControlNet can't act from 0 to 1.5")]
    public void WrongOnesEndWith2AndAreSaid(string options, string part)
    {
        string[] arguments = [.. options.Split(' ').Select(word => word switch { "NET" => Network, "SKETCH" => Sketch, _ => word })];
        var refused = Run(["generate", "a", "--model", Model, .. arguments]);
        Assert.True(refused.Code == 2, refused.Error);
        Assert.Contains(part, refused.Error);
        Assert.Empty(refused.Output);
        Assert.Empty(folder.Names());
    }

    [Theory]
    [InlineData("--control nowhere --control-image SKETCH", "nowhere: there is no such file")]
    [InlineData("--control NET --control-image nowhere.png", "nowhere.png: there is no such file")]
    [InlineData("--control MODEL --control-image SKETCH", "it is a whole model (it has a model_index.json), and no ControlNet")]
    public void FilesThatAreNoneEndWith1(string options, string part)
    {
        string[] arguments = [.. options.Split(' ').Select(word => word switch { "NET" => Network, "SKETCH" => Sketch, "MODEL" => Model, _ => word })];
        var refused = Run(["generate", "a", "--model", Model, .. arguments]);
        Assert.True(refused.Code == 1, refused.Error);
        Assert.Contains(part, refused.Error);
        Assert.Single(refused.Error.TrimEnd().Split('\n'));
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void OneThatActsInNoStepIsSaid() =>
        Assert.Contains("The ControlNet controlnet has no effect: none of the 2 steps lies between its --control-start and --control-end",
            Generate("a.png", "--control", Network, "--control-image", Sketch, "--control-end", "0.4").Error);

    [Fact]
    public void PreprocessWritesWhatAControlNetWouldGet()
    {
        foreach (string way in Preprocessors.All)
        {
            Assert.Equal("out.png\n", Ok("preprocess", way, Sketch, "out.png").Output);
            Assert.Equal(Preprocessors.Apply(way, Picture.Load(Sketch)).Rgb, Rgb("out.png"));
        }
        Ok("preprocess", "canny", Sketch, "out.png", "--low", "30", "--high", "90");
        Assert.Equal(Picture.Load(Path.Combine(Repository.Golden, "canny", "house.30-90.png")).Rgb, Rgb("out.png"));
    }

    [Theory]
    [InlineData("scribble SKETCH out.png --low 3", 2, "--low and --high are thresholds of canny; scribble has none")]
    [InlineData("canny SKETCH out.jpg", 2, "out.jpg: pictures are written as PNG")]
    [InlineData("canny SKETCH out.png --low -1", 2, "--low -1 is not a whole number from 0 to 2048")]
    [InlineData("depth SKETCH out.png", 2, "'depth' not recognized")]
    [InlineData("canny nowhere.png out.png", 1, "nowhere.png: there is no such file")]
    [InlineData("canny SKETCH nowhere/out.png", 1, "nowhere/out.png: there is no such folder")]
    public void PreprocessRefuses(string options, int code, string part)
    {
        var refused = Run(["preprocess", .. options.Split(' ').Select(word => word == "SKETCH" ? Sketch : word)]);
        Assert.Equal(code, refused.Code);
        Assert.Contains(part, refused.Error);
        Assert.Empty(folder.Names());
    }
}
