using System.Text.RegularExpressions;
using PureLcm.Model.Pictures;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary>The commands when all goes well: what they print and write.</summary>
public sealed class CommandTests : IDisposable
{
    readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void GenerateTellsItsStepsAndNamesItsFile()
    {
        var made = Program.RunIn(folder.Path, "generate", "a red house", "--seed", "7", "--size", "64x64", "--count", "2");
        Assert.Equal(0, made.Code);
        Assert.Equal("a-red-house-7-1.png\na-red-house-7-2.png\n", made.Output);
        string[] lines = made.Error.TrimEnd().Split('\n');
        string[] expected = ["generate 1 of 2: reading the prompt", .. Steps(1), .. Steps(2), "seed 7, [0-9.]+ s in all on CPU, .*"];
        Assert.Equal(expected.Length, lines.Length);
        Assert.All(lines.Zip(expected), pair => Assert.Matches($"^{pair.Second}$", pair.First));

        static string[] Steps(int picture) =>
            [.. Enumerable.Range(1, 4).Select(step => $"generate {picture} of 2: step {step} of 4, [0-9.]+ it/s"), $"generate {picture} of 2: decoding"];
    }

    /// <summary>Both pictures stand in one: wider than two of them, with captions under them.</summary>
    [Fact]
    public void CompareMakesOnePictureOfTwo()
    {
        var made = Program.RunIn(folder.Path, "compare", "a red house", "--seed", "7", "--size", "64x64");
        Assert.True(made.Code == 0, made.Error);
        Assert.Equal(["a-red-house-compared-7.png"], folder.Names());
        Assert.Matches(@"^a-red-house-compared-7\.png\n25 steps of DDIM [0-9.]+ s, 4 steps with LCM-LoRA [0-9.]+ s: [0-9.]+ times sooner \(seed 7, CPU, .*\)\n$", made.Output);
        Assert.Contains("25 steps of DDIM: step 25 of 25, ", made.Error);
        Assert.Contains("4 steps with LCM-LoRA: step 4 of 4, ", made.Error);
        var sheet = Picture.Load(folder["a-red-house-compared-7.png"]);
        Assert.InRange(sheet.Width, 2 * 64 + 1, 3 * 64);
        Assert.InRange(sheet.Height, 64 + 7, 2 * 64);

        // Where the picture goes to standard output, what is said about it goes elsewhere.
        var piped = Program.RunRedirected(folder.Path, ">piped", "compare", "a red house", "--seed", "7", "--size", "64x64", "-o", "-");
        Assert.True(piped.Code == 0, piped.Error);
        Assert.Contains(" times sooner (seed 7, ", piped.Error);
        Assert.Equal(sheet.Width, Picture.Load(folder["piped"]).Width);
    }

    [Fact]
    public void CompareNeedsSomethingToCompare()
    {
        var refused = Program.RunIn(folder.Path, "compare", "a", "--model", Path.Combine(Repository.Golden, "models", "bksdm"), "--size", "64x64");
        Assert.Equal(2, refused.Code);
        Assert.EndsWith("\nlcm: there is no LCM-LoRA to compare with: name the model's with --lora, such as lcm-lora-sdv1-5.safetensors\n", "\n" + refused.Error);
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void VerifyRunsTheCasesThatComeWithTheProgram()
    {
        var verified = Program.RunIn(folder.Path, "verify");
        Assert.True(verified.Code == 0, verified.Output + verified.Error);
        string[] lines = verified.Output.TrimEnd().Split('\n');
        int passed = lines.Count(line => line.EndsWith("  passed", StringComparison.Ordinal));
        Assert.Equal(passed, lines.Length - 2); // a title, a line a case, the tally
        Assert.Matches($"^{passed} passed on CPU, ", lines[^1]);
        string[] kinds = [.. lines[1..^1].Select(line => Regex.Split(line, " +")[1]).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["lcm_scheduler", "randn", "tokenizer", "txt2img"], kinds);
    }

    /// <summary>A case whose results are others fails, with its name, and so does the command.</summary>
    [Fact]
    public void VerifyFailsWhereAResultIsAnother()
    {
        string cases = Path.Combine(folder.Path, "cases", "rng");
        TestModel.Copy(Path.Combine(Repository.Golden, "cases", "rng"), cases);
        string tensors = Directory.GetFiles(cases, "*.safetensors").Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(tensors);
        bytes[^1] ^= 0x40; // the exponent of the last number
        File.WriteAllBytes(tensors, bytes);
        var verified = Program.RunIn(folder.Path, "verify", ".");
        Assert.Equal(1, verified.Code);
        Assert.Matches($"\nrng/{Path.GetFileNameWithoutExtension(tensors)} .*  failed\n", verified.Output);
        Assert.Matches("\n([0-9]+ passed, )?1 failed on CPU, ", verified.Output);
        Assert.Empty(verified.Error);
    }
}
