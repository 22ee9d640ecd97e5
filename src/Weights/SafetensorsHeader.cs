using System.Text.Json;

namespace PureLcm.Weights;

/// <summary>
/// The header of a safetensors file: {"NAME": {"dtype": "F16", "shape": [320,4,3,3], "data_offsets": [0,23040]}, …,
/// "__metadata__": {"format": "pt"}}. Offsets count from the end of the header and must cover the rest of the file
/// exactly. Nothing in it is trusted, and no memory is taken by a number that it names.
/// </summary>
sealed class SafetensorsHeader(SafetensorsFile file, long dataStart, long dataBytes)
{
    /// <summary>Bytes that a header may have, by the format's definition.</summary>
    public const int Longest = 100_000_000;

    /// <summary>The one key of the header that is no tensor.</summary>
    public const string MetadataKey = "__metadata__";
    const string FetchAgain = "the file is damaged: fetch it again, or convert the model again";

    readonly Dictionary<string, TensorInfo> tensors = [];
    Dictionary<string, string>? metadata;

    public (IReadOnlyDictionary<string, TensorInfo>, IReadOnlyDictionary<string, string>) Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            Next(ref reader, JsonTokenType.StartObject, "the header");
            while (NextProperty(ref reader, out string name))
            {
                if (name == MetadataKey) ParseMetadata(ref reader);
                else ParseTensor(ref reader, name);
            }
            reader.Read(); // nothing but blanks may follow; anything else is a JsonException
        }
        catch (JsonException e)
        {
            throw new WeightsException(file.Path, $"its header is not valid JSON at byte {e.BytePositionInLine} of line {e.LineNumber + 1}", FetchAgain, e);
        }
        catch (InvalidOperationException e) // how the reader says that a string is not valid UTF-8
        {
            throw new WeightsException(file.Path, "its header has a name that is not valid UTF-8", FetchAgain, e);
        }
        CheckLayout();
        return (tensors, metadata ?? []);
    }

    void ParseMetadata(ref Utf8JsonReader reader)
    {
        if (metadata != null) throw Damaged($"its header has {MetadataKey} twice");
        metadata = [];
        Next(ref reader, JsonTokenType.StartObject, MetadataKey);
        while (NextProperty(ref reader, out string key))
        {
            Next(ref reader, JsonTokenType.String, $"{MetadataKey} entry {WeightsException.Quote(key)}");
            if (!metadata.TryAdd(key, reader.GetString()!)) throw Damaged($"its header has {MetadataKey} entry {WeightsException.Quote(key)} twice");
        }
    }

    void ParseTensor(ref Utf8JsonReader reader, string name)
    {
        string tensor = $"tensor {WeightsException.Quote(name)}";
        DType? dtype = null;
        int[]? sides = null;
        (long Begin, long End)? offsets = null;

        Next(ref reader, JsonTokenType.StartObject, tensor);
        while (NextProperty(ref reader, out string key))
        {
            switch (key)
            {
                case "dtype" when dtype == null: dtype = ParseDType(ref reader, tensor); break;
                case "shape" when sides == null: sides = ParseSides(ref reader, tensor); break;
                case "data_offsets" when offsets == null: offsets = ParseOffsets(ref reader, tensor); break;
                case "dtype" or "shape" or "data_offsets": throw Damaged($"{tensor} has two entries {key}");
                default: reader.Read(); reader.Skip(); break; // a later version of the format may say more
            }
        }
        if (dtype == null || sides == null || offsets == null)
            throw Damaged($"{tensor} lacks {(dtype == null ? "dtype" : sides == null ? "shape" : "data_offsets")}");

        var (begin, end) = offsets.Value;
        long bytes = BytesOf(dtype.Value, sides, tensor);
        if (end - begin != bytes)
            throw Damaged($"{tensor} takes bytes {begin} to {end}, but {dtype} values of its shape are {bytes} bytes");
        if (!tensors.TryAdd(name, new TensorInfo(file, name, dtype.Value, sides, dataStart + begin, bytes)))
            throw Damaged($"{tensor} is there twice");
    }

    DType ParseDType(ref Utf8JsonReader reader, string tensor)
    {
        Next(ref reader, JsonTokenType.String, $"the dtype of {tensor}");
        string name = reader.GetString()!;
        return DTypes.TryParse(name, out var dtype)
            ? dtype
            : throw new WeightsException(file.Path, $"{tensor} has values of type {WeightsException.Quote(name)}, which this program does not read",
                $"convert the file to F16, BF16 or F32");
    }

    int[] ParseSides(ref Utf8JsonReader reader, string tensor)
    {
        Next(ref reader, JsonTokenType.StartArray, $"the shape of {tensor}");
        var sides = new List<int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int side) || side < 0)
                throw Damaged($"the shape of {tensor} has a side that is no number from 0 to {int.MaxValue}");
            sides.Add(side);
        }
        return [.. sides];
    }

    (long, long) ParseOffsets(ref Utf8JsonReader reader, string tensor)
    {
        Next(ref reader, JsonTokenType.StartArray, $"data_offsets of {tensor}");
        long begin = ParseOffset(ref reader, tensor), end = ParseOffset(ref reader, tensor);
        Next(ref reader, JsonTokenType.EndArray, $"the end of data_offsets of {tensor}");
        return begin <= end ? (begin, end) : throw Damaged($"{tensor} ends at byte {end}, before its beginning at {begin}");
    }

    long ParseOffset(ref Utf8JsonReader reader, string tensor)
    {
        Next(ref reader, JsonTokenType.Number, $"data_offsets of {tensor}");
        return reader.TryGetInt64(out long offset) && offset >= 0
            ? offset <= long.MaxValue - dataStart ? offset : throw Damaged($"data_offsets of {tensor} are beyond any file")
            : throw Damaged($"data_offsets of {tensor} are not two whole numbers from 0 up");
    }

    long BytesOf(DType dtype, int[] sides, string tensor)
    {
        try
        {
            long bytes = dtype.Size();
            foreach (int side in sides) bytes = checked(bytes * side);
            return bytes;
        }
        catch (OverflowException)
        {
            throw Damaged($"the shape of {tensor} is larger than any file");
        }
    }

    /// <summary>In the order of the data, each tensor begins where the one before ends, and the last ends with the file.</summary>
    void CheckLayout()
    {
        var inOrder = tensors.Values.ToArray();
        Array.Sort(inOrder, (a, b) => (a.Offset, a.Bytes).CompareTo((b.Offset, b.Bytes)));

        var last = inOrder.MaxBy(tensor => tensor.Offset + tensor.Bytes);
        if (last != null && last.Offset + last.Bytes - dataStart > dataBytes)
            throw new WeightsException(file.Path,
                $"the header says tensor {WeightsException.Quote(last.Name)} ends at byte {last.Offset + last.Bytes - dataStart}, but the file has {dataBytes} data bytes",
                "it is probably a download that broke off: fetch it again");

        long end = dataStart;
        foreach (var tensor in inOrder)
        {
            if (tensor.Offset != end)
                throw Damaged($"tensor {WeightsException.Quote(tensor.Name)} begins at data byte {tensor.Offset - dataStart}, but the one before ends at {end - dataStart}");
            end += tensor.Bytes;
        }
        if (end != dataStart + dataBytes)
            throw Damaged($"{dataStart + dataBytes - end} bytes at its end belong to no tensor");
    }

    static bool NextProperty(ref Utf8JsonReader reader, out string name)
    {
        reader.Read(); // inside an object there is always a next token; an end of text is a JsonException
        bool more = reader.TokenType == JsonTokenType.PropertyName;
        name = more ? reader.GetString()! : "";
        return more;
    }

    void Next(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        reader.Read();
        if (reader.TokenType != type) throw Damaged($"{what} is not what the format wants there ({type}, found {reader.TokenType})");
    }

    WeightsException Damaged(string what) => new(file.Path, what, FetchAgain);
}
