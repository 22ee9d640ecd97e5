using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>Parameters that end the building of a network when it is cancelled: each weight asks for its own before it is packed.</summary>
sealed class CancellableParameters(IParameters parameters, CancellationToken cancellationToken) : IParameters
{
    public WeightSource Get(string name, int[] sides)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return parameters.Get(name, sides);
    }
}
