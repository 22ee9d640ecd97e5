using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace PureLcm.Canvas.Serving;

/// <summary>Writes answers. All JSON of the server is written here, so that every error has the one form of OpenAI's API.</summary>
static class Answers
{
    // Answers are read by programs, and by people who want to see letters and not their numbers.
    static readonly JsonWriterOptions plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A JSON text.</summary>
    public static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, plain))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Answers with bytes that may be kept by nobody.</summary>
    public static async Task SendAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = context.Response;
        (response.StatusCode, response.ContentType, response.ContentLength) = (status, contentType, body.Length);
        response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Answers with a JSON object.</summary>
    public static Task SendJsonAsync(HttpContext context, int status, Action<Utf8JsonWriter> write) =>
        SendAsync(context, status, "application/json", Json(write));

    /// <summary>Answers with an error. Nothing may have been sent before.</summary>
    public static Task SendErrorAsync(HttpContext context, ApiException error)
    {
        var headers = context.Response.Headers;
        // OpenAI's clients repeat 408, 409, 429 and 5xx by themselves unless they are told not to.
        headers["x-should-retry"] = error.Again ? "true" : "false";
        if (error.Again) headers.RetryAfter = "1";
        if (error.Status == 401) headers.WWWAuthenticate = "Bearer";
        // What is left of a body that is too large is not waited for.
        if (error.Status is 408 or 413) headers.Connection = "close";
        return SendJsonAsync(context, error.Status, writer => WriteError(writer, error));
    }

    /// <summary>{"error":{"message","type","param","code"}}: OpenAI's form, with all four always there.</summary>
    public static void WriteError(Utf8JsonWriter writer, ApiException error)
    {
        writer.WriteStartObject("error");
        writer.WriteString("message", error.Message);
        writer.WriteString("type", error.Type);
        writer.WriteString("param", error.Param);
        writer.WriteString("code", error.Code);
        writer.WriteEndObject();
    }
}
