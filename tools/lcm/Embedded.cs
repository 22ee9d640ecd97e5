namespace PureLcm.Tools;

/// <summary>What lies beside the program.</summary>
static class Embedded
{
    /// <summary>The model that is used where none is named.</summary>
    public static string Model => Path.Combine(AppContext.BaseDirectory, "models", "picturebook");

    /// <summary>The reference cases that need no other model.</summary>
    public static string Cases => Path.Combine(AppContext.BaseDirectory, "reference");
}
