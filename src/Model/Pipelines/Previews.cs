using PureLcm.Model.Pictures;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// Pictures on the way: after some of the steps, what the step took for the clean latent, decoded. They cost a decoding each and
/// change no bit of the picture itself.
/// </summary>
/// <param name="Count">
/// How many of a picture at most, spread evenly over its steps; the last step's is the picture, and is not among them.
/// </param>
/// <param name="Show">Called on the thread that computes, in order; the device waits for it.</param>
public sealed record Previews(int Count, Action<StepPicture> Show)
{
    /// <summary>Whether one is due after a step, counted from 0.</summary>
    internal bool IsDue(int step, int steps)
    {
        if (step + 1 >= steps) return false;
        int shown = Math.Clamp(Count, 0, steps - 1);
        // The k-th of them stands after step k * steps / (shown + 1), rounded down: a step counts where that number grows.
        return Before(step + 1) > Before(step);

        // How many of the places k * steps / (shown + 1), k from 1, are at most a number of steps done.
        int Before(int done) => Enumerable.Range(1, shown).Count(k => k * steps / (shown + 1) <= done);
    }
}

/// <summary>A picture as a step estimated it.</summary>
/// <param name="Index">Which of the pictures of this run, from 0.</param>
/// <param name="Step">After which step, from 0.</param>
/// <param name="Picture">What it looked like.</param>
public sealed record StepPicture(int Index, int Step, Picture Picture);
