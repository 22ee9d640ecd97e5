using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PureLcm.Lcm.Tests;

/// <summary>A terminal of Linux's, as a window shows one: what is written to <see cref="Path"/> is read here.</summary>
sealed partial class Terminal : IDisposable
{
    const int ReadWrite = 2, NotOurs = 0x100, Interrupted = 4; // O_RDWR, O_NOCTTY, EINTR

    readonly SafeFileHandle handle;
    readonly byte[] buffer = new byte[1 << 16];

    public Terminal()
    {
        int descriptor = Open(ReadWrite | NotOurs);
        Assert.True(descriptor >= 0 && Grant(descriptor) == 0 && Unlock(descriptor) == 0, "no terminal can be made here");
        var name = new byte[256];
        Assert.Equal(0, Name(descriptor, name, name.Length));
        Path = Encoding.ASCII.GetString(name, 0, Array.IndexOf(name, (byte)0));
        handle = new((nint)descriptor, ownsHandle: true);
    }

    public string Path { get; }

    /// <summary>Waits for something to read, and reads it.</summary>
    public string Read()
    {
        nint count;
        do count = Receive(handle, buffer, buffer.Length);
        while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted); // by a signal that a child has ended, say
        return count > 0 ? Encoding.UTF8.GetString(buffer, 0, (int)count) : throw new InvalidOperationException("the terminal has nobody who writes to it");
    }

    /// <summary>Reads up to a text and what comes with it.</summary>
    public string ReadUntil(string text)
    {
        var shown = new StringBuilder();
        while (!shown.ToString().Contains(text, StringComparison.Ordinal)) shown.Append(Read());
        return shown.ToString();
    }

    /// <summary>The window is closed.</summary>
    public void Close() => handle.Dispose();

    public void Dispose() => Close();

    [LibraryImport("libc", EntryPoint = "posix_openpt")]
    private static partial int Open(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt")]
    private static partial int Grant(int descriptor);

    [LibraryImport("libc", EntryPoint = "unlockpt")]
    private static partial int Unlock(int descriptor);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    private static partial int Name(int descriptor, byte[] name, nint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle descriptor, byte[] buffer, nint count);
}
