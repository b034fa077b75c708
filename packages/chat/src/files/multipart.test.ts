import { ChatError } from "@warren/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formParts } from "./multipart.ts";
import { uploadForm } from "./upload-form.ts";

const TYPE = "multipart/form-data; boundary=XX";

async function* cut(bytes: Buffer, ...sizes: number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

async function read(source: AsyncIterable<Uint8Array>, type: string | undefined = TYPE) {
  const parts: { name: string; filename: string | undefined; body: string }[] = [];
  for await (const { name, filename, body } of formParts(source, type)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    parts.push({ name, filename, body: Buffer.concat(chunks).toString("latin1") });
  }
  return parts;
}

const field = (name: string, body: string) =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${body}\r\n`;
const file = (filename: string, body: string, name = "file") =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: image/png\r\n\r\n${body}\r\n`;
const form = (...parts: string[]) => Buffer.from(`${parts.join("")}--XX--\r\n`, "latin1");

describe("a form", () => {
  const bytes = form(
    field("kind", "voice"),
    file("a.png", "\r\n--X\r\n--\r\r\n--XY\0\xff"),
    field("empty", ""),
  );
  const parts = [
    { name: "kind", filename: undefined, body: "voice" },
    { name: "file", filename: "a.png", body: "\r\n--X\r\n--\r\r\n--XY\0\xff" },
    { name: "empty", filename: undefined, body: "" },
  ];

  test("is read the same wherever it is cut", async () => {
    for (let at = 0; at <= bytes.length; at++) expect(await read(cut(bytes, at))).toEqual(parts);
  });

  test("is read the same in pieces of any size", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(sizes, async (all) => {
        expect(await read(cut(bytes, ...all))).toEqual(parts);
      }),
    );
  });

  test("gives any bytes back that do not hold its delimiter", async () => {
    const sign = fc.constantFrom("\r", "\n", "-", "X", "\0", "a");
    const body = fc
      .array(sign, { maxLength: 50 })
      .map((signs) => signs.join(""))
      .filter((text) => !`\r\n${text}`.includes("\r\n--XX"));
    await fc.assert(
      fc.asyncProperty(body, fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const all = form(file("x", text));
        const sizes = Array.from({ length: Math.ceil(all.length / size) }, () => size);
        expect(await read(cut(all, ...sizes))).toEqual([
          { name: "file", filename: "x", body: text },
        ]);
      }),
    );
  });

  test("never does anything but give parts or a ChatError, whatever comes", async () => {
    const piece = fc.constantFrom(
      "--XX",
      "\r\n",
      "--",
      ":",
      "form-data",
      '"',
      ";",
      "name=",
      "\0",
      "a",
      'Content-Disposition: form-data; name="a"',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const outcome = await read(cut(Buffer.from(pieces.join("")), 3, 5)).catch(
          (error: unknown) => error,
        );
        expect(Array.isArray(outcome) || outcome instanceof ChatError).toBe(true);
      }),
    );
  });

  test("may have something before its first delimiter, and anything after its last", async () => {
    const bytes = Buffer.concat([
      Buffer.from("hello\r\n"),
      form(field("a", "1")),
      Buffer.from("bye --XX"),
    ]);
    expect(await read(cut(bytes))).toEqual([{ name: "a", filename: undefined, body: "1" }]);
  });

  test("goes on with the next part when one is left half read", async () => {
    const names: string[] = [];
    const bytes = form(file("a", "x".repeat(10_000)), field("b", "1"));
    for await (const { name, body } of formParts(cut(bytes, 200, 200), TYPE)) {
      names.push(name);
      for await (const _ of body) break;
    }
    expect(names).toEqual(["file", "b"]);
  });

  test.each([
    { name: "UTF-8", said: "Gr\xc3\xbc\xc3\x9fe.png", want: "Grüße.png" },
    { name: "a quote, as browsers escape it", said: "a%22b.png", want: 'a"b.png' },
    { name: "a backslash", said: "a\\b.png", want: "a\\b.png" },
    { name: "a percent sign", said: "100%41.png", want: "100%41.png" },
  ])("keeps $name in a file's name", async ({ said, want }) => {
    expect((await read(cut(form(file(said, "x")))))[0]?.filename).toBe(want);
  });
});

describe("a form that is none", () => {
  test.each([
    { name: "another type", type: "application/json", body: "{}" },
    { name: "no type", type: undefined, body: "" },
    { name: "no boundary", type: "multipart/form-data", body: "" },
    { name: "an empty boundary", type: 'multipart/form-data; boundary=""', body: "" },
    {
      name: "a boundary that is too long",
      type: `multipart/form-data; boundary=${"x".repeat(71)}`,
      body: "",
    },
    {
      name: "a boundary with a line break",
      type: 'multipart/form-data; boundary="a\r\nb"',
      body: "",
    },
    { name: "an end in the midst", type: TYPE, body: field("a", "1") },
    { name: "no delimiter at all", type: TYPE, body: "x".repeat(100_000) },
    { name: "a broken delimiter", type: TYPE, body: `--XXjunk\r\n` },
    { name: "a head that does not end", type: TYPE, body: `--XX\r\n${"a: b\r\n".repeat(10_000)}` },
    { name: "a part without a disposition", type: TYPE, body: "--XX\r\na: b\r\n\r\n1\r\n--XX--" },
    { name: "a part without any head", type: TYPE, body: "--XX\r\n\r\n1\r\n--XX--" },
    {
      name: "a part with two dispositions",
      type: TYPE,
      body: `--XX\r\nContent-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--XX--`,
    },
    {
      name: "a part that is an attachment",
      type: TYPE,
      body: `--XX\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--XX--`,
    },
    {
      name: "too many parts",
      type: TYPE,
      body: form(...Array.from({ length: 33 }, () => field("a", ""))).toString(),
    },
  ])("by $name is refused", async ({ type, body }) => {
    const error = await read(cut(Buffer.from(body)), type ?? "").catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ChatError);
    expect(error).toMatchObject({ code: "INVALID_FORMAT" });
  });

  test("is left as soon as it is refused", async () => {
    let read_ = 0;
    let isLeft = false;
    async function* endless() {
      try {
        for (;;) {
          read_ += 1;
          yield Buffer.alloc(65_536, "x");
        }
      } finally {
        isLeft = true;
      }
    }
    await expect(read(endless())).rejects.toBeInstanceOf(ChatError);
    expect(read_).toBeLessThan(3);
    expect(isLeft).toBe(true);
  });
});

const upload = (...parts: string[]) => uploadForm(cut(form(...parts)), TYPE);

describe("an upload's form", () => {
  test("says what the file is to the chat, before it", async () => {
    expect(await upload(field("kind", "voice"), file("n.webm", "x"))).toMatchObject({
      name: "n.webm",
      kind: "voice",
    });
    expect(await upload(file("n.webm", "x"))).toMatchObject({ kind: "file" });
  });

  test.each([
    { name: "no file", parts: [field("a", "1")], code: "MISSING_FIELD" },
    { name: "a file under another name", parts: [file("a", "1", "other")], code: "MISSING_FIELD" },
    { name: "a field named file that is none", parts: [field("file", "1")], code: "MISSING_FIELD" },
    {
      name: "an unknown kind",
      parts: [field("kind", "x"), file("a", "1")],
      code: "INVALID_FORMAT",
    },
    {
      name: "a field that is too long",
      parts: [field("kind", "x".repeat(2_000))],
      code: "INVALID_FORMAT",
    },
  ])("with $name is refused", async ({ parts, code }) => {
    await expect(upload(...parts)).rejects.toMatchObject({ code });
  });
});
