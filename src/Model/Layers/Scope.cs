using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>
/// A place in the tree of modules while it is being built: <c>scope / "down_blocks" / 0 / "resnets" / 1</c>. The path is the
/// name of the module's weights in the file, the name that LoRA attaches to, and the name in traces.
/// </summary>
public sealed class Scope
{
    readonly Building building;

    Scope(Building building, string path) => (this.building, Path) = (building, path);

    /// <summary>
    /// The root of a component (<c>unet</c>, <c>vae</c>, <c>text_encoder</c>) whose weights are packed for a backend. On a
    /// <see cref="Kernels.Dry.DryBackend"/> nothing is read: the tree then only lists its parameters and counts.
    /// </summary>
    public Scope(string component, IParameters parameters, Backend backend, ModuleTable modules, ElementType precision = ElementType.Float32)
        : this(new(component, parameters, backend, modules, precision), "") { }

    /// <summary>Dots between names; empty at the root.</summary>
    public string Path { get; }

    /// <summary>The path with the component in front: the module's name in traces.</summary>
    public string Name => Path.Length == 0 ? building.Component : building.Component + "." + Path;

    /// <summary>How the component's activations are stored, if it agrees.</summary>
    public ElementType Precision => building.Precision;

    /// <summary>The component's name, the first part of <see cref="Name"/>.</summary>
    public string Component => building.Component;

    /// <summary>The child of this name.</summary>
    public static Scope operator /(Scope scope, string child) =>
        new(scope.building, scope.Path.Length == 0 ? child : scope.Path + "." + child);

    /// <summary>The child at this place of a list.</summary>
    public static Scope operator /(Scope scope, int index) => scope / index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The vector <c>weight</c> or <c>bias</c> of this module, [length].</summary>
    internal Weight Vector(string parameter, int length) => Pack(WeightKind.Vector, parameter, [this], [[length]]);

    /// <summary>The vectors of several modules, one after the other.</summary>
    internal Weight Vectors(string parameter, Scope[] modules, int[] lengths) =>
        Pack(WeightKind.Vector, parameter, modules, [.. lengths.Select(length => new[] { length })]);

    /// <summary>
    /// The weights of this module, or of several that read the same input, stacked. They become targets for LoRA.
    /// </summary>
    internal Weight Product(WeightKind kind, Scope[] modules, int[][] sides)
    {
        var weight = Pack(kind, "weight", modules, sides);
        int firstRow = 0;
        for (int i = 0; i < modules.Length; firstRow += sides[i++][0])
            building.Modules.Add(new(modules[i].Name, weight, firstRow, sides[i]));
        return weight;
    }

    /// <summary>A table of embeddings, [count,width].</summary>
    internal Weight Table(string parameter, int count, int width) => Pack(WeightKind.Table, parameter, [this], [[count, width]]);

    Weight Pack(WeightKind kind, string parameter, Scope[] modules, int[][] sides)
    {
        var sources = new WeightSource[modules.Length];
        for (int i = 0; i < modules.Length; i++)
        {
            string name = modules[i].Path + "." + parameter;
            sources[i] = building.Parameters.Get(name, sides[i]);
        }
        var weight = building.Backend.Pack(kind, sources);
        building.Modules.Own(weight);
        return weight;
    }

    sealed record Building(string Component, IParameters Parameters, Backend Backend, ModuleTable Modules, ElementType Precision);
}

/// <summary>Where a component's parameters come from, by their diffusers names.</summary>
public interface IParameters
{
    /// <summary>The parameter of this name.</summary>
    /// <exception cref="ModelException">It is missing, or has another shape.</exception>
    WeightSource Get(string name, int[] sides);
}

/// <summary>A module that LoRA can attach to: a linear layer or a convolution.</summary>
/// <param name="Name">Component and path: <c>unet.down_blocks.0.attentions.0.proj_in</c>.</param>
/// <param name="Weight">Its packed weight, which may hold other modules' rows too.</param>
/// <param name="FirstRow">Where its rows begin in that weight.</param>
/// <param name="Sides">The shape of its own weight in torch's order.</param>
public sealed record LoraTarget(string Name, Weight Weight, int FirstRow, int[] Sides);

/// <summary>All modules of a model that LoRA can attach to, and all of its packed weights.</summary>
public sealed class ModuleTable : IDisposable
{
    readonly Dictionary<string, LoraTarget> targets = [];
    readonly List<Weight> weights = [];
    readonly List<IDisposable> files = [];

    /// <summary>By name, component first.</summary>
    public IReadOnlyDictionary<string, LoraTarget> Targets => targets;

    /// <summary>Bytes that all packed weights take.</summary>
    public long Bytes => weights.Sum(weight => weight.Bytes);

    internal void Add(LoraTarget target) => targets.Add(target.Name, target);

    internal void Own(Weight weight) => weights.Add(weight);

    /// <summary>Keeps files open that weights may be packed from again.</summary>
    internal void Own(IDisposable opened) => files.Add(opened);

    /// <summary>Frees the packed weights and closes their files.</summary>
    public void Dispose()
    {
        foreach (var weight in weights) weight.Dispose();
        foreach (var file in files) file.Dispose();
        weights.Clear();
        files.Clear();
    }
}
