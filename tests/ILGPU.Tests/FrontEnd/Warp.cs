namespace ILGPU;

/// <summary>By its name, the real library's, which compat doesn't have: a kernel that calls it is refused.</summary>
static class Warp
{
    public static int ShuffleDown(int value, int delta) => value + delta;
}
