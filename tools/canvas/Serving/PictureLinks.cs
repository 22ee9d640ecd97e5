using System.Security.Cryptography;

namespace PureLcm.Canvas.Serving;

/// <summary>
/// Pictures that clients asked to get by a link: kept in memory for an hour, or until newer ones need the room. A link's name has
/// 128 random bits, so that who knows it was given it.
/// </summary>
sealed class PictureLinks(ServerLimits limits, TimeProvider clock)
{
    readonly Lock guard = new();
    readonly Dictionary<string, Kept> byName = [];
    readonly Queue<string> oldestFirst = new();
    long bytes;

    /// <summary>Keeps a PNG file.</summary>
    /// <returns>Its name.</returns>
    public string Keep(byte[] png)
    {
        string name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        lock (guard)
        {
            byName.Add(name, new(png, clock.GetUtcNow() + limits.LinkTime));
            oldestFirst.Enqueue(name);
            bytes += png.Length;
            // The newest stays, however large it is: it was just promised.
            while (oldestFirst.Count > 1 && (bytes > limits.LinkedBytes || HasExpired(oldestFirst.Peek()))) Drop();
        }
        return name;
    }

    /// <summary>A kept file; null where there is none of that name, or no longer.</summary>
    public byte[]? Find(string name)
    {
        lock (guard)
        {
            while (oldestFirst.Count > 0 && HasExpired(oldestFirst.Peek())) Drop();
            return byName.TryGetValue(name, out var kept) ? kept.Png : null;
        }
    }

    bool HasExpired(string name) => byName[name].Until <= clock.GetUtcNow();

    void Drop()
    {
        byName.Remove(oldestFirst.Dequeue(), out var kept);
        bytes -= kept!.Png.Length;
    }

    sealed record Kept(byte[] Png, DateTimeOffset Until);
}
