namespace PureLcm.Tools.Output;

/// <summary>Names for what is not finished yet.</summary>
static class PartialName
{
    /// <summary>A name that nobody has: hidden, and short, so that it fits wherever the final name does.</summary>
    public static string New() => $".lcm-{Path.GetRandomFileName()}";
}
