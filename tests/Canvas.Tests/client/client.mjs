// Uses the server as OpenAI's own client does, and prints a line for each thing that held. Arguments: the server's address, and that
// of one that never makes a picture and has room for one.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [url, busyUrl] = process.argv.slice(2);
const open = { apiKey: "open-sesame", baseURL: url + "v1" };
const client = new OpenAI(open);
const small = { prompt: "a red house", size: "64x64" };
const done = what => console.log(what);

/** The size of a PNG file in base64. */
function size(b64) {
    const png = Buffer.from(b64, "base64");
    assert.equal(png.toString("latin1", 1, 4), "PNG");
    return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;
}

const models = [];
for await (const model of client.models.list()) models.push(model.id);
assert.deepEqual(models, ["picturebook"]);
assert.equal((await client.models.retrieve("picturebook")).owned_by, "purelcm");
done("list");

const several = { ...small, model: "picturebook", n: 2, response_format: "b64_json", steps: 1, seed: 7 };
const two = await client.images.generate(several);
assert.deepEqual(two.data.map(item => size(item.b64_json)), ["64x64", "64x64"]);
assert.deepEqual(two.data.map(item => item.seed), [7, 8]);
assert.ok(Math.abs(two.created - Date.now() / 1000) < 600);
assert.match(two._request_id, /^[0-9a-f]{32}$/);
done("generate");

const linked = await client.images.generate({ ...small, steps: 1 });
const got = await fetch(linked.data[0].url);
assert.equal(got.headers.get("content-type"), "image/png");
assert.equal(size(Buffer.from(await got.arrayBuffer()).toString("base64")), "64x64");
done("link");

const events = [];
const stream = await client.images.generate({ ...small, stream: true, partial_images: 2, steps: 4, seed: 7 });
for await (const event of stream) events.push(event);
const [partial, completed] = ["image_generation.partial_image", "image_generation.completed"];
assert.deepEqual(events.map(event => event.type), [partial, partial, completed]);
assert.deepEqual(events.map(event => event.partial_image_index), [0, 1, undefined]);
assert.deepEqual(events.map(event => size(event.b64_json)), ["64x64", "64x64", "64x64"]);
done("stream");

/** A call fails with a class of the client's, without having been repeated. */
async function fails(call, kind, code, param) {
    await assert.rejects(call, error => {
        assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
        assert.equal(error.code, code);
        assert.equal(error.param, param);
        return true;
    });
}
await fails(client.images.generate({ ...small, size: "65x64" }), OpenAI.BadRequestError, "invalid_value", "size");
await fails(client.images.generate({ ...small, quality: "hd" }), OpenAI.BadRequestError, "unsupported_parameter", "quality");
await fails(client.images.generate({ ...small, model: "dall-e-3" }), OpenAI.NotFoundError, "model_not_found", "model");
await fails(client.models.retrieve("dall-e-3"), OpenAI.NotFoundError, "model_not_found", "model");
await fails(new OpenAI({ ...open, apiKey: "sesame" }).models.list(), OpenAI.AuthenticationError, "invalid_api_key", null);
const elsewhere = new OpenAI({ ...open, defaultHeaders: { Origin: "http://evil.example" } });
await fails(elsewhere.models.list(), OpenAI.PermissionDeniedError, "wrong_origin", null);
done("errors");

const busy = new OpenAI({ apiKey: "none", baseURL: busyUrl + "v1", maxRetries: 0 });
const abort = new AbortController();
const waiting = busy.images.generate({ prompt: "a red house" }, { signal: abort.signal, maxRetries: 50 });
const ended = assert.rejects(waiting, OpenAI.APIUserAbortError);
// Until the one before has its place (it asks again where it lost it), others take it themselves and give it up again.
for (;;) {
    const full = await busy.images.generate({ prompt: "another" }, { timeout: 200 }).catch(error => error);
    if (full instanceof OpenAI.RateLimitError) break;
    assert.ok(full instanceof OpenAI.APIConnectionTimeoutError, `${full}`);
}
abort.abort();
await ended;
done("abort");
await fails(busy.images.generate({ prompt: "the last" }, { maxRetries: 10 }), OpenAI.InternalServerError, "timeout", null);
done("timeout");
