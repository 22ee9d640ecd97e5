using PureLcm.Kernels;
using PureLcm.Kernels.Gpu;
using PureLcm.Kernels.Reference;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Verification;

namespace PureLcm.Model.Tests.Verification;

/// <summary>Ring 2 on devices: the same networks and pictures, on every OpenCL device that this machine has.</summary>
public class DeviceCaseTests
{
    const string NoDevice = "no OpenCL device";

    /// <summary>One backend a device: drivers take their time to open.</summary>
    static readonly Dictionary<string, Backend> opened = [];

    static string[] Ids { get; } = [.. Devices.List().Where(device => device.Refusal is null).Select(device => device.Id).Where(id => id.StartsWith("opencl", StringComparison.Ordinal))];

    static Backend Open(string id) => opened.TryGetValue(id, out var backend) ? backend : opened[id] = Devices.Open(id, 0, out _);

    static readonly string[] narrow = ["sd15/text", "sd15/unet", "sd15/unet_lora_lcm", "sd15/vae", "taesd/vae", "sd15/txt2img_lcm4"];

    public static TheoryData<string, string> All() => Rows(ReferenceCaseTests.All().Select(row => row.Data));

    /// <summary>Networks with their activations stored in 16 bits, and one picture.</summary>
    public static TheoryData<string, string> Narrow() => Rows(narrow);

    /// <summary>And one with a ControlNet, whose random weights give values beyond fp16's largest.</summary>
    public static TheoryData<string, string> NarrowAndWide() => Rows([.. narrow, "sd15/controlnet_lcm4"]);

    static TheoryData<string, string> Rows(IEnumerable<string> cases)
    {
        var rows = new TheoryData<string, string>();
        string[] names = [.. cases];
        foreach (string id in Ids)
            foreach (string name in names) rows.Add(id, name);
        if (Ids.Length == 0) rows.Add(NoDevice, "");
        return rows;
    }

    [Theory]
    [MemberData(nameof(All))]
    [Trait("Needs", "OpenCL")]
    public void AsExactAsTheCpu(string device, string name) => Check(device, name, ElementType.Float32);

    [Theory]
    [MemberData(nameof(Narrow))]
    [Trait("Needs", "OpenCL")]
    public void InFp16NoWorseThanTwiceItsRounding(string device, string name) => Check(device, name, ElementType.Float16);

    [Theory]
    [MemberData(nameof(NarrowAndWide))]
    [Trait("Needs", "OpenCL")]
    public void InBf16NoWorseThanTwiceItsRounding(string device, string name) => Check(device, name, ElementType.BFloat16);

    /// <summary>What is held against a device must itself be what it says: a rounding, and no more.</summary>
    [Theory]
    [InlineData(ElementType.Float16, 1e-5, 1e-2)]
    [InlineData(ElementType.BFloat16, 1e-4, 8e-2)]
    public void RoundingByItselfCostsSomethingAndNotMuch(ElementType precision, double least, double most)
    {
        using var narrow = new ReferenceBackend(narrow: true);
        var result = new ReferenceCases(Repository.Golden, Repository.Picturebook, narrow, precision).Run("sd15/unet", cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(result.Comparisons.Single(comparison => comparison.Name == "out").RelativeError, least, most);
        Assert.Equal(0, narrow.BytesInUse);
    }

    /// <summary>From noise to picture nothing comes back to the host: one upload of all noise, one download of the picture.</summary>
    [Fact]
    public void LatentsStayOnTheDevice()
    {
        using var backend = (GpuBackend)Devices.Open("check", 0, out _);
        using var pipeline = TextToImage.Load(Path.Combine(Repository.Golden, "models", "sd15"), new() { Lcm = false }, backend, cancellationToken: TestContext.Current.CancellationToken);
        var options = new GenerateOptions { Steps = 3, Guidance = 1, Seed = 1, Scheduler = SchedulerKind.Lcm, Width = 64, Height = 64 };
        pipeline.Generate("a red house", options, TestContext.Current.CancellationToken); // a weight's scales or frequencies may be uploaded once
        var before = backend.Transfers;
        pipeline.Generate("a red house", options, TestContext.Current.CancellationToken);
        Assert.Equal((1, 1), (backend.Transfers.Uploads - before.Uploads, backend.Transfers.Downloads - before.Downloads));
    }

    static void Check(string device, string name, ElementType precision)
    {
        Assert.SkipWhen(device == NoDevice, "there is no OpenCL device here that ILGPU takes; on Debian 13 install pocl-opencl-icd and ocl-icd-libopencl1");
        var backend = Open(device);
        var result = new ReferenceCases(Repository.Golden, Repository.Picturebook, backend, precision).Run(name, cancellation: TestContext.Current.CancellationToken);
        var failed = result.Comparisons.Where(comparison => !comparison.Passed)
            .Select(comparison => $"{comparison.Name}: relative {comparison.RelativeError:e2}, largest {comparison.LargestError:e2}, rounding alone {comparison.RoundingError:e2}");
        Assert.True(result.Verdict == Verdict.Passed, $"{name} on {backend.Name}: {result.Verdict} {result.Remark}\n{string.Join('\n', failed)}");
        Assert.Equal(0, backend.BytesInUse);
    }
}
