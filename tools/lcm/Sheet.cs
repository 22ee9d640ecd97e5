using PureLcm.Model;
using PureLcm.Model.Pictures;

namespace PureLcm.Tools;

/// <summary>Pictures side by side on white, a caption under each.</summary>
static class Sheet
{
    const int Gap = 8, GlyphWidth = 5, GlyphHeight = 7;

    /// <summary>The letters that captions need: seven rows of five dots, the leftmost in the highest bit.</summary>
    static readonly Dictionary<char, byte[]> glyphs = new()
    {
        ['0'] = [14, 17, 19, 21, 25, 17, 14], ['1'] = [4, 12, 4, 4, 4, 4, 14], ['2'] = [14, 17, 1, 2, 4, 8, 31], ['3'] = [31, 2, 4, 2, 1, 17, 14],
        ['4'] = [2, 6, 10, 18, 31, 2, 2], ['5'] = [31, 16, 30, 1, 1, 17, 14], ['6'] = [6, 8, 16, 30, 17, 17, 14], ['7'] = [31, 1, 2, 4, 8, 8, 8],
        ['8'] = [14, 17, 17, 14, 17, 17, 14], ['9'] = [14, 17, 17, 15, 1, 2, 12], ['.'] = [0, 0, 0, 0, 0, 12, 12], [':'] = [0, 12, 12, 0, 12, 12, 0],
        ['C'] = [14, 17, 16, 16, 16, 17, 14], ['D'] = [28, 18, 17, 17, 17, 18, 28], ['I'] = [14, 4, 4, 4, 4, 4, 14], ['L'] = [16, 16, 16, 16, 16, 16, 31],
        ['M'] = [17, 27, 21, 21, 17, 17, 17], ['S'] = [0, 0, 15, 16, 14, 1, 30], [' '] = [0, 0, 0, 0, 0, 0, 0],
    };

    public static Picture SideBySide(IReadOnlyList<Picture> pictures, IReadOnlyList<string> captions)
    {
        // Letters grow with the pictures; the longest caption must fit under its picture.
        int dot = Math.Max(1, pictures.Min(picture => picture.Width) / (captions.Max(caption => caption.Length) * (GlyphWidth + 1)));
        int width = pictures.Sum(picture => picture.Width) + Gap * (pictures.Count + 1), tallest = pictures.Max(picture => picture.Height);
        int height = tallest + 3 * Gap + GlyphHeight * dot;
        var rgb = new byte[3 * width * height];
        rgb.AsSpan().Fill(255);
        int left = Gap;
        for (int i = 0; i < pictures.Count; i++)
        {
            var picture = pictures[i];
            for (int row = 0; row < picture.Height; row++)
                picture.Rgb.AsSpan(3 * row * picture.Width, 3 * picture.Width).CopyTo(rgb.AsSpan(3 * ((Gap + row) * width + left)));
            int textWidth = captions[i].Length * (GlyphWidth + 1) * dot;
            Write(captions[i], rgb, width, left + Math.Max(0, (picture.Width - textWidth) / 2), tallest + 2 * Gap, dot);
            left += picture.Width + Gap;
        }
        return new(width, height, rgb);
    }

    static void Write(string text, byte[] rgb, int width, int left, int top, int dot)
    {
        foreach (char letter in text)
        {
            var rows = glyphs[letter];
            for (int y = 0; y < GlyphHeight * dot; y++)
                for (int x = 0; x < GlyphWidth * dot; x++)
                    if ((rows[y / dot] >> (GlyphWidth - 1 - x / dot) & 1) != 0 && left + x < width)
                        rgb.AsSpan(3 * ((top + y) * width + left + x), 3).Fill(40);
            left += (GlyphWidth + 1) * dot;
        }
    }
}
