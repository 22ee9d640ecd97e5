using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>A part of a network, known by its path in the tree.</summary>
public abstract class Module(Scope scope)
{
    /// <summary>Component and path, as diffusers names it: <c>unet.mid_block.resnets.0</c>.</summary>
    public string Name { get; } = scope.Name;
}

/// <summary>A whole network: it has a precision of its own, to which it converts what it is given.</summary>
public abstract class Network(Scope scope) : Module(scope)
{
    /// <summary>How its activations are stored. Products and norms accumulate in fp32 whatever it is.</summary>
    public ElementType Precision { get; protected init; } = scope.Precision;
}
