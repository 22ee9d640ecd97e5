using PureLcm.Weights;

namespace PureLcm.Model.Lora;

/// <summary>Tells an LCM-LoRA from other LoRAs.</summary>
static class LcmRecognition
{
    public static bool IsLcm(LoraFile file)
    {
        string path = Path.GetFullPath(file.Path);
        return Named(Path.GetFileName(path)) || Named(Path.GetFileName(Path.GetDirectoryName(path)) ?? "");

        static bool Named(string name) => name.Contains("lcm", StringComparison.OrdinalIgnoreCase);
    }
}
