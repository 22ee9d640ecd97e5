using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Docs;

/// <summary>The program of README.md, run in a folder that has models/picturebook.</summary>
static class Readme
{
    public static void Run()
    {
        using var pipeline = TextToImage.Load("models/picturebook");
        Picture picture = pipeline.Generate("a red house in the snow at night", new() { Steps = 4, Seed = 7 });
        picture.Save("house.png");
    }
}
