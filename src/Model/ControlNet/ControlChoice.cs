using PureLcm.Model.Pictures;

namespace PureLcm.Model.ControlNet;

/// <summary>A picture that a ControlNet makes the result follow.</summary>
/// <param name="Picture">
/// What the ControlNet was trained on: edges, strokes, a depth map. Resized to the result's size as diffusers does it.
/// </param>
public sealed record ControlChoice(Picture Picture)
{
    /// <summary>Which of the ControlNets that the model was loaded with, from 0.</summary>
    public int Network { get; init; }

    /// <summary>How strongly it acts; 1 as it was trained.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>From which share of the steps on it acts, from 0.</summary>
    public double Start { get; init; }

    /// <summary>Up to which share of the steps it acts, at most 1.</summary>
    public double End { get; init; } = 1;

    /// <summary>Whether it acts in a step: diffusers' control_guidance_start and control_guidance_end.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="steps">Of how many.</param>
    public bool ActsIn(int step, int steps) => Scale != 0 && !((double)step / steps < Start) && !((double)(step + 1) / steps > End);

    /// <summary>Refuses what can't be meant.</summary>
    /// <param name="networks">How many ControlNets there are.</param>
    /// <exception cref="ChoiceException">A number is out of its range.</exception>
    internal void Require(int networks)
    {
        if (Network < 0 || Network >= networks)
            throw new ChoiceException($"there is no ControlNet {Network} among the {networks} that the model was loaded with, which are counted from 0");
        if (!double.IsFinite(Scale) || Math.Abs(Scale) > 100)
            throw new ChoiceException(FormattableString.Invariant($"a ControlNet's scale of {Scale} can't be meant: give a number such as 1 or 0.8"));
        if (!(Start >= 0 && Start < End && End <= 1))
            throw new ChoiceException(FormattableString.Invariant($"a ControlNet can't act from {Start} to {End} of the steps: these are shares from 0 to 1, and it starts before it ends"));
    }
}
