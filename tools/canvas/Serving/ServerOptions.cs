using System.Net;

namespace PureLcm.Canvas.Serving;

/// <summary>Where a server listens, and whom it answers.</summary>
public sealed record ServerOptions
{
    /// <summary>The address to listen on; this machine alone, by either version of IP, when null.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The port; 0 for one that is free.</summary>
    public int Port { get; init; } = 7860;

    /// <summary>What a client has to show to be answered: printable ASCII without blanks. Everybody is answered when null.</summary>
    public string? Token { get; init; }

    /// <summary>Whether others may be answered without a token.</summary>
    public bool Insecure { get; init; }

    /// <summary>What is too much.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>Told of faults that are the program's own, a text each; they are nobody's answer.</summary>
    public Action<string> Report { get; init; } = Console.Error.WriteLine;

    /// <summary>The clock by which pictures' links expire.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLocal => Address is null || IPAddress.IsLoopback(Address);
}

/// <summary>What a request may ask for at most, and what all of them together may hold.</summary>
public sealed record ServerLimits
{
    /// <summary>Bytes of a request's body. A prompt of 32000 characters takes 192000 at most, however it is written.</summary>
    public int BodyBytes { get; init; } = 256 << 10;

    /// <summary>Characters of a prompt.</summary>
    public int PromptLength { get; init; } = 32000;

    /// <summary>Pixels of a picture's longer side; the model's own size is always allowed.</summary>
    public int Side { get; init; } = 1024;

    /// <summary>Steps of the sampler.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Pictures of a request.</summary>
    public int Pictures { get; init; } = 10;

    /// <summary>Pictures on the way that a stream may ask for.</summary>
    public int Partials { get; init; } = 3;

    /// <summary>Pictures of all requests that are asked for and not yet made.</summary>
    public int Queue { get; init; } = 64;

    /// <summary>From a request's end to its answer. OpenAI's clients wait as long.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Connections at once.</summary>
    public int Connections { get; init; } = 512;

    /// <summary>Bytes of pictures that are kept for their links; the oldest go first.</summary>
    public int LinkedBytes { get; init; } = 64 << 20;

    /// <summary>How long a picture's link is good, as OpenAI has it.</summary>
    public TimeSpan LinkTime { get; init; } = TimeSpan.FromMinutes(60);
}
