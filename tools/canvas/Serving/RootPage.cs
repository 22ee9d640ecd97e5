using System.Text;

namespace PureLcm.Canvas.Serving;

/// <summary>What the server says of itself at its root.</summary>
static class RootPage
{
    /// <summary>A text in UTF-8.</summary>
    public static byte[] Text() => Encoding.UTF8.GetBytes("""
        PureLcm makes pictures from words here, for programs that speak OpenAI's images API:

        POST /v1/images/generations   {"prompt": "a red house in the snow at night"} gives a link to a picture;
                                      size, n, seed, steps, stream and more: docs/server.md
        GET  /v1/models               what pictures are made with
        GET  /v1/models/NAME
        GET  /pictures/NAME.png       what a link leads to, for an hour
        GET  /health                  whether the model is loaded

        """);
}
