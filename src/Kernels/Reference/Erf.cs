namespace PureLcm.Kernels.Reference;

/// <summary>
/// The error function erf(x) = 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x, which .NET hasn't, to about 1e-15.
/// Abramowitz and Stegun 1964, Handbook of Mathematical Functions, chapter 7.
/// </summary>
static class Erf
{
    /// <summary>Below, the series has few terms; above, the continued fraction has.</summary>
    const double Border = 2;

    /// <summary>erf(x).</summary>
    public static double Of(double x) => Math.Abs(x) < Border ? Series(x) : Math.CopySign(1 - Tail(Math.Abs(x)), x);

    /// <summary>erfc(x) = 1 - erf(x), with its digits where erf(x) is near 1.</summary>
    public static double Complement(double x) => x < Border ? 1 - Of(x) : Tail(x);

    /// <summary>
    /// Equation 7.1.6: erf(x) = 2 / sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n+1) / (1 * 3 * … * (2n+1)).
    /// All terms have x's sign, so nothing cancels.
    /// </summary>
    static double Series(double x)
    {
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    /// <summary>
    /// Equation 7.1.14, for x > 0: erfc(x) = exp(-x^2) / sqrt(pi) * 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), from the inside.
    /// From <see cref="Border"/> on, what 100 levels leave out is below 1e-16 of it.
    /// </summary>
    static double Tail(double x)
    {
        double fraction = x;
        for (int n = 100; n > 0; n--) fraction = x + n / 2.0 / fraction;
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }
}
