using PureLcm.Weights;

namespace PureLcm.Model.Schedulers;

/// <summary>What a network was trained to predict from a noisy latent.</summary>
public enum Prediction
{
    /// <summary>The noise in it (Ho et al. 2020, arXiv:2006.11239).</summary>
    Epsilon,
    /// <summary>v = alpha e - sigma x0 (Salimans and Ho 2022, arXiv:2202.00512).</summary>
    Velocity,
    /// <summary>The clean latent x0.</summary>
    Sample,
}

/// <summary>
/// How noise was mixed into latents in training: x_t = sqrt(ab_t) x0 + sqrt(1 - ab_t) e, ab (alphaCumprod) falling from
/// almost 1 at t = 0 to almost 0 at the last timestep (Ho et al. 2020, equation 4); and what the network predicts.
/// Values are rounded to fp32 where diffusers rounds them: the betas, and each product of alphas.
/// </summary>
public sealed class NoiseSchedule
{
    readonly float[] alphaCumprod;

    NoiseSchedule(float[] alphaCumprod, Prediction prediction) => (this.alphaCumprod, Prediction) = (alphaCumprod, prediction);

    /// <summary>What the network predicts.</summary>
    public Prediction Prediction { get; }

    /// <summary>Timesteps of the training, 1000.</summary>
    public int Count => alphaCumprod.Length;

    /// <summary>ab_t, the share of the clean latent's variance at timestep t.</summary>
    public double AlphaCumprod(int t) => alphaCumprod[t];

    /// <summary>Reads a schedule from scheduler_config.json.</summary>
    /// <param name="config">The configuration, of whatever scheduler class.</param>
    /// <param name="defaultBetas">The target class's defaults for what the file does not say.</param>
    /// <exception cref="WeightsException">A field says something that is not supported.</exception>
    internal static NoiseSchedule Read(Config config, (string Schedule, double Start, double End) defaultBetas)
    {
        config.Only("trained_betas", null);
        config.Only("thresholding", false);
        const int most = 1_000_000;
        int count = config.Int("num_train_timesteps", 1000, least: 1);
        double start = config.Double("beta_start", defaultBetas.Start), end = config.Double("beta_end", defaultBetas.End);
        if (count > most || !(start >= 0 && start <= end && end < 1))
            throw new WeightsException(config.Path, $"noise from beta_start {start} to beta_end {end} over {count} timesteps can't be", "betas rise from 0 or more to less than 1: correct the file, or fetch it again");
        float[] betas = OneOf(config, "beta_schedule", defaultBetas.Schedule, "linear", "scaled_linear", "squaredcos_cap_v2") switch
        {
            "linear" => Linspace(start, end, count),
            "scaled_linear" => Squared(Linspace(Math.Sqrt(start), Math.Sqrt(end), count)),
            _ => SquaredCosine(count),
        };
        if (config.Bool("rescale_betas_zero_snr", false)) betas = WithoutSignalAtTheEnd(betas);
        var prediction = OneOf(config, "prediction_type", "epsilon", "v_prediction", "sample") switch
        {
            "epsilon" => Prediction.Epsilon,
            "v_prediction" => Prediction.Velocity,
            _ => Prediction.Sample,
        };
        return new NoiseSchedule(Cumulate(betas), prediction);
    }

    /// <summary>A text that has to be one of a few; the first of them where the field is missing.</summary>
    internal static string OneOf(Config config, string key, string fallback, params string[] others)
    {
        string value = config.String(key, fallback);
        return value == fallback || others.Contains(value) ? value
            : throw new WeightsException(config.Path, $"{key} is \"{value}\", which is not supported", $"this version runs {string.Join(", ", others.Append(fallback).Distinct().Order(StringComparer.Ordinal))}: use another model");
    }

    /// <summary>The cumulative product of 1 - beta, in double; each is stored as fp32.</summary>
    static float[] Cumulate(float[] betas)
    {
        var products = new float[betas.Length];
        double product = 1;
        for (int t = 0; t < betas.Length; t++) products[t] = (float)(product *= 1 - betas[t]);
        return products;
    }

    /// <summary>count values from start to end, computed from both ends in fp32 as torch's linspace is.</summary>
    static float[] Linspace(double start, double end, int count)
    {
        var values = new float[count];
        float first = (float)start, last = (float)end, step = count > 1 ? (last - first) / (count - 1) : 0;
        for (int i = 0; i < count; i++) values[i] = i < count / 2 || count == 1 ? first + step * i : last - step * (count - 1 - i);
        return values;
    }

    static float[] Squared(float[] values)
    {
        for (int i = 0; i < values.Length; i++) values[i] *= values[i];
        return values;
    }

    /// <summary>Nichol and Dhariwal 2021, arXiv:2102.09672, equation 17: ab is a squared cosine of time; no beta above 0.999.</summary>
    static float[] SquaredCosine(int count)
    {
        return [.. Enumerable.Range(0, count).Select(t => (float)Math.Min(1 - AlphaBar(t + 1) / AlphaBar(t), 0.999))];

        double AlphaBar(int t) => Math.Pow(Math.Cos(((double)t / count + 0.008) / 1.008 * Math.PI / 2), 2);
    }

    /// <summary>Stretches sqrt(ab) so that the last timestep is all noise (Lin et al. 2023, arXiv:2305.08891, algorithm 1).</summary>
    static float[] WithoutSignalAtTheEnd(float[] betas)
    {
        var root = Cumulate(betas).Select(MathF.Sqrt).ToArray();
        float first = root[0], last = root[^1], stretch = first / (first - last);
        var stretched = root.Select(r => (r - last) * stretch).Select(r => r * r).ToArray();
        return [.. stretched.Select((ab, t) => 1 - (t == 0 ? ab : ab / stretched[t - 1]))];
    }

    /// <summary>x0 as the network's output says it: X x + Output output.</summary>
    internal (double X, double Output) CleanEstimate(int t)
    {
        double ab = alphaCumprod[t], alpha = Math.Sqrt(ab), sigma = Math.Sqrt(1 - ab);
        if (Prediction == Prediction.Epsilon && ab == 0)
            throw new ModelException($"at timestep {t} the latent is all noise (rescale_betas_zero_snr), which a network that predicts noise can't leave; its scheduler_config.json has to say prediction_type v_prediction, or rescale_betas_zero_snr false");
        return Prediction switch
        {
            Prediction.Epsilon => (1 / alpha, -sigma / alpha),
            Prediction.Velocity => (alpha, -sigma),
            _ => (0, 1),
        };
    }

    /// <summary>The noise in x as the network's output says it: X x + Output output.</summary>
    internal (double X, double Output) NoiseEstimate(int t)
    {
        double ab = alphaCumprod[t], alpha = Math.Sqrt(ab), sigma = Math.Sqrt(1 - ab);
        return Prediction switch
        {
            Prediction.Epsilon => (0, 1),
            Prediction.Velocity => (sigma, alpha),
            _ => (1 / sigma, -alpha / sigma),
        };
    }
}
