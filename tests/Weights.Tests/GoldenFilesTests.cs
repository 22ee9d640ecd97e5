namespace PureLcm.Weights.Tests;

/// <summary>The published file layouts, as the reference models have them.</summary>
public class GoldenFilesTests
{
    [Theory]
    [InlineData("sd15/unet/diffusion_pytorch_model.safetensors")]
    [InlineData("sd15/text_encoder/model.safetensors")]
    [InlineData("sd15/vae/diffusion_pytorch_model.safetensors")]
    [InlineData("bksdm/unet/diffusion_pytorch_model.safetensors")]
    [InlineData("taesd/vae/diffusion_pytorch_model.safetensors")]
    [InlineData("sd15/loras/lcm_kohya.safetensors")]
    public void EveryTensorReads(string path)
    {
        using var file = SafetensorsFile.Open(Golden.Model(path));
        Assert.NotEmpty(file.Tensors);
        foreach (var tensor in file.Tensors.Values)
        {
            Assert.Equal(DType.F16, tensor.DType);
            Assert.Equal(tensor.Sides.Aggregate(1L, (product, side) => product * side), tensor.Count);
            Assert.All(tensor.ReadFloats(), value => Assert.True(float.IsFinite(value)));
        }
    }

    [Fact]
    public void ShardsHoldWhatTheWholeFileHolds()
    {
        using var whole = WeightFiles.Open(Golden.Model("sd15/unet"), "diffusion_pytorch_model");
        using var shards = WeightFiles.Open(Golden.Model("sd15_sharded_unet"), "diffusion_pytorch_model");
        Assert.Equal(5, shards.Files.Count);
        Assert.Equal(whole.Tensors.Keys.Order(), shards.Tensors.Keys.Order());
        Assert.All(whole.Tensors.Keys, name => Assert.Equal(whole[name].ReadBytes(), shards[name].ReadBytes()));
    }
}
