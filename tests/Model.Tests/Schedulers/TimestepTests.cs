using System.Text.Json;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Schedulers;

public sealed class TimestepTests
{
    static Config Empty => Config.Parse("scheduler_config.json", "{}");

    [Theory]
    [InlineData(1, 1, "999")]
    [InlineData(2, 1, "999 499")]
    [InlineData(3, 1, "999 679 339")]
    [InlineData(4, 1, "999 759 499 259")]
    [InlineData(5, 1, "999 799 599 399 199")]
    [InlineData(6, 1, "999 839 679 499 339 179")]
    [InlineData(8, 1, "999 879 759 639 499 379 259 139")]
    [InlineData(4, 0.58, "559 419 279 139")] // 50 * 0.58 is a little less than 29
    public void LcmsAreDiffusers(int steps, double strength, string timesteps)
    {
        var scheduler = Scheduler.Create(SchedulerKind.Lcm, Empty, steps, strength);
        Assert.Equal(timesteps, string.Join(' ', scheduler.Timesteps));
        Assert.Equal(Enumerable.Range(0, steps).Select(i => i < steps - 1), scheduler.Draws);
    }

    [Theory]
    [InlineData("sd15/txt2img_ddim")]
    [InlineData("sd15/txt2img_ddim_trailing")]
    [InlineData("sd15/txt2img_lcm4")]
    [InlineData("sd15/txt2img_lcm2_cfg")]
    [InlineData("default/ddim25")]
    [InlineData("default/lcm2")]
    [InlineData("bksdm/txt2img_lcm4")]
    public void PicturesOfTheReferenceCasesHaveThese(string name)
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Golden, "cases", name + ".json")));
        var config = Config.Parse(name, golden.RootElement.GetProperty("scheduler").GetRawText());
        var kind = config.String("_class_name") == "LCMScheduler" ? SchedulerKind.Lcm : SchedulerKind.Ddim;
        var scheduler = Scheduler.Create(kind, config, golden.RootElement.GetProperty("num_inference_steps").GetInt32());
        Assert.Equal(golden.RootElement.GetProperty("timesteps").EnumerateArray().Select(t => t.GetSingle()), scheduler.Timesteps);
        Assert.Equal(kind == SchedulerKind.Lcm, scheduler.Draws.Any(draws => draws));
        Assert.Equal(1, scheduler.InitNoiseSigma);
    }

    [Theory]
    [InlineData("linspace", 1, "0")]
    [InlineData("linspace", 4, "999 666 333 0")]
    [InlineData("leading", 4, "751 501 251 1")]
    [InlineData("trailing", 4, "999 749 499 249")]
    [InlineData("trailing", 7, "999 856 713 570 428 285 142")]
    public void DdimsSpacingsAreEven(string spacing, int steps, string timesteps)
    {
        var config = Config.Parse("scheduler_config.json", $$"""{"timestep_spacing": "{{spacing}}", "clip_sample": true}""");
        var scheduler = Scheduler.Create(SchedulerKind.Ddim, config, steps);
        Assert.Equal(timesteps, string.Join(' ', scheduler.Timesteps));
        Assert.DoesNotContain(true, scheduler.Draws);
    }

    /// <summary>Only the file's own keys move with it to another class: Stable Diffusion 1.5 ships PNDM.</summary>
    [Fact]
    public void AnyClasssFileServes()
    {
        var pndm = Config.Parse("scheduler_config.json", """
            {"_class_name": "PNDMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
             "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
             "trained_betas": null, "clip_sample": false, "lambda_min_clipped": -Infinity}
            """);
        Assert.Equal("999 759 499 259", string.Join(' ', Scheduler.Create(SchedulerKind.Lcm, pndm, 4).Timesteps));
        var ddim = Scheduler.Create(SchedulerKind.Ddim, pndm, 25, imagePipeline: false);
        Assert.Equal(961, ddim.Timesteps[0]);
        Assert.Equal(0.0046601, ddim.Schedule.AlphaCumprod(999), 7); // scaled_linear; DDIM's own default has 4e-5 there
        Assert.Equal(4.0358e-5, Scheduler.Create(SchedulerKind.Ddim, Empty, 25).Schedule.AlphaCumprod(999), 9);
    }

    [Fact]
    public void TheOtherSchedulesAreTheirPapers()
    {
        var cosine = Scheduler.Create(SchedulerKind.Ddim, Config.Parse("x", """{"beta_schedule": "squaredcos_cap_v2"}"""), 25).Schedule;
        for (int t = 1; t < 990; t += 90) // near the end betas are capped
            Assert.Equal(Math.Pow(Math.Cos(((t + 1) / 1000.0 + 0.008) / 1.008 * Math.PI / 2), 2) / Math.Pow(Math.Cos(0.008 / 1.008 * Math.PI / 2), 2), cosine.AlphaCumprod(t), 1e-6);
        var stretched = Scheduler.Create(SchedulerKind.Ddim, Config.Parse("x", """{"rescale_betas_zero_snr": true, "prediction_type": "v_prediction", "timestep_spacing": "trailing"}"""), 25).Schedule;
        Assert.Equal(0, stretched.AlphaCumprod(999), 12);
        Assert.Equal(0.9999, stretched.AlphaCumprod(0), 6);
    }

    [Theory]
    [InlineData(SchedulerKind.Lcm, 0, 1, "{}", "ask for 1 to 50")]
    [InlineData(SchedulerKind.Lcm, 51, 1, "{}", "ask for 1 to 50")]
    [InlineData(SchedulerKind.Lcm, 26, 0.5, "{}", "ask for 1 to 25, or a larger strength")]
    [InlineData(SchedulerKind.Lcm, 1, 0.01, "{}", "ask for a strength of 0.02 or more")]
    [InlineData(SchedulerKind.Lcm, 4, 1.5, "{}", "not between 0 and 1")]
    [InlineData(SchedulerKind.Lcm, 4, double.NaN, "{}", "not between 0 and 1")]
    [InlineData(SchedulerKind.Ddim, 0, 1, "{}", "ask for 1 to 1000")]
    [InlineData(SchedulerKind.Ddim, 10000, 1, "{}", "ask for 1 to 1000")]
    [InlineData(SchedulerKind.Ddim, 1000, 1, "{}", "ask for fewer steps")]
    [InlineData(SchedulerKind.Ddim, 25, 1, """{"rescale_betas_zero_snr": true, "timestep_spacing": "trailing"}""", "at timestep 999 the latent is all noise")]
    public void ImpossibleStepsAreOneClearSentence(SchedulerKind kind, int steps, double strength, string json, string says) =>
        Assert.Contains(says, Assert.ThrowsAny<ModelException>(() => Scheduler.Create(kind, Config.Parse("scheduler_config.json", json), steps, strength)).Message);

    [Theory]
    [InlineData("""{"beta_schedule": "sigmoid"}""", "beta_schedule is \"sigmoid\"")]
    [InlineData("""{"prediction_type": "flow"}""", "this version runs epsilon, sample, v_prediction")]
    [InlineData("""{"timestep_spacing": "karras"}""", "this version runs leading, linspace, trailing")]
    [InlineData("""{"trained_betas": [0.1]}""", "trained_betas is [0.1]")]
    [InlineData("""{"thresholding": true}""", "thresholding is true")]
    [InlineData("""{"clip_sample": true}""", "clip_sample is true")]
    [InlineData("{}", "clip_sample is missing, which means true")]
    [InlineData("""{"beta_start": -1}""", "beta_start -1")]
    [InlineData("""{"beta_end": 1}""", "beta_end 1")]
    [InlineData("""{"num_train_timesteps": 0}""", "num_train_timesteps is 0")]
    [InlineData("""{"num_train_timesteps": 2000000000}""", "over 2000000000 timesteps")]
    public void UnsupportedFieldsAreNamed(string json, string says)
    {
        string text = json.Contains("clip_sample", StringComparison.Ordinal) || json == "{}" ? json : json.Insert(1, "\"clip_sample\": false, ");
        var error = Assert.Throws<WeightsException>(() => Scheduler.Create(SchedulerKind.Ddim, Config.Parse("scheduler_config.json", text), 25, imagePipeline: false));
        Assert.Contains(says, error.Message);
        Assert.StartsWith("scheduler_config.json", error.Message);
    }
}
