using System.Text;

namespace PureLcm.Tools;

/// <summary>
/// Standard output and standard error whose failing doesn't end the work: on a full disk, with a closed descriptor or a
/// terminal that is gone, what can't be said is left out.
/// </summary>
static class StandardStreams
{
    static Tolerant? output;

    /// <summary>Whether something was left out of standard output.</summary>
    public static bool OutputIsIncomplete => output is { HasFailed: true };

    /// <summary>From now on <see cref="Console"/> writes to these.</summary>
    public static void Install()
    {
        Console.SetOut(output = new(() => Console.Out));
        Console.SetError(new Tolerant(() => Console.Error));
    }

    sealed class Tolerant : TextWriter
    {
        readonly TextWriter inner = Null;

        public Tolerant(Func<TextWriter> open)
        {
            TextWriter? opened = null;
            Try(() => opened = open());
            inner = opened ?? Null;
        }

        public bool HasFailed { get; private set; }

        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Try(() => inner.Write(value));

        public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

        public override void Write(string? value) => Try(() => inner.Write(value));

        // In one piece, so that lines of two processes don't mix.
        public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

        public override void Flush() => Try(inner.Flush);

        void Try(Action write)
        {
            try
            {
                write();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                HasFailed = true;
            }
        }
    }
}
