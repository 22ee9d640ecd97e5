namespace PureLcm.Lcm.Tests;

/// <summary>Models for tests, made of others.</summary>
static class TestModel
{
    /// <summary>Copies a model's folder, without some of its folders.</summary>
    public static void Copy(string from, string to, params string[] except)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (string folder in Directory.GetDirectories(from).Where(folder => !except.Contains(Path.GetFileName(folder))))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
