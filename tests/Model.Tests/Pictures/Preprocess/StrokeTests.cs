using PureLcm.Model.Pictures;
using PureLcm.Model.Pictures.Preprocess;

namespace PureLcm.Model.Tests.Pictures.Preprocess;

/// <summary>What users of scribble and lineart ControlNets expect of what these are given; there is no reference for it.</summary>
public sealed class StrokeTests
{
    /// <summary>A stroke of two pixels across the middle.</summary>
    static Picture Sketch(byte ground, byte red, byte green, byte blue, int side = 256) =>
        Drawing.Blank(side, side, ground).With(side / 8, side / 2, side * 3 / 4, 2, red, green, blue);

    public static TheoryData<string> Both() => ["scribble", "lineart"];

    [Theory]
    [MemberData(nameof(Both))]
    public void StrokesAreWhiteOnBlackWhateverTheyWereDrawnIn(string way)
    {
        foreach (var sketch in (Picture[])[Sketch(255, 0, 0, 0), Sketch(0, 255, 255, 255), Sketch(255, 230, 40, 30), Sketch(250, 255, 250, 60), Sketch(40, 90, 90, 200), Sketch(225, 120, 120, 120)])
        {
            var drawn = Preprocessors.Apply(way, sketch);
            Assert.Equal((256, 256), (drawn.Width, drawn.Height));
            Assert.True(drawn.IsGrey());
            Assert.InRange(drawn.At(128, 128), 230, 255);
            Assert.InRange(drawn.At(128, 129), 230, 255);
            Assert.Equal(0, drawn.At(128, 100)); // paper
            Assert.Equal(0, drawn.At(5, 128)); // where the stroke has ended
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void WhatIsFlatOrNearlySoHasNoStrokes(string way)
    {
        Assert.All(Preprocessors.Apply(way, Drawing.Blank(33, 20, 130)).Rgb, value => Assert.Equal(0, value));
        Assert.All(Preprocessors.Apply(way, Drawing.Blank(1, 1, 7)).Rgb, value => Assert.Equal(0, value));
        byte[] noisy = [.. Enumerable.Range(0, 3 * 64 * 64).Select(i => (byte)(240 + i * 7919 % 6))]; // a scan's paper
        Assert.All(Preprocessors.Apply(way, new(64, 64, noisy)).Rgb, value => Assert.Equal(0, value));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void ANegativeOfASketchIsTheSameSketch(string way)
    {
        var sketch = Sketch(255, 0, 0, 0).With(60, 40, 3, 90, 90, 20, 200);
        Assert.Equal(Preprocessors.Apply(way, sketch).Rgb, Preprocessors.Apply(way, sketch.Inverted()).Rgb);
    }

    /// <summary>A photo's shape is followed along its border, and its inside stays empty.</summary>
    [Theory]
    [MemberData(nameof(Both))]
    public void OfAFilledShapeTheBorderIsDrawn(string way)
    {
        var drawn = Preprocessors.Apply(way, Drawing.Blank(256, 256, 255).With(60, 60, 120, 120, 60, 60, 60));
        Assert.InRange(drawn.At(120, 60), 200, 255);
        Assert.InRange(drawn.At(60, 120), 200, 255);
        Assert.Equal(0, drawn.At(120, 120));
        Assert.Equal(0, drawn.At(20, 20));
    }

    [Fact]
    public void AScribbleIsThickAndHasNothingBetweenBlackAndWhite()
    {
        var scribble = Scribble.Strokes(Sketch(255, 0, 0, 0));
        Assert.All(scribble.Rgb, value => Assert.True(value is 0 or 255));
        Assert.InRange(scribble.Thickness(128), 4, 8); // of a stroke of 2
        // As thick in a picture of twice the size as twice the picture.
        Assert.InRange(Scribble.Strokes(Drawing.Blank(512, 512, 255).With(64, 256, 384, 4, 0, 0, 0)).Thickness(256), 8, 14);
    }

    [Fact]
    public void LineartIsFineAndSoft()
    {
        var sketch = Sketch(255, 0, 0, 0).With(32, 60, 192, 2, 215, 215, 215); // ink, and a pencil beside it
        var lines = Lineart.Lines(sketch);
        Assert.Equal(2, Enumerable.Range(90, 80).Count(y => lines.At(128, y) > 127)); // as thin as it was drawn
        Assert.InRange(lines.At(128, 60), 10, 120); // what is light is grey
        Assert.True(lines.Thickness(128) < Scribble.Strokes(sketch).Thickness(128));
        // By itself the pencil is what is strongest, and comes out clearly.
        Assert.InRange(Lineart.Lines(Sketch(255, 215, 215, 215)).At(128, 128), 230, 255);
    }

    [Fact]
    public void NoneLeavesAPictureAndOthersAreRefused()
    {
        var picture = Drawing.Blank(3, 2, 9);
        Assert.Same(picture, Preprocessors.Apply("none", picture));
        Assert.Equal("there is no preprocessor depth: there are none, canny, scribble, lineart", Assert.Throws<ChoiceException>(() => Preprocessors.Apply("depth", picture)).Message);
    }
}
