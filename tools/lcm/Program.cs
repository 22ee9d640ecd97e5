using System.CommandLine;
using PureLcm.Tools;
using PureLcm.Tools.Commands;

// A command is made when it is asked for: the options of all of them take a hundredth of a second.
var commands = new Dictionary<string, Func<Command>>
{
    ["generate"] = Generate.Command,
    ["compare"] = Compare.Command,
    ["again"] = Again.Command,
    ["preprocess"] = Preprocess.Command,
    ["info"] = Info.Command,
    ["verify"] = Verify.Command,
    ["devices"] = ListDevices.Command,
    ["synth"] = Synth.Command,
    ["serve"] = Serve.Command,
};
var root = new RootCommand("Pictures from words with latent consistency models, in C# alone.");
if (args.Length > 0 && commands.TryGetValue(args[0], out var one)) root.Subcommands.Add(one());
else foreach (var make in commands.Values) root.Subcommands.Add(make());
return Exit.Run(root, args);
