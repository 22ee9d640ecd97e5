using System.Reflection;
using System.Runtime.Loader;
using PureLcm.Canvas.Serving;

namespace PureLcm.Tools;

/// <summary>
/// ASP.NET Core, found when <c>lcm serve</c> asks for it. Were it one of the program's frameworks, as the SDK would have it, every
/// command would look through its list of assemblies at the start, and none would start where only .NET's own runtime is installed.
/// </summary>
static class AspNetCore
{
    const string Name = "Microsoft.AspNetCore.App";

    /// <summary>From now on its assemblies are found.</summary>
    /// <exception cref="ServerException">It isn't installed.</exception>
    public static void Find()
    {
        // Beside the runtime that this process runs on: …/shared/Microsoft.NETCore.App/10.0.1 and
        // …/shared/Microsoft.AspNetCore.App/10.0.1.
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string shared = Path.Combine(runtime, "..", "..", Name);
        string wanted = Environment.Version.ToString(2);
        string folder = Newest(shared, Environment.Version) ?? throw new ServerException(
            $"lcm serve takes ASP.NET Core {wanted}, which isn't installed beside this .NET: "
            + $"install the package aspnetcore-runtime-{wanted}");
        AssemblyLoadContext.Default.Resolving += (context, name) => Load(context, Path.Combine(folder, name.Name + ".dll"));
    }

    static Assembly? Load(AssemblyLoadContext context, string file) =>
        File.Exists(file) ? context.LoadFromAssemblyPath(Path.GetFullPath(file)) : null;

    /// <summary>The newest version that fits the runtime: the same but for the patch, as .NET's own host chooses.</summary>
    static string? Newest(string shared, Version runtime) => !Directory.Exists(shared) ? null :
        (from path in Directory.EnumerateDirectories(shared)
         let version = Version.TryParse(Path.GetFileName(path), out var parsed) ? parsed : null
         where version is not null && version.Major == runtime.Major && version.Minor == runtime.Minor
         orderby version descending
         select path).FirstOrDefault();
}
