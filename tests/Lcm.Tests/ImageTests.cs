using PureLcm.Model.Pictures;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary><c>lcm generate --image</c>, and <c>lcm again</c> on what it made.</summary>
public sealed class ImageTests : IDisposable
{
    readonly TestFolder folder = new();

    public ImageTests()
    {
        Save("sketch.png", 64, 48, (x, y) => y < 24 ? (90, 150, 240) : (2 * x, 160, 60));
        Save("mask.png", 64, 48, (x, _) => x < 32 ? (255, 255, 255) : (0, 0, 0));
    }

    public void Dispose() => folder.Dispose();

    void Save(string name, int width, int height, Func<int, int, (int R, int G, int B)> color)
    {
        byte[] rgb = [.. Enumerable.Range(0, width * height).SelectMany(i =>
        {
            var (r, g, b) = color(i % width, i / width);
            return (byte[])[(byte)r, (byte)g, (byte)b];
        })];
        new Picture(width, height, rgb).Save(folder[name]);
    }

    Program.Outcome Ok(params string[] arguments)
    {
        var made = Program.RunIn(folder.Path, arguments);
        Assert.True(made.Code == 0, made.Error);
        return made;
    }

    [Fact]
    public void APictureMadeFromAnotherIsMadeAgainWithIt()
    {
        var made = Ok("generate", "a red house", "--image", "sketch.png", "--strength", "0.6", "--seed", "7", "--steps", "2", "-o", "a.png");
        Assert.Contains("encoding the picture", made.Error);
        Assert.Contains("Size: 64x48, ", folder.Parameters("a.png")); // as large as the sketch
        Assert.Contains("Denoising strength: 0.6, Strength mode: inside, ", folder.Parameters("a.png"));

        var refused = Program.RunIn(folder.Path, "again", "a.png", "-o", "b.png");
        Assert.Equal(1, refused.Code);
        Assert.Equal("lcm: a.png: it was made from another picture, which is not in it; give that again with --image\n", refused.Error);
        Assert.Contains("the same picture, bit for bit", Ok("again", "a.png", "--image", "sketch.png", "-o", "b.png").Error);
        Assert.Contains("not the same picture", Ok("again", "a.png", "--image", "mask.png", "-o", "b.png").Error);
        Assert.Contains("leave --mask out", Program.RunIn(folder.Path, "again", "a.png", "--image", "sketch.png", "--mask", "mask.png").Error);
    }

    [Fact]
    public void ARepaintedPictureIsMadeAgainWithItsMask()
    {
        Ok("generate", "a red house", "--image", "sketch.png", "--mask", "mask.png", "--strength-mode", "drop", "--seed", "7", "--steps", "2", "-o", "a.png");
        Assert.Contains("Denoising strength: 1, Strength mode: drop, Mask: yes, ", folder.Parameters("a.png"));
        string refused = Program.RunIn(folder.Path, "again", "a.png", "--image", "sketch.png", "-o", "b.png").Error;
        Assert.Equal("lcm: a.png: a part of another picture was repainted in it; give the mask that says which again with --mask\n", refused);
        Assert.Contains("the same picture, bit for bit", Ok("again", "a.png", "--image", "sketch.png", "--mask", "mask.png", "-o", "b.png").Error);

        // Another prompt, the same seed: what differs is under the mask, but for what the decoder sees across its edge.
        Ok("generate", "a blue boat on the sea", "--image", "sketch.png", "--mask", "mask.png", "--seed", "7", "--steps", "2", "-o", "c.png");
        byte[] one = Picture.Load(folder["a.png"]).Rgb, other = Picture.Load(folder["c.png"]).Rgb;
        double inside = Difference(0, 24), outside = Difference(56, 64);
        Assert.True(inside > 8 * outside + 1, $"{inside} inside, {outside} outside");

        double Difference(int from, int to) => Enumerable.Range(0, one.Length).Where(i => i / 3 % 64 >= from && i / 3 % 64 < to).Average(i => Math.Abs(one[i] - other[i]));
    }

    [Fact]
    public void APictureOfAnotherSizeIsResizedAndThatIsSaid()
    {
        string said = Ok("generate", "a red house", "--image", "sketch.png", "--size", "72x56", "--seed", "7", "--steps", "1", "-o", "a.png").Error;
        Assert.Contains("The picture to begin with has 64x48 pixels and is resized to 72x56\n", said);
        var made = Picture.Load(folder["a.png"]);
        Assert.Equal((72, 56), (made.Width, made.Height));
        Assert.Contains("the same picture, bit for bit", Ok("again", "a.png", "--image", "sketch.png", "-o", "b.png").Error);
    }

    [Fact]
    public void APictureOfWordsTakesNoImage()
    {
        Ok("generate", "a red house", "--size", "64x64", "--steps", "1", "--seed", "7", "-o", "a.png");
        Assert.DoesNotContain("strength", folder.Parameters("a.png"));
        Assert.Contains("it was made from words alone; leave --image out", Program.RunIn(folder.Path, "again", "a.png", "--image", "sketch.png").Error);
    }

    /// <summary>A1111's strength is one too, and its steps are dropped.</summary>
    [Fact]
    public void AnotherProgramsPictureFromAPicture()
    {
        string theirs = Path.Combine(Repository.Root, "tests", "Model.Tests", "Pictures", "field", "img2img.png");
        Assert.Contains("--image", Program.RunIn(folder.Path, "again", theirs, "--model", Repository.Picturebook).Error);
        var made = Ok("again", theirs, "--model", Repository.Picturebook, "--image", "sketch.png", "--mask", "mask.png", "-o", "b.png");
        Assert.Contains("Not followed, so it will be another picture: Mask blur: 4\n", made.Error);
        Assert.Contains("Denoising strength: 0.4, Strength mode: drop, Mask: yes", folder.Parameters("b.png"));
        Assert.Contains("step 1 of 1", made.Error); // of 4
    }

    [Theory]
    [InlineData(2, "a strength of 1.5 is not between 0 and 1", "--image", "sketch.png", "--strength", "1.5")]
    [InlineData(2, "--strength much is not a number, such as 0.6", "--image", "sketch.png", "--strength", "much")]
    [InlineData(2, "a strength of 0.1 leaves none of 4 steps", "--image", "sketch.png", "--strength", "0.1", "--strength-mode", "drop")]
    [InlineData(2, "4 steps can't be taken with the scheduler lcm at a strength of 0.02", "--image", "sketch.png", "--strength", "0.02")]
    [InlineData(2, "only the scheduler lcm puts its steps inside", "--image", "sketch.png", "--strength-mode", "inside", "--scheduler", "ddim")]
    [InlineData(2, "'outside' not recognized", "--image", "sketch.png", "--strength-mode", "outside")]
    [InlineData(2, "there is no picture: give it with --image", "--mask", "mask.png")]
    [InlineData(2, "there is no picture: give it with --image", "--strength", "0.5")]
    [InlineData(2, "the mask is of 64x48 pixels and its picture of 8x8", "--image", "small.png", "--mask", "mask.png")]
    [InlineData(1, "nowhere.png: there is no such file", "--image", "nowhere.png")]
    [InlineData(1, "nowhere.png: there is no such file", "--image", "sketch.png", "--mask", "nowhere.png")]
    public void WhatCantBeMeantIsSaidInALine(int code, string says, params string[] options)
    {
        Save("small.png", 8, 8, (_, _) => (0, 0, 0));
        string[] before = folder.Names();
        var refused = Program.RunIn(folder.Path, ["generate", "a cat", .. options]);
        Assert.True(refused.Code == code, refused.Error);
        Assert.Contains(says, refused.Error);
        Assert.StartsWith("lcm: ", refused.Error);
        Assert.Single(refused.Error.TrimEnd().Split('\n'));
        Assert.Equal(before, folder.Names());
    }
}
