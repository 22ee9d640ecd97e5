using System.Reflection;
using SixLabors.ImageSharp;

namespace PureLcm.ImageSharp.Tests;

/// <summary>Which ImageSharp this build took.</summary>
static class Chosen
{
    /// <summary>"compat", or "real" and the version.</summary>
    public static string Statement { get; } = Assembly.Load("PureLcm.Compat.ImageSharp").GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "PureLcm.Packages.SixLabors.ImageSharp").Value!;

    public static bool IsReal => Statement.StartsWith("real 3.1.", StringComparison.Ordinal);
}

public class ChoiceTests
{
    [Fact]
    public void TheAssemblyStatesWhichOneIsInUse() =>
        Assert.Equal(Chosen.IsReal ? "SixLabors.ImageSharp" : "PureLcm.Compat.ImageSharp", typeof(Image).Assembly.GetName().Name);
}
