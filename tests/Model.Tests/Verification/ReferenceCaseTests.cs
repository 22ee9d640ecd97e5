using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Reference;
using PureLcm.Model.Layers;
using PureLcm.Verification;

namespace PureLcm.Model.Tests.Verification;

/// <summary>Ring 2: whole networks and pictures against the reference cases made with diffusers.</summary>
public class ReferenceCaseTests
{
    public static TheoryData<string> All()
    {
        using var backend = new ReferenceBackend();
        return [.. new ReferenceCases(Repository.Golden, Repository.Picturebook, backend).Names()];
    }

    /// <summary>On plain loops the trained model's pictures take too long; its networks are the same as the others'.</summary>
    public static TheoryData<string> Small() => [.. All().Select(row => row.Data).Where(name => !name.StartsWith("default/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(All))]
    public void Cpu(string name)
    {
        using var backend = new CpuBackend();
        Check(name, backend);
    }

    [Theory]
    [MemberData(nameof(Small))]
    public void Reference(string name)
    {
        using var backend = new ReferenceBackend();
        Check(name, backend);
    }

    static void Check(string name, Backend backend)
    {
        var result = new ReferenceCases(Repository.Golden, Repository.Picturebook, backend).Run(name, cancellation: TestContext.Current.CancellationToken);
        var failed = result.Comparisons.Where(comparison => !comparison.Passed)
            .Select(comparison => $"{comparison.Name}: relative {comparison.RelativeError:e2}, largest {comparison.LargestError:e2}");
        Assert.True(result.Verdict == Verdict.Passed, $"{name}: {result.Verdict} {result.Remark}\n{string.Join('\n', failed)}");
        Assert.Equal(0, backend.BytesInUse); // nothing that a run allocates outlives it
    }
}
