using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>Group norm over channels, with the activation that follows it.</summary>
public sealed class GroupNorm(Scope scope, int channels, int groups, float epsilon) : Module(scope)
{
    readonly Weight weight = scope.Vector("weight", channels), bias = scope.Vector("bias", channels);

    /// <summary>
    /// [N,H,W,C] -> [N,H,W,C], a new tensor. <paramref name="activationNames"/> are the modules whose output the activated
    /// values are: in diffusers an activation is a module of its own, and so is a dropout, which does nothing here.
    /// </summary>
    public Tensor Forward(Run run, Tensor x, Activation activation = Activation.None, params string[] activationNames)
    {
        using var frame = run.Enter(this);
        var y = run.Allocate(x.Shape);
        if (activation == Activation.None || run.Changes(Name))
        {
            run.Backend.GroupNorm(x, weight, bias, y, groups, epsilon);
            run.Show(Name, y);
            if (activation != Activation.None) run.Backend.Activate(y, y, activation);
        }
        else
        {
            var tap = run.Watches(Name) ? run.Allocate(x.Shape) : null;
            run.Backend.GroupNorm(x, weight, bias, y, groups, epsilon, activation, tap);
            if (tap is not null) run.Show(Name, tap);
        }
        foreach (string name in activationNames) run.Show(name, y);
        return frame.Keep(y);
    }
}

/// <summary>Layer norm over channels.</summary>
public sealed class LayerNorm(Scope scope, int channels, float epsilon) : Module(scope)
{
    readonly Weight weight = scope.Vector("weight", channels), bias = scope.Vector("bias", channels);

    /// <summary>[N,T,C] -> [N,T,C], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        var y = run.Allocate(x.Shape);
        run.Backend.LayerNorm(x, weight, bias, y, epsilon);
        return frame.Return(y);
    }
}
