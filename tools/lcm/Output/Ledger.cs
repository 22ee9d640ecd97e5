namespace PureLcm.Tools.Output;

/// <summary>
/// What the command has brought to the disk, and what it has under way there. So that it can be stopped at any moment: what
/// isn't finished is taken back, and what is said about the rest is true.
/// </summary>
static class Ledger
{
    static readonly Lock gate = new();
    static readonly List<Entry> underWay = [];
    static string done = "nothing was written";

    /// <summary>Whether anything was written.</summary>
    public static bool HasWritten { get; private set; }

    /// <summary>What was written, or whatever else was done, as the end of a sentence.</summary>
    public static string Done
    {
        get { lock (gate) return done; }
    }

    /// <summary>Something that has to be taken back, unless it has been finished by then. Disposing of the result takes it back too.</summary>
    public static IDisposable Begin(Action takeBack)
    {
        var entry = new Entry(takeBack);
        lock (gate) underWay.Add(entry);
        return entry;
    }

    /// <summary>Puts something in its final place; from then on it is what was done.</summary>
    /// <param name="publish">Does it in one go; gives the words that say what was done.</param>
    public static void Finish(Func<string> publish)
    {
        lock (gate)
        {
            done = publish();
            HasWritten = true;
        }
    }

    /// <summary>What a command has done that writes nothing.</summary>
    public static void Note(string what)
    {
        lock (gate) done = what;
    }

    /// <summary>
    /// Takes back what is under way, and lets nobody finish anything afterwards: for a process that ends now, whatever its other
    /// threads are doing.
    /// </summary>
    public static string Close()
    {
        gate.Enter(); // for good
        foreach (var entry in Enumerable.Reverse(underWay)) entry.TakeBack();
        return done;
    }

    sealed class Entry(Action takeBack) : IDisposable
    {
        public void TakeBack()
        {
            try
            {
                takeBack();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The command's own error, or its being stopped, says more than this one would.
            }
        }

        public void Dispose()
        {
            lock (gate)
            {
                TakeBack();
                underWay.Remove(this);
            }
        }
    }
}
