namespace PureLcm.Canvas.Making;

/// <summary>How many pictures may be asked for and not yet made, so that nobody waits for what will never come in time.</summary>
/// <param name="most">The most at once, the one that is being made among them.</param>
sealed class Admission(int most)
{
    int held;

    /// <summary>Pictures that are asked for and not made.</summary>
    public int Held => Volatile.Read(ref held);

    /// <summary>Makes room for a request's pictures; null where there is none.</summary>
    public Place? TryEnter(int pictures)
    {
        int before = held;
        while (before + pictures <= most)
        {
            int now = Interlocked.CompareExchange(ref held, before + pictures, before);
            if (now == before) return new(this, pictures);
            before = now;
        }
        return null;
    }

    /// <summary>A request's room, given back picture by picture, and what is left of it at its end.</summary>
    public sealed class Place(Admission admission, int pictures) : IDisposable
    {
        int left = pictures;

        /// <summary>One picture is made.</summary>
        public void Made()
        {
            left--;
            Interlocked.Decrement(ref admission.held);
        }

        /// <summary>Gives back the rest.</summary>
        public void Dispose()
        {
            Interlocked.Add(ref admission.held, -left);
            left = 0;
        }
    }
}
