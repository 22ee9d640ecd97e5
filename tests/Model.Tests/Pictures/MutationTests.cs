using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>
/// Files with bytes changed, cut, doubled: a picture or one sentence, in little time and with no more memory than the limits say.
/// </summary>
public class MutationTests
{
    const int Each = 400;

    [Theory]
    [InlineData("png/rgb8.png")]
    [InlineData("png/palette4i.png")]
    [InlineData("png/rgba16.png")]
    [InlineData("field/controlnet.png")]
    [InlineData("jpeg/baseline.jpg")]
    [InlineData("jpeg/progressive.jpg")]
    [InlineData("jpeg/gray.jpg")]
    [InlineData("jpeg/a1111.jpg")]
    [InlineData("webp/lossy.webp")]
    [InlineData("webp/lossless.webp")]
    [InlineData("webp/alpha.webp")]
    [InlineData("webp/a1111.webp")]
    public void AnyChangeOfAFileIsSurvived(string name)
    {
        byte[] whole = Samples.Read(name);
        // Of WebP files a few bytes may rightly promise the largest picture; others have to bring the bytes for it.
        long most = (name.StartsWith("webp", StringComparison.Ordinal) ? 3L << 26 : 0) + (32 << 20);
        int read = 0, refused = 0;
        for (int seed = 0; seed < Each; seed++)
        {
            byte[] changed = Mutated(whole, new System.Random(seed));
            long before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                var picture = Samples.Load(changed);
                Assert.Equal(3L * picture.Width * picture.Height, picture.Rgb.Length);
                read++;
            }
            catch (ModelException e)
            {
                Assert.StartsWith("sample: ", e.Message);
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
            Assert.True(clock.Elapsed.TotalSeconds < 30, $"change {seed} took {clock.Elapsed.TotalSeconds:0} s");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before <= most,
                $"change {seed} took {GC.GetAllocatedBytesForCurrentThread() - before} bytes");
        }
        Assert.True(read > 0, "no change got through to the pixels");
        Assert.True(refused > 0, "no change was refused");
    }

    /// <summary>Sizes beyond the limits, in the headers of otherwise whole files: nothing is decoded.</summary>
    [Theory]
    [InlineData("jpeg/baseline.jpg")]
    [InlineData("webp/lossy.webp")]
    [InlineData("webp/lossless.webp")]
    public void AnEnormousSizeIsSaid(string name)
    {
        byte[] file = Samples.Read(name);
        string text = Encoding.Latin1.GetString(file);
        if (name.EndsWith("jpg", StringComparison.Ordinal))
        {
            int frame = text.IndexOf("\u00ff\u00c0", StringComparison.Ordinal);
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), 65500);
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), 65500);
        }
        else if (name.Contains("lossless", StringComparison.Ordinal))
            // twice 14 bits, less one
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(text.IndexOf("VP8L", StringComparison.Ordinal) + 9), 0x0FFFFFFF);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(
                file.AsSpan(text.IndexOf("\u009d\u0001\u002a", StringComparison.Ordinal) + 3), 0x3FFF3FFF);
        Samples.Refusal(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("larger than this program reads", Samples.Refusal(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void AJpegThatPromisesMoreThanItHoldsIsDamaged()
    {
        byte[] file = Samples.Read("jpeg/baseline.jpg");
        int frame = Encoding.Latin1.GetString(file).IndexOf("\u00ff\u00c0", StringComparison.Ordinal);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 5), 8000);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(frame + 7), 8000);
        Assert.Contains("can't hold", Samples.Refusal(file));
    }

    static byte[] Mutated(byte[] whole, System.Random random)
    {
        var changed = (byte[])whole.Clone();
        // The first twelve bytes say the format; what has none isn't decoded at all.
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(12, changed.Length);
            changed[at] = random.Next(3) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)(changed[at] ^ 1 << random.Next(8)),
                _ => (byte)(random.Next(2) * 255),
            };
        }
        switch (random.Next(6))
        {
            case 0:
                Array.Resize(ref changed, random.Next(12, changed.Length));
                break;
            case 1:
                int from = random.Next(12, changed.Length), length = random.Next(changed.Length - from);
                changed = [.. changed[..from], .. changed[from..(from + length)], .. changed[from..]];
                break;
        }
        if (whole[1] == 'P') Samples.RepairChecksums(changed);
        return changed;
    }
}
