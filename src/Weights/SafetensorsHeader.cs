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
    string? entry; // what is being parsed; null before the first

    public (IReadOnlyDictionary<string, TensorInfo>, IReadOnlyDictionary<string, string>) Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            Next(ref reader, JsonTokenType.StartObject);
            while (NextProperty(ref reader))
            {
                entry = reader.GetString()!;
                if (entry == MetadataKey) ParseMetadata(ref reader);
                else ParseTensor(ref reader);
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
        if (metadata != null) throw Damaged("its header has __metadata__ twice");
        metadata = [];
        Next(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader))
        {
            string key = reader.GetString()!;
            Next(ref reader, JsonTokenType.String, key);
            if (!metadata.TryAdd(key, reader.GetString()!)) throw Twice(key);
        }
    }

    void ParseTensor(ref Utf8JsonReader reader)
    {
        DType? dtype = null;
        int[]? sides = null;
        (long Begin, long End)? offsets = null;

        Next(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader))
        {
            if (reader.ValueTextEquals("dtype"u8)) dtype = dtype == null ? ParseDType(ref reader) : throw Twice("dtype");
            else if (reader.ValueTextEquals("shape"u8)) sides = sides == null ? ParseSides(ref reader) : throw Twice("shape");
            else if (reader.ValueTextEquals("data_offsets"u8)) offsets = offsets == null ? ParseOffsets(ref reader) : throw Twice("data_offsets");
            else
            {
                reader.Read(); // a later version of the format may say more
                reader.Skip();
            }
        }
        if (dtype == null || sides == null || offsets == null)
            throw Damaged($"{Subject} lacks {(dtype == null ? "dtype" : sides == null ? "shape" : "data_offsets")}");

        var (begin, end) = offsets.Value;
        long bytes = BytesOf(dtype.Value, sides);
        if (end - begin != bytes)
            throw Damaged($"{Subject} takes bytes {begin} to {end}, but {dtype} values of its shape are {bytes} bytes");
        if (!tensors.TryAdd(entry!, new TensorInfo(file, entry!, dtype.Value, sides, dataStart + begin, bytes)))
            throw Damaged($"{Subject} is there twice");
    }

    DType ParseDType(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.String, "dtype");
        string name = reader.GetString()!;
        return DTypes.TryParse(name, out var dtype)
            ? dtype
            : throw new WeightsException(file.Path, $"{Subject} has values of type {WeightsException.Quote(name)}, which this program does not read",
                "convert the file to F16, BF16 or F32");
    }

    int[] ParseSides(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.StartArray, "shape");
        var sides = new List<int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int side) || side < 0)
                throw Damaged($"{Subject} has a side that is no number from 0 to {int.MaxValue}");
            sides.Add(side);
        }
        return [.. sides];
    }

    (long, long) ParseOffsets(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.StartArray, "data_offsets");
        long begin = ParseOffset(ref reader), end = ParseOffset(ref reader);
        Next(ref reader, JsonTokenType.EndArray, "data_offsets");
        return begin <= end ? (begin, end) : throw Damaged($"{Subject} ends at byte {end}, before its beginning at {begin}");
    }

    long ParseOffset(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.Number, "data_offsets");
        if (!reader.TryGetInt64(out long offset) || offset < 0) throw Damaged($"{Subject} has data_offsets that are not two whole numbers from 0 up");
        return offset <= long.MaxValue - dataStart ? offset : throw Damaged($"{Subject} has data_offsets beyond any file");
    }

    long BytesOf(DType dtype, int[] sides)
    {
        try
        {
            long bytes = dtype.Size();
            foreach (int side in sides) bytes = checked(bytes * side);
            return bytes;
        }
        catch (OverflowException)
        {
            throw Damaged($"{Subject} has a shape larger than any file");
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

    // Inside an object there is always a next token: the reader takes an end of the text for an error.
    static bool NextProperty(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    void Next(ref Utf8JsonReader reader, JsonTokenType type, string? field = null)
    {
        reader.Read();
        if (reader.TokenType == type) return;
        string where = field == null ? Subject : $"{WeightsException.Quote(field)} of {Subject}";
        throw Damaged($"{where} is not what the format wants there ({type}, found {reader.TokenType})");
    }

    // Put together only when there is an error.
    string Subject => entry switch { null => "its header", MetadataKey => MetadataKey, _ => $"tensor {WeightsException.Quote(entry)}" };

    WeightsException Twice(string field) => Damaged($"{Subject} has {WeightsException.Quote(field)} twice");

    WeightsException Damaged(string what) => new(file.Path, what, FetchAgain);
}
