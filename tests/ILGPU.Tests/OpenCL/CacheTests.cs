using System.Text;
using ILGPU;
using ILGPU.Compat.Ir;
using ILGPU.Compat.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace CompatTests.OpenCL;

/// <summary>What is kept on disk comes back as it was, or not at all.</summary>
public class CacheTests
{
    static readonly Translation Example = new("Example<Int32>(a, b)", "Example_kernel", [(true, 4), (false, 24), (true, 2)], 4096, "// Example\n__kernel void Example_kernel() { }\n");

    [Fact]
    public void A_translation_survives_its_file()
    {
        var read = Translation.Parse(Example.Serialize())!;
        Assert.Equal(Example.Name, read.Name);
        Assert.Equal(Example.EntryPoint, read.EntryPoint);
        Assert.Equal(Example.Parameters, read.Parameters);
        Assert.Equal(Example.SharedBytes, read.SharedBytes);
        Assert.Equal(Example.Text, read.Text);
        Assert.Empty(Translation.Parse((Example with { Parameters = [] }).Serialize())!.Parameters);
    }

    [Fact]
    public void A_damaged_translation_is_none()
    {
        string file = Example.Serialize();
        for (int i = 0; i < file.Length; i++)
        {
            Assert.Null(Translation.Parse(file[..i]));
            Assert.Null(Translation.Parse(file[..i] + (char)(file[i] ^ 1) + file[(i + 1)..]));
        }
        Assert.Null(Translation.Parse(""));
    }

    [Fact]
    public void A_binary_is_used_again_and_a_damaged_or_refused_one_is_made_anew()
    {
        using var cl = new ClTest();
        var translation = new Translation("Nothing", "Nothing_kernel", [], 0, "__kernel void Nothing_kernel() { }");
        CLProgram.Build(cl.Accelerator, translation, keepBinary: true);
        string file = Assert.Single(Directory.GetFiles(cl.CacheFolder));
        var good = File.ReadAllBytes(file);
        CLProgram.Build(cl.Accelerator, translation, keepBinary: true);
        Assert.Equal(good, File.ReadAllBytes(file));

        var damaged = good.ToArray();
        damaged[^1] ^= 1;
        File.WriteAllBytes(file, damaged);
        CLProgram.Build(cl.Accelerator, translation, keepBinary: true);
        Assert.NotEqual(damaged, File.ReadAllBytes(file));

        // Undamaged, but nothing that the driver knows.
        string key = Path.GetFileNameWithoutExtension(file);
        KernelCache.WriteBinary(key, Encoding.UTF8.GetBytes("this is no program"));
        Assert.NotNull(KernelCache.ReadBinary(key));
        CLProgram.Build(cl.Accelerator, translation, keepBinary: true);
        Assert.True(KernelCache.ReadBinary(key)!.Length > 100);
        Assert.Single(Directory.GetFiles(cl.CacheFolder)); // and nothing is left beside it
    }

    [Fact]
    public void A_folder_that_cant_be_written_costs_time_only()
    {
        using var cl = new ClTest();
        string file = Path.GetTempFileName();
        KernelCache.Folder = Path.Combine(file, "below-a-file");
        KernelCache.WriteTranslation("key", Example);
        Assert.Null(KernelCache.ReadTranslation("key"));
        CLProgram.Build(cl.Accelerator, new("Nothing", "Nothing_kernel", [], 0, "__kernel void Nothing_kernel() { }"), keepBinary: true);
        File.Delete(file);
    }
}
