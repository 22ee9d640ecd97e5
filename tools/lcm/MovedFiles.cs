using PureLcm.Model;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Tools;

/// <summary>
/// Finds the files that a picture's text names. It says names and hashes, not places: so a file is looked for next to the
/// picture, in the current folder and with the model, and one that is another file of the same name is said.
/// </summary>
/// <param name="picture">The picture's file.</param>
/// <param name="say">Told what a person should know, a line each.</param>
sealed class MovedFiles(string picture, Action<string> say)
{
    const string Ending = ".safetensors";

    string Beside => Path.GetDirectoryName(Path.GetFullPath(picture))!;

    /// <summary>The model's folder; null for the one that comes with the program.</summary>
    /// <param name="made">What the picture says.</param>
    /// <param name="given">The folder that was named in its place, or null.</param>
    /// <exception cref="ModelException">There is none.</exception>
    public string? Model(GenerationParameters made, string? given)
    {
        if (given is not null)
        {
            if (Directory.Exists(given) || File.Exists(given)) Compare(made, given);
            return given; // one that isn't there is said by what loads it
        }
        if (!made.IsOwn)
            throw new ModelException(
                $"{picture}: it was made by another program with the model {Quoted(made.Model)}; name that model's folder with --model");
        if (made.ModelFolder is { } folder && Directory.Exists(folder)) return folder; // older versions wrote the whole path
        if (made.ModelFolder is null && made.ModelFingerprint is null) return null; // and nothing for the picture book
        if (made.ModelFingerprint is { } print && FileHashes.Same(print, FileHashes.Model(Embedded.Model))) return null;
        string[] found = IsName(made.Model)
            ? [.. new[] { Beside, ".", "models" }.Select(place => Path.Combine(place, made.Model))
                .Where(path => File.Exists(Path.Combine(path, "model_index.json")))]
            : [];
        if (found.FirstOrDefault(path => made.ModelFingerprint is { } known && FileHashes.Same(known, FileHashes.Model(path))) is { } same)
            return same;
        if (found.Length == 0)
            throw new ModelException(
                $"{picture}: it was made with the model {Quoted(made.Model)}, and there is no such folder next to it or here; name the "
                + "model's folder with --model");
        Compare(made, found[0]);
        return found[0];
    }

    /// <summary>The picture's LoRAs as files.</summary>
    /// <param name="made">What the picture says.</param>
    /// <param name="model">The model's folder.</param>
    /// <param name="given">
    /// Files that were named: each takes the place of the LoRA of its name, or else of the first that can't be found. A null weight means
    /// the picture's.
    /// </param>
    /// <exception cref="ModelException">One can't be found.</exception>
    public LoraChoice[] Loras(GenerationParameters made, string model, IReadOnlyList<(string Path, float? Weight)> given)
    {
        var files = new string?[made.Loras.Count];
        var weights = made.Loras.Select(lora => lora.Weight).ToArray();
        var others = new List<(string Path, float? Weight)>();
        foreach (var file in given)
        {
            int place = Enumerable.Range(0, files.Length).FirstOrDefault(i => files[i] is null && Names(made.Loras[i], file.Path), -1);
            if (place < 0) others.Add(file);
            else (files[place], weights[place]) = (file.Path, file.Weight ?? weights[place]);
        }
        for (int i = 0; i < files.Length; i++) files[i] ??= Find(made.Loras[i], model);
        foreach (var file in others)
        {
            int place = Array.IndexOf(files, null);
            if (place < 0)
                throw new ModelException(
                    $"--lora {file.Path}: the picture was made with {Listed(made)}, and none that is missing; give a LoRA of one of "
                    + "these names, or use lcm generate");
            (files[place], weights[place]) = (file.Path, file.Weight ?? weights[place]);
        }
        for (int i = 0; i < files.Length; i++)
        {
            var lora = made.Loras[i];
            if (files[i] is not { } file)
                throw new ModelException(
                    $"{picture}: it was made with the LoRA {Quoted(lora.FileName)}, and there is no such file next to it, here or in "
                    + "the model's loras folder; name the file with --lora");
            if (lora.Hash is { } hash && File.Exists(file) && FileHashes.Lora(file) is var its && !FileHashes.Same(hash, its))
                say($"{file} is not the LoRA that the picture was made with: its hash is {its}, the picture says {hash}");
        }
        return [.. files.Select((file, i) => new LoraChoice(file!, weights[i]))];
    }

    string? Find(UsedLora lora, string model)
    {
        // Older versions wrote the whole path; a stranger's text gets no other kind of file opened.
        if (lora.Name != lora.FileName && lora.Name.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) && File.Exists(lora.Name))
            return lora.Name;
        if (!IsName(lora.FileName)) return null;
        string[] found = [.. new[] { Beside, ".", Path.Combine(model, "loras") }.Select(place => Path.Combine(place, lora.Title + Ending))
            .Where(File.Exists)];
        return found.FirstOrDefault(file => lora.Hash is { } hash && FileHashes.Same(hash, FileHashes.Lora(file)))
            ?? found.FirstOrDefault();
    }

    void Compare(GenerationParameters made, string model)
    {
        if (made.ModelFingerprint is { } said && FileHashes.Model(model) is var its && !FileHashes.Same(said, its))
            say($"{model} is not the model that the picture was made with: its fingerprint is {its}, the picture says {said}");
    }

    static bool Names(UsedLora lora, string path) =>
        string.Equals(lora.Title, new UsedLora(Path.GetFileName(path)).Title, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it names something in a folder and not outside it.</summary>
    static bool IsName(string name) => name.Length > 0 && name is not ("." or "..") && name.AsSpan().IndexOfAny(OperatingSystem.IsWindows() ? "/\\:\0" : "/\0") < 0;

    static string Listed(GenerationParameters made) =>
        made.Loras.Count == 0 ? "no LoRA" : string.Join(", ", made.Loras.Select(lora => Quoted(lora.FileName)));

    static string Quoted(string text) => $"\"{Printable.Of(text)}\"";
}
