import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { isKnown, StaticFile } from "./static-file.ts";

const text = "What is said twice is said twice. ".repeat(100);
const script = new StaticFile(new TextEncoder().encode(text), "text/javascript; charset=utf-8");
const read = {
  br: (body: Uint8Array) => String(brotliDecompressSync(body)),
  gzip: (body: Uint8Array) => String(gunzipSync(body)),
  identity: (body: Uint8Array) => String(Buffer.from(body)),
};

describe("a file", () => {
  test.each([
    { name: "in brotli where that is taken", accepted: "gzip, deflate, br, zstd", want: "br" },
    { name: "in gzip where nothing better is", accepted: "gzip;q=1.0, deflate", want: "gzip" },
    { name: "as it is for who says nothing", accepted: undefined, want: "identity" },
    { name: "not in what is refused", accepted: "br;q=0, gzip", want: "gzip" },
    { name: "not in a word that only begins so", accepted: "broken", want: "identity" },
    { name: "whatever the case", accepted: "BR", want: "br" },
  ] as const)("is sent $name", async ({ accepted, want }) => {
    const { body, encoding } = await script.sent(accepted);
    expect(encoding).toBe(want);
    expect(read[want](body)).toBe(text);
  });

  test("has another tag in each encoding", async () => {
    const sent = await Promise.all(["br", "gzip", ""].map((accepted) => script.sent(accepted)));
    expect(new Set(sent.map(({ etag }) => etag)).size).toBe(3);
  });

  test("is compressed once", async () => {
    expect((await script.sent("br")).body).toBe((await script.sent("br, gzip")).body);
  });

  test.each([
    { name: "a picture", file: new StaticFile(new Uint8Array(4_000), "image/png") },
    { name: "what is small", file: new StaticFile(new Uint8Array(100), "text/css") },
  ])("that is $name is sent as it is", async ({ file }) => {
    expect((await file.sent("br")).encoding).toBe("identity");
  });
});

test.each([
  { name: "nothing is asked", header: undefined, want: false },
  { name: "it is the one", header: '"a"', want: true },
  { name: "it is one of several", header: '"b", "a"', want: true },
  { name: "it is weakly so", header: 'W/"a"', want: true },
  { name: "anything will do", header: "*", want: true },
  { name: "it is another", header: '"b"', want: false },
])("a tag is known where $name: $want", ({ header, want }) => {
  expect(isKnown('"a"', header)).toBe(want);
});
