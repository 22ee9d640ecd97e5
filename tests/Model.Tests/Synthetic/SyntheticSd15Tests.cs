using System.Security.Cryptography;
using System.Text;
using PureLcm.Model.Schedulers;
using PureLcm.Verification.Synthetic;

namespace PureLcm.Model.Tests.Synthetic;

public sealed class SyntheticSd15Tests
{
    /// <summary>Hashes of the sorted lines "NAME SIDE,SIDE,…" of the published models' tensors (full_size_keys.json).</summary>
    [Theory]
    [InlineData("text_encoder", 196, 123_060_480, "c41e5d54461dcb997808d7cffd68cc039dedc9a5a72aa612dc79c4ec01c90edb")]
    [InlineData("unet", 686, 859_520_964, "6393b6ae31251587bb24b5ead3d7c316e78d186d733525411c52718a2809f306")]
    [InlineData("vae", 248, 83_653_863, "944173b70d029ee55936f53e2d1952ef414457c94f2a5b466e4e48733901fcd0")]
    [InlineData("taesd", 134, 2_445_063, "cd4b1ac7206c73a9d0f2aeac8ffd09a2bd9df5b33a9ab97f44814f1eccdb0311")]
    public void TensorsAreThePublishedModels(string component, int count, long parameters, string hash)
    {
        var tensors = SyntheticSd15.Tensors(component);
        Assert.Equal(count, tensors.Count);
        Assert.Equal(parameters, tensors.Sum(tensor => tensor.Sides.Aggregate(1L, (a, b) => a * b)));
        var lines = tensors.Select(tensor => $"{tensor.Name} {string.Join(',', tensor.Sides)}").Order(StringComparer.Ordinal);
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines)))));
    }

    [Fact]
    public void ItsSchedulerIsAnyScheduler()
    {
        var config = SyntheticSd15.Config("scheduler");
        Assert.Equal([999, 759, 499, 259], Scheduler.Create(SchedulerKind.Lcm, config, 4).Timesteps);
        Assert.Equal(961, Scheduler.Create(SchedulerKind.Ddim, config, 25).Timesteps[0]);
    }
}
