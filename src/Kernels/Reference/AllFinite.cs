namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>True unless some value is infinite or not a number.</summary>
    public override bool AllFinite(Tensor x)
    {
        for (nint row = 0; row < x.Shape.Rows; row++)
            for (int c = 0; c < x.Shape.C; c++)
                if (!float.IsFinite(Row(x, row)[c])) return false;
        return true;
    }
}
