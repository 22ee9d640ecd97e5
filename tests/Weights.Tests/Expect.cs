namespace PureLcm.Weights.Tests;

/// <summary>What tests ask of errors.</summary>
static class Expect
{
    /// <summary>The action fails with one sentence that has each of these words.</summary>
    public static WeightsException Error(Action action, params string[] words)
    {
        var error = Assert.Throws<WeightsException>(action);
        Assert.All(words, word => Assert.Contains(word, error.Message));
        Assert.DoesNotContain('\n', error.Message);
        Assert.StartsWith(error.Path + ": ", error.Message);
        return error;
    }

    /// <summary>Likewise, for what would give something to dispose of.</summary>
    public static WeightsException Error(Func<object> action, params string[] words) => Error(() => { action(); }, words);
}
