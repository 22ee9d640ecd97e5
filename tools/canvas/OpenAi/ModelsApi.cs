using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PureLcm.Canvas.Making;
using PureLcm.Canvas.Serving;

namespace PureLcm.Canvas.OpenAi;

/// <summary>GET /v1/models and GET /v1/models/{id}. Beside OpenAI's fields each model says its own size and its LoRAs.</summary>
static class ModelsApi
{
    /// <summary>All models.</summary>
    public static Task ListAsync(HttpContext context, IReadOnlyList<ServedModel> models) => Answers.SendJsonAsync(context, 200, writer =>
    {
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        foreach (var model in models)
        {
            writer.WriteStartObject();
            Write(writer, model);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    /// <summary>One model.</summary>
    /// <exception cref="ApiException">404.</exception>
    public static Task GetAsync(HttpContext context, IReadOnlyList<ServedModel> models, string id)
    {
        var model = GenerationRequest.ModelOf(id, models);
        return Answers.SendJsonAsync(context, 200, writer => Write(writer, model));
    }

    static void Write(Utf8JsonWriter writer, ServedModel model)
    {
        writer.WriteString("id", model.Id);
        writer.WriteString("object", "model");
        writer.WriteNumber("created", model.Created.ToUnixTimeSeconds());
        writer.WriteString("owned_by", "purelcm");
        writer.WriteString("size", $"{model.Width}x{model.Height}");
        writer.WriteStartObject("loras");
        foreach (var lora in model.Loras) writer.WriteNumber(lora.Name, lora.Weight);
        writer.WriteEndObject();
    }
}
