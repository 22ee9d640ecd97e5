using System.CommandLine;
using PureLcm.Model.Layers;
using PureLcm.Tools;
using PureLcm.Tools.Commands;

var root = new RootCommand("Pictures from words with latent consistency models, in C# alone.")
{
    Generate.Command(),
    Compare.Command(),
    Again.Command(),
    Preprocess.Command(),
    Info.Command(),
    Verify.Command(),
    ListDevices.Command(),
    Synth.Command(),
    Serve.Command(),
};
return Exit.Run(root, args);
