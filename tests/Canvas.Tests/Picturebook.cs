using PureLcm.Canvas.Making;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Tests;

namespace PureLcm.Canvas.Tests;

/// <summary>The embedded model on a device of its own, with a style LoRA that is off until a request switches it on.</summary>
public sealed class Picturebook : IAsyncDisposable
{
    readonly CpuBackend backend = new();

    public Picturebook() => Maker = DeviceMaker.Load(Repository.Picturebook, new() { Loras = [new(Cyanotype, 0)] }, backend);

    public static string Cyanotype { get; } = Path.Combine(Repository.Picturebook, "loras", "cyanotype.safetensors");

    public DeviceMaker Maker { get; }

    /// <summary>Runs that wait for the device.</summary>
    public int Waiting => backend.Queue.Waiting;

    public async ValueTask DisposeAsync()
    {
        await Maker.DisposeAsync();
        backend.Dispose();
    }
}
