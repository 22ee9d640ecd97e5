using System.Text.Json;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pictures.Preprocess;

namespace PureLcm.Model.Tests.Pictures.Preprocess;

public sealed class CannyTests
{
    static string Folder => Path.Combine(Repository.Golden, "canny");

    public static TheoryData<string, int, int, string> Cases()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "canny.json")));
        var rows = new TheoryData<string, int, int, string>();
        foreach (var item in json.RootElement.GetProperty("cases").EnumerateArray())
            rows.Add(item.GetProperty("picture").GetString()!, item.GetProperty("low").GetInt32(), item.GetProperty("high").GetInt32(), item.GetProperty("edges").GetString()!);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EqualsOpenCvPixelByPixel(string picture, int low, int high, string edges)
    {
        var ours = Canny.Edges(Picture.Load(Path.Combine(Folder, picture)), low, high);
        var theirs = Picture.Load(Path.Combine(Folder, edges));
        Assert.Equal((theirs.Width, theirs.Height), (ours.Width, ours.Height));
        Assert.Equal(theirs.Rgb, ours.Rgb);
    }

    /// <summary>A single pixel has no neighbours, and a border is no edge.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 9)]
    [InlineData(7, 5)]
    public void WhatIsFlatHasNoEdges(int width, int height) =>
        Assert.All(Canny.Edges(Drawing.Blank(width, height, 200), 0, 0).Rgb, value => Assert.Equal(0, value));
}
