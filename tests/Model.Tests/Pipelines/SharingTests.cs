using PureLcm.Kernels.Cpu;
using PureLcm.Model.Lora;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>One device and one model under many hands: every picture is the one that its caller gets alone.</summary>
public sealed class SharingTests
{
    static readonly string[] prompts = ["a red house in the snow", "a blue boat on the sea", "a castle in a meadow"];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static string Style => Path.Combine(Repository.Picturebook, "loras", "cyanotype.safetensors");

    /// <summary>
    /// Two pipelines with models of their own and eight callers on one backend, half of them asynchronous, each with options,
    /// and LoRA weights, of its own. Without turns 6 of 8 pictures were wrong, or the process died.
    /// </summary>
    [Fact]
    public async Task TwoPipelinesAndEightCallersOnOneDevice()
    {
        using var backend = new CpuBackend(2);
        using var styled = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(Style)] }, backend, cancellationToken: Cancellation);
        using var plain = TextToImage.Load(Repository.Picturebook, null, backend, cancellationToken: Cancellation);
        var jobs = Enumerable.Range(0, 8).Select(i =>
        {
            var pipeline = i % 2 == 0 ? styled : plain;
            var loras = pipeline.Model.LoraWeights.Select(item => item.Lora.IsLcm ? item : item with { Weight = 0.25f * i }).ToArray();
            return (Pipeline: pipeline, Prompt: prompts[i % 3], Options: new GenerateOptions { Steps = 2, Seed = i, Width = i < 4 ? 64 : 128, Height = 64, Loras = loras });
        }).ToArray();
        var alone = jobs.Select(job => job.Pipeline.Generate(job.Prompt, job.Options, Cancellation)).ToArray();

        for (int round = 0; round < 3; round++)
        {
            var pictures = await Task.WhenAll(jobs.Select((job, i) => i % 4 < 2
                ? Task.Run(() => job.Pipeline.Generate(job.Prompt, job.Options, Cancellation), Cancellation)
                : job.Pipeline.GenerateAsync(job.Prompt, job.Options, Cancellation)));
            for (int i = 0; i < jobs.Length; i++) Assert.True(alone[i].Rgb.AsSpan().SequenceEqual(pictures[i].Rgb), $"round {round}: caller {i} got another picture");
        }
        Assert.Equal(0, backend.BytesInUse);
    }

    /// <summary>Which LoRAs act, and how strongly, is an argument of the call: it says the same as loading the model that way.</summary>
    [Fact]
    public void LoraWeightsBelongToTheRun()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(Style, 1)] }, cancellationToken: Cancellation);
        var options = new GenerateOptions { Steps = 2, Seed = 5, Width = 64, Height = 64 };
        Picture At(float weight) => pipeline.Generate(prompts[0], options with
        {
            Loras = [.. pipeline.Model.LoraWeights.Select(item => item.Lora.IsLcm ? item : item with { Weight = weight })],
        }, Cancellation);
        var half = At(0.5f);
        Assert.Equal(Loaded([new(Style, 0.5f)]).Rgb, half.Rgb);
        Assert.Equal(Loaded([]).Rgb, At(0).Rgb);
        Assert.Equal(pipeline.Generate(prompts[0], options, Cancellation).Rgb, At(1).Rgb);
        Assert.Equal(half.Rgb, At(0.5f).Rgb); // and nothing of the runs between is left
        Assert.NotEqual(half.Rgb, At(1).Rgb);

        // Without its LCM-LoRA the model is an ordinary one, which takes 25 steps of DDIM.
        var off = pipeline.Resolve(new() { Loras = [] });
        Assert.Equal((Model.Schedulers.SchedulerKind.Ddim, 25, 7.5), (off.Scheduler, off.Steps, off.Guidance));

        Picture Loaded(LoraChoice[] loras)
        {
            using var other = TextToImage.Load(Repository.Picturebook, new() { Loras = loras }, cancellationToken: Cancellation);
            return other.Generate(prompts[0], options, Cancellation);
        }
    }

    [Fact]
    public async Task WaitingCanBeGivenUp()
    {
        using var backend = new CpuBackend(2);
        using var pipeline = TextToImage.Load(Repository.Picturebook, null, backend, cancellationToken: Cancellation);
        using var stop = new CancellationTokenSource();
        var options = new GenerateOptions { Steps = 1, Width = 64, Height = 64 };
        Task<Picture> waiting, asleep;
        using (await backend.Queue.EnterAsync(Cancellation))
        {
            waiting = pipeline.GenerateAsync(prompts[0], options, stop.Token);
            asleep = Task.Factory.StartNew(() => pipeline.Generate(prompts[0], options, stop.Token), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            while (backend.Queue.Waiting < 2) await Task.Delay(1, Cancellation);
            stop.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asleep);
        }
        Assert.Equal(0, backend.Queue.Waiting);
        pipeline.Generate(prompts[0], options, Cancellation); // the device is free
        Assert.Equal(0, backend.BytesInUse);
    }

    /// <summary>A run that is cancelled in its middle gives all of its memory back, and the device.</summary>
    [Fact]
    public void ACancelledRunLeavesNothingBehind()
    {
        using var backend = new CpuBackend(2);
        using var pipeline = TextToImage.Load(Repository.Picturebook, null, backend, cancellationToken: Cancellation);
        var before = pipeline.Generate(prompts[1], new() { Steps = 2, Seed = 1 }, Cancellation);
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => pipeline.Generate(prompts[1], new() { Steps = 8, Seed = 1, OnStep = step => { if (step.Step == 1) stop.Cancel(); } }, stop.Token));
        Assert.Equal(0, backend.BytesInUse);
        Assert.Equal(before.Rgb, pipeline.Generate(prompts[1], new() { Steps = 2, Seed = 1 }, Cancellation).Rgb);
    }

    /// <summary>A callback that begins another run on the device that calls it would wait for itself.</summary>
    [Fact]
    public async Task ARunInsideARunsCallbackIsTold()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: Cancellation);
        var options = new GenerateOptions { Steps = 1, Width = 64, Height = 64 };
        var error = Assert.Throws<InvalidOperationException>(() => pipeline.Generate("a", options with { OnStep = _ => pipeline.Generate("b", options, Cancellation) }, Cancellation));
        Assert.Contains("begun inside it", error.Message);
        error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            pipeline.GenerateAsync("a", options with { OnStep = _ => pipeline.Generate("b", options, Cancellation) }, Cancellation));
        Assert.Contains("begun inside it", error.Message);
        // Neither by waiting for an asynchronous one.
        Assert.ThrowsAny<Exception>(() => pipeline.Generate("a", options with { OnStep = _ => pipeline.GenerateAsync("b", options, Cancellation).GetAwaiter().GetResult() }, Cancellation));
    }

    /// <summary>LoRAs of another model, the classic slip with several on a server, would have no effect; one named twice acts twice.</summary>
    [Fact]
    public void LorasThatArentTheModelsAreRefused()
    {
        using var backend = new CpuBackend(2);
        using var one = TextToImage.Load(Repository.Picturebook, null, backend, cancellationToken: Cancellation);
        using var other = TextToImage.Load(Repository.Picturebook, null, backend, cancellationToken: Cancellation);
        var weights = other.Model.LoraWeights;
        Assert.Contains("not attached to this model", Assert.Throws<ArgumentException>(() => one.Generate("a", new() { Loras = weights }, Cancellation)).Message);
        Assert.Contains("twice", Assert.Throws<ArgumentException>(() => other.Generate("a", new() { Loras = [.. weights, .. weights] }, Cancellation)).Message);
        Assert.Throws<ArgumentException>(() => other.Generate("a", new() { Loras = [default] }, Cancellation));
        Assert.Throws<ChoiceException>(() => other.Generate("a", new() { Loras = [weights[0] with { Weight = float.NaN }] }, Cancellation));
        Assert.Throws<ArgumentNullException>(() => one.Generate(null!, null, Cancellation));
        Assert.Throws<ArgumentNullException>(() => one.Generate("a", new() { NegativePrompt = null! }, Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => one.Generate("a", new() { Scheduler = (Model.Schedulers.SchedulerKind)77 }, Cancellation));
        Assert.Equal(0, backend.Queue.Waiting);
    }

    /// <summary>What is passed is what acts, whatever the caller does with its list between two pictures.</summary>
    [Fact]
    public void AListThatChangesMeanwhileChangesNothing()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(Style)] }, cancellationToken: Cancellation);
        var options = new GenerateOptions { Steps = 1, Seed = 2, Width = 64, Height = 64, Count = 2 };
        var expected = pipeline.GenerateAll("a boat", options, Cancellation);
        var list = pipeline.Model.LoraWeights.ToList();
        var made = new List<Picture>();
        foreach (var picture in pipeline.GenerateEach("a boat", options with { Loras = list }, Cancellation))
        {
            made.Add(picture);
            for (int i = 0; i < list.Count; i++) list[i] = list[i] with { Weight = 0 };
        }
        Assert.Equal(expected.Select(picture => picture.Rgb), made.Select(picture => picture.Rgb));
    }

    /// <summary>A model that is freed waits for the run that uses it; a run that comes later is told, and doesn't read freed memory.</summary>
    [Fact]
    public async Task AModelIsFreedBetweenRuns()
    {
        using var backend = new CpuBackend(2);
        var pipeline = TextToImage.Load(Repository.Picturebook, null, backend, cancellationToken: Cancellation);
        var options = new GenerateOptions { Steps = 2, Seed = 3, Width = 64, Height = 64 };
        var alone = pipeline.Generate(prompts[0], options, Cancellation);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // not inside the callback
        var running = Task.Run(() => pipeline.Generate(prompts[0], options with { OnStep = _ => begun.TrySetResult() }, Cancellation), Cancellation);
        await begun.Task;
        pipeline.Dispose();
        Assert.Equal(alone.Rgb, (await running).Rgb);
        pipeline.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pipeline.GenerateAsync(prompts[0], options, Cancellation));
        Assert.Equal(0, backend.BytesInUse);
    }
}
