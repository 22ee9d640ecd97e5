namespace PureLcm.Weights.Tests;

/// <summary>Fields of configurations: there, missing, null, wrong.</summary>
public class ConfigTests
{
    static readonly Config config = Config.Parse("unet/config.json", """
        {
          "number": 8, "negative": -1, "large": 3000000000, "fraction": 0.18215, "flag": true, "text": "silu", "null": null,
          "list": [320, 640], "texts": ["a", "b"], "mixed": [1, "a"], "nested": [[1], [2]], "whole": 1.0,
          "infinite": -Infinity, "nan": NaN, "quoted": "NaN and \"-Infinity\"", "\\": Infinity
        }
        """);

    [Fact]
    public void FieldsHaveTheirTypes()
    {
        Assert.Equal(8, config.Int("number"));
        Assert.Equal(-1, config.Int("negative", least: -5));
        Assert.Equal(8.0, config.Double("number"));
        Assert.Equal(0.18215, config.Double("fraction"));
        Assert.True(config.Bool("flag"));
        Assert.Equal("silu", config.String("text"));
        Assert.Equal([320, 640], config.Ints("list"));
        Assert.Equal(["a", "b"], config.Strings("texts"));
        Assert.Equal(2, config.Element("nested")!.Value.GetArrayLength());
        Assert.Contains(config.Fields, entry => entry.Key == "whole");
    }

    [Fact]
    public void AMissingFieldTakesTheFallback()
    {
        Assert.Equal(32, config.Int("x", 32));
        Assert.Equal(0.5, config.Double("x", 0.5));
        Assert.False(config.Bool("x", false));
        Assert.Equal("silu", config.String("x", "silu"));
        Assert.Equal([1, 2], config.Ints("x", [1, 2]));
        Assert.Equal(["x"], config.Strings("x", ["x"]));
        Assert.Equal([8, 8, 8], config.IntOrInts("x", 3, 8));
        Assert.Equal("UNetMidBlock2DCrossAttn", config.StringOrNull("x", "UNetMidBlock2DCrossAttn"));
        Assert.Null(config.IntOrNull("x"));
        Assert.Null(config.Element("x"));
        Assert.False(config.Has("x"));
        Assert.False(config.IsNull("x"));
    }

    [Fact]
    public void NullIsNotMissing()
    {
        Assert.True(config.Has("null"));
        Assert.True(config.IsNull("null"));
        Assert.Null(config.StringOrNull("null", "UNetMidBlock2DCrossAttn"));
        Assert.Null(config.IntOrNull("null"));
        Expect.Error(() => config.Int("null", 8), "unet/config.json: null is null, expected a whole number from 0 up");
        Expect.Error(() => config.String("null", "x"), "expected a text");
    }

    [Fact]
    public void OneNumberStandsForEveryLevel()
    {
        Assert.Equal([8, 8, 8, 8], config.IntOrInts("number", 4));
        Assert.Equal([320, 640], config.IntOrInts("list", 2));
        Expect.Error(() => config.IntOrInts("list", 4), "list is [320, 640], expected one number, or a list of 4");
        Expect.Error(() => config.IntOrInts("nested", 2), "expected a whole number");
        Expect.Error(() => config.IntOrInts("text", 2), "expected a whole number");
    }

    [Fact]
    public void AFieldOfAnotherTypeIsAnError()
    {
        Expect.Error(() => config.Int("text"), "text is \"silu\", expected a whole number");
        Expect.Error(() => config.Int("negative"), "negative is -1, expected a whole number from 0 up");
        Expect.Error(() => config.Int("number", least: 9), "expected a whole number from 9 up");
        Expect.Error(() => config.Int("large"), "large is 3000000000");
        Expect.Error(() => config.Int("fraction"), "0.18215");
        Expect.Error(() => { config.Double("text"); }, "expected a number");
        Expect.Error(() => { config.Bool("number"); }, "expected true or false");
        Expect.Error(() => config.String("number"), "expected a text");
        Expect.Error(() => config.Ints("number"), "a list of whole numbers");
        Expect.Error(() => config.Ints("mixed"), "mixed is \"a\", expected a whole number");
        Expect.Error(() => config.Strings("mixed"), "expected a text");
        Expect.Error(() => config.Int("x"), "it has no x");
    }

    [Fact]
    public void PythonsBareInfinitiesAreNumbers()
    {
        Assert.Equal(double.NegativeInfinity, config.Double("infinite"));
        Assert.Equal(double.PositiveInfinity, config.Double("\\"));
        Assert.Equal(double.NaN, config.Double("nan"));
        Assert.Equal("NaN and \"-Infinity\"", config.String("quoted"));
    }

    [Fact]
    public void OnlyPassesWhatIsAllowedOrMissing()
    {
        config.Only("text", "silu");
        config.Only("text", "swish", "silu");
        config.Only("number", 8);
        config.Only("whole", 1);
        config.Only("flag", true);
        config.Only("null", null);
        config.Only("x", null);
        config.Only("x", "silu");
    }

    [Fact]
    public void OnlyRefusesTheRest()
    {
        Expect.Error(() => config.Only("text", "gelu", null), "unet/config.json: text is \"silu\", which is not supported; this version runs \"gelu\" or null there");
        Expect.Error(() => config.Only("text", null), "this version runs null");
        Expect.Error(() => config.Only("flag", false), "flag is true", "runs false");
        Expect.Error(() => config.Only("number", 8.5), "runs 8.5");
        Expect.Error(() => config.Only("null", "silu"), "null is null");
        Expect.Error(() => config.Only("list", 320), "list is [320, 640]");
    }

    [Fact]
    public void WhatNobodyAskedForIsNamed()
    {
        var json = Config.Parse("unet/config.json", """{"_class_name": "UNet", "sample_size": 64, "act_fn": "silu", "dropout": 0.1, "new_field": false, "newer": [1], "unset": null}""");
        Assert.Equal(["sample_size", "act_fn", "new_field", "newer"], json.Rest("dropout", "absent"));
        json.Int("sample_size");
        json.Only("act_fn", "silu");
        Assert.Equal("unet/config.json: \"new_field\", \"newer\" are fields that this version doesn't know and doesn't follow", json.RestNotice("dropout"));
        Assert.Contains("\"newer\" is a field", json.RestNotice("dropout", "new_field"));
        Assert.Null(json.RestNotice("dropout", "new_field", "newer"));
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{\"a\": }", "not valid JSON")]
    [InlineData("{\"a\": 1, \"a\": 2}", "not valid JSON")]
    [InlineData("{\"a\": Infinit}", "not valid JSON")]
    [InlineData("{\"a\": \"\\ud800\"}", "not valid UTF-8")]
    [InlineData("[1]", "no {…} object")]
    public void TextThatIsNoObjectIsAnError(string json, string words) => Expect.Error(() => Config.Parse("config.json", json), "config.json", words);

    [Fact]
    public void AByteOrderMarkIsPassedOver() => Assert.Equal(1, Config.Parse("x", "\ufeff{\"a\": 1}").Int("a"));

    [Fact]
    public void AMissingFileIsAnError() => Expect.Error(() => Config.Open("/no/such/config.json"), "there is no such file");
}
