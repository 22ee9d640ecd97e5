using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Pictures;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>Pictures from tensors, to files, and back.</summary>
public sealed class PictureTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("lcm-picture").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string In(string name) => Path.Combine(folder, name);

    [Fact]
    public void APictureComesBackWithItsTexts()
    {
        var picture = new Picture(3, 2, [.. Enumerable.Range(0, 18).Select(i => (byte)(i * 14))]);
        var texts = new Dictionary<string, string> { ["parameters"] = "a red house\nSteps: 4", ["Title"] = "雪の夜 🏠" };
        picture.Save(In("a.png"), texts);
        var again = Picture.Load(In("a.png"));
        Assert.Equal((3, 2), (again.Width, again.Height));
        Assert.Equal(picture.Rgb, again.Rgb);
        Assert.Equal(texts, again.Texts);
        Assert.Equal(["a.png"], Directory.GetFiles(folder).Select(Path.GetFileName));
    }

    /// <summary>Lanczos' filter, computed here from its formula: sinc(x) sinc(x/3), as wide as the reduction, over what there is.</summary>
    [Theory]
    [InlineData(24, 16, 12, 8)]
    [InlineData(30, 20, 13, 31)]
    [InlineData(9, 7, 40, 24)]
    public void ResizedByLanczos(int width, int height, int toWidth, int toHeight)
    {
        var rgb = new byte[3 * width * height];
        new System.Random(1).NextBytes(rgb);
        var picture = new Picture(width, height, [.. rgb.Select(value => (byte)(64 + value / 2))]); // so that nothing is clamped between
        var resized = picture.Resized(toWidth, toHeight);
        Assert.Equal((toWidth, toHeight), (resized.Width, resized.Height));
        double[,] across = Weights(width, toWidth), down = Weights(height, toHeight);
        double largest = 0;
        for (int y = 0; y < toHeight; y++)
            for (int x = 0; x < toWidth; x++)
                for (int c = 0; c < 3; c++)
                {
                    double sum = 0;
                    for (int j = 0; j < height; j++)
                        for (int i = 0; i < width; i++) sum += down[y, j] * across[x, i] * picture.Rgb[3 * (j * width + i) + c];
                    largest = Math.Max(largest, Math.Abs(sum - resized.Rgb[3 * (y * toWidth + x) + c]));
                }
        Assert.True(largest <= 1, $"{largest}");
        Assert.Same(picture, picture.Resized(width, height));

        static double[,] Weights(int from, int to)
        {
            var weights = new double[to, from];
            double scale = Math.Max((double)from / to, 1);
            for (int y = 0; y < to; y++)
            {
                double sum = 0;
                for (int x = 0; x < from; x++) sum += weights[y, x] = Lanczos((x + 0.5 - (y + 0.5) * from / to) / scale);
                for (int x = 0; x < from; x++) weights[y, x] /= sum;
            }
            return weights;
        }

        static double Lanczos(double x) => x == 0 ? 1 : Math.Abs(x) >= 3 ? 0 : 3 * Math.Sin(Math.PI * x) * Math.Sin(Math.PI * x / 3) / (Math.PI * Math.PI * x * x);
    }

    [Fact]
    public void SavingReplacesAndKeepsItsOwnTexts()
    {
        new Picture(1, 1, [1, 2, 3]).Save(In("a.png"));
        var second = new Picture(1, 1, [4, 5, 6]) { Texts = new Dictionary<string, string> { ["parameters"] = "two" } };
        second.Save(In("a.png"));
        var again = Picture.Load(In("a.png"));
        Assert.Equal([4, 5, 6], again.Rgb);
        Assert.Equal("two", again.Texts["parameters"]);
    }

    [Fact]
    public void LongTextsStayUncompressed()
    {
        new Picture(1, 1, [1, 2, 3]).Save(In("a.png"), new Dictionary<string, string> { ["parameters"] = new string('x', 5000) });
        Assert.Contains("tEXtparameters\0" + new string('x', 5000), System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(In("a.png"))));
    }

    [Theory]
    [InlineData("a.jpg")]
    [InlineData("a")]
    public void OnlyPngIsWritten(string name)
    {
        var error = Assert.Throws<ModelException>(() => new Picture(1, 1, [1, 2, 3]).Save(In(name)));
        Assert.Contains(".png", error.Message);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public void AMissingFolderIsSaid()
    {
        var error = Assert.Throws<WeightsException>(() => new Picture(1, 1, [1, 2, 3]).Save(In("no/such/a.png")));
        Assert.Contains("no such folder", error.Message);
    }

    [Fact]
    public void ModelsValuesAreRoundedHalfToEven()
    {
        using var backend = new CpuBackend(threads: 1);
        using var decoded = backend.Allocate(Shape.Image(2, 1, 2, 3));
        // -1 is black and 1 is white, what lies outside is clamped; 127.5 of 255 becomes 128, and 126.5 becomes 126.
        backend.Upload([-1, 1, 0, -7, 7, 2 * 126.5f / 255 - 1, .5f, -.5f, .25f, 0, 0, 0], decoded);
        var pictures = Picture.FromModel(backend, decoded);
        Assert.Equal(2, pictures.Length);
        Assert.Equal((2, 1), (pictures[0].Width, pictures[0].Height));
        Assert.Equal([0, 255, 128, 0, 255, 126], pictures[0].Rgb);
        Assert.Equal([191, 64, 159, 128, 128, 128], pictures[1].Rgb);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void ValuesThatAreNoNumbersAreAnError(float value)
    {
        using var backend = new CpuBackend(threads: 1);
        using var decoded = backend.Allocate(Shape.Image(1, 1, 1, 3));
        backend.Upload([0, value, 0], decoded);
        Assert.Throws<ModelException>(() => Picture.FromModel(backend, decoded));
    }

    [Theory]
    [InlineData("missing.png", "no such file")]
    [InlineData("text.png", "no picture")]
    [InlineData("", "folder")]
    public void WhatCantBeReadIsSaid(string name, string cause)
    {
        File.WriteAllText(In("text.png"), "not a picture at all");
        var error = Assert.Throws<ModelException>(() => Picture.Load(In(name)));
        Assert.Contains(cause, error.Message);
        Assert.StartsWith(In(name), error.Message);
    }
}
