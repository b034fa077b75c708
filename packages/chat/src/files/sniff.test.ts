import { deflateRawSync, gzipSync, crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { inspect } from "./inspect.ts";
import { sniff } from "./sniff.ts";

const hex = (digits: string) => Buffer.from(digits.replaceAll(" ", ""), "hex");
const padded = (...parts: (Buffer | string)[]) =>
  Buffer.concat([...parts.map((part) => Buffer.from(part as string, "latin1")), Buffer.alloc(600)]);

/** A zip with one deflated entry for each name. */
function zip(...entries: { name: string; text: string }[]): Buffer {
  const parts = entries.map(({ name, text }) => {
    const packed = deflateRawSync(text);
    const head = Buffer.alloc(30);
    head.write("PK\x03\x04", "latin1");
    head.writeUInt16LE(20, 4);
    head.writeUInt16LE(8, 8);
    head.writeUInt32LE(crc32(text), 14);
    head.writeUInt32LE(packed.length, 18);
    head.writeUInt32LE(text.length, 22);
    head.writeUInt16LE(name.length, 26);
    return Buffer.concat([head, Buffer.from(name), packed]);
  });
  return Buffer.concat([...parts, Buffer.from("PK\x05\x06", "latin1"), Buffer.alloc(18)]);
}
const contentTypes = (type: string) => ({
  name: "[Content_Types].xml",
  text: `<Types><Override PartName="/x" ContentType="application/vnd.${type}.main+xml"/></Types>`,
});
const docx = zip(contentTypes("openxmlformats-officedocument.wordprocessingml.document"));

/** A Windows program: the stub points to `PE\0\0`. */
function pe(): Buffer {
  const bytes = Buffer.alloc(0x100);
  bytes.write("MZ", "latin1");
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write("PE\0\0", 0x80, "latin1");
  return bytes;
}
function tar(): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write("a.txt");
  bytes.write("ustar\x0000", 257, "latin1");
  bytes.write("        ", 148);
  const sum = bytes.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}
/** A compound file's head, and somewhere the name of its main stream. */
const cfb = (stream: string) =>
  Buffer.concat([
    hex("d0cf11e0a1b11ae1"),
    Buffer.alloc(100_000),
    Buffer.from(`${stream}\0`, "utf16le"),
    Buffer.alloc(9),
  ]);

const PNG = padded(
  hex(
    "89504e470d0a1a0a 0000000d 49484452 00000001 00000001 08 06 000000 1f15c489 00000000 49444154",
  ),
);
const JPEG = padded(hex("ffd8ffe000104a46494600010100000100010000"));
const OGG = (codec: string) => padded("OggS\0\x02", Buffer.alloc(22), codec);

async function typeOf(head: Buffer, name = "x.bin"): Promise<string> {
  const seen = await sniff(head, true, name);
  return "refused" in seen ? "refused" : seen.type;
}

describe("a file", () => {
  test.each([
    { name: "photo.jpg", head: JPEG, type: "image/jpeg" },
    { name: "picture.png", head: PNG, type: "image/png" },
    { name: "moving.gif", head: padded("GIF89a"), type: "image/gif" },
    { name: "picture.webp", head: padded("RIFF\x10\0\0\0WEBPVP8 "), type: "image/webp" },
    { name: "sound.mp3", head: padded("ID3\x04\0\0\0\0\x7f\x7f"), type: "audio/mpeg" },
    { name: "sound.wav", head: padded("RIFF\x10\0\0\0WAVEfmt "), type: "audio/wav" },
    { name: "sound.aac", head: padded(hex("fff15080")), type: "audio/aac" },
    { name: "sound.m4a", head: padded(hex("00000018"), "ftypM4A "), type: "audio/mp4" },
    { name: "note.ogg", head: OGG("OpusHead"), type: "audio/ogg" },
    { name: "film.ogv", head: OGG("\x80theora"), type: "video/ogg" },
    { name: "film.mp4", head: padded(hex("00000018"), "ftypisom"), type: "video/mp4" },
    {
      name: "film.webm",
      head: padded(hex("1a45dfa3 9f 4286 81 01 42f7 81 01 42f2 81 04 42f3 81 08 4282 84"), "webm"),
      type: "video/webm",
    },
    { name: "paper.pdf", head: padded("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), type: "application/pdf" },
    { name: "tiny.pdf", head: Buffer.from("%PDF-1.7\n1 0 obj"), type: "application/pdf" },
    {
      name: "letter.docx",
      head: docx,
      type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    },
    {
      name: "table.xlsx",
      head: zip(contentTypes("openxmlformats-officedocument.spreadsheetml.sheet")),
      type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    },
    {
      name: "late.docx",
      head: zip({ name: "word/document.xml", text: "x" }),
      type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    },
    {
      name: "many.zip",
      head: zip({ name: "a.txt", text: "MZ #!/bin/sh <script>" }),
      type: "application/zip",
    },
    { name: "none.zip", head: padded("PK\x05\x06"), type: "application/zip" },
    { name: "packed.gz", head: gzipSync("hello"), type: "application/gzip" },
    { name: "packed.tar", head: tar(), type: "application/x-tar" },
    { name: "notes.txt", head: Buffer.from("Grüße"), type: "text/plain" },
    { name: "old.txt", head: Buffer.from("Gr\xfc\xdfe", "latin1"), type: "text/plain" },
    { name: "wide.txt", head: Buffer.from("\ufeffhello", "utf16le"), type: "text/plain" },
    { name: "table.csv", head: Buffer.from("a,b\n1,2\n"), type: "text/csv" },
    { name: "data.json", head: Buffer.from('{"a":1}'), type: "application/json" },
    { name: "drawing.svg", head: Buffer.from("<svg/>"), type: "image/svg+xml" },
    {
      name: "drawing.svg",
      head: Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- by hand -->\n<svg:svg xmlns:svg="x"/>'),
      type: "image/svg+xml",
    },
  ])("$name is $type by its content", async ({ name, head, type }) => {
    expect(await typeOf(head, name)).toBe(type);
  });

  test.each([
    {
      name: "a text that begins with MZ",
      head: Buffer.from("MZ-100 is an old computer with a long manual".repeat(3)),
    },
    { name: "a text that begins with BM", head: Buffer.from("BMW prices") },
    {
      name: "a text with MZ, ELF and scripts within",
      head: Buffer.from(
        "see MZ \x7fELF".replace("\x7f", "") + " <script> javascript: onload= #!/bin/sh",
      ),
    },
    {
      name: "a text that begins with a channel's name",
      head: Buffer.from("#!general is our channel"),
    },
    { name: "a text that begins with a heart", head: Buffer.from("<3 you") },
    { name: "Markdown with HTML in it", head: Buffer.from("# Title\n<script>x</script>") },
    { name: "a log with colours", head: Buffer.from("\x1b[31mred\x1b[0m") },
  ])("that is $name is a text", async ({ head }) => {
    expect(await typeOf(head, "a.txt")).toBe("text/plain");
  });

  test.each([
    { name: "two bytes that begin programs", head: Buffer.concat([PNG, Buffer.from("MZ"), pe()]) },
    { name: "an ELF's beginning", head: Buffer.concat([PNG, hex("7f454c46")]) },
    {
      name: "a script's words",
      head: Buffer.concat([PNG, Buffer.from("<script>javascript:onerror=#!/bin/bash")]),
    },
    { name: "Java's magic", head: Buffer.concat([PNG, hex("cafebabe")]) },
  ])("that is a picture with $name within is a picture (T-35)", async ({ head }) => {
    expect(await typeOf(head, "a.png")).toBe("image/png");
  });

  test.each([
    { name: "nothing", head: Buffer.alloc(0) },
    { name: "a Windows program", head: pe() },
    { name: "an ELF program", head: padded(hex("7f454c460201")) },
    { name: "a Mach-O program", head: padded(hex("cffaedfe")) },
    { name: "a fat Mach-O program, or a Java class", head: padded(hex("cafebabe")) },
    { name: "a shell script", head: Buffer.from("#!/bin/sh\nrm -rf /") },
    { name: "a script through env", head: Buffer.from("#! /usr/bin/env python") },
    { name: "a page", head: Buffer.from("  \n<!DOCTYPE html><p>") },
    {
      name: "a page that begins with a comment",
      head: Buffer.from("<!-- x --><script>x</script>"),
    },
    {
      name: "a page of XML",
      head: Buffer.from('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>'),
    },
    { name: "other XML", head: Buffer.from('<?xml version="1.0"?><note/>') },
    { name: "RTF", head: Buffer.from("{\\rtf1 hello}") },
    { name: "PostScript", head: Buffer.from("%!PS-Adobe-3.0") },
    { name: "a Java archive", head: zip({ name: "META-INF/MANIFEST.MF", text: "Main-Class: x" }) },
    { name: "a document with macros", head: zip(contentTypes("ms-word.document.macroEnabled")) },
    { name: "an installer", head: cfb("Installer").subarray(0, 65_536) },
    { name: "bytes that nobody knows", head: hex("000102030405060708") },
    { name: "WebAssembly", head: padded(hex("0061736d01000000")) },
    { name: "an SVG in UTF-16", head: Buffer.from("\ufeff<svg/>", "utf16le") },
  ])("that is $name is refused under any name (T-35)", async ({ head }) => {
    for (const name of ["a.png", "a.pdf", "a.txt", "a.zip", "a.svg", "a"]) {
      const isWideText = head[0] === 0xff && head[1] === 0xfe && name !== "a.svg";
      expect(await typeOf(head, name)).toBe(isWideText ? "text/plain" : "refused");
    }
  });

  test("that is named .svg and is a text, or a picture, is refused", async () => {
    expect(await typeOf(Buffer.from("hello"), "a.svg")).toBe("refused");
    expect(await typeOf(PNG, "a.svg")).toBe("refused");
  });
});

async function* whole(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

const read = async (bytes: Buffer, name: string) => {
  const { type, body } = await inspect(whole(bytes), name);
  for await (const _ of body) continue;
  return type;
};

describe("an old office document", () => {
  test.each([
    { name: "a.doc", stream: "WordDocument", type: "application/msword" },
    { name: "a.xls", stream: "Workbook", type: "application/vnd.ms-excel" },
    { name: "a.ppt", stream: "PowerPoint Document", type: "application/vnd.ms-powerpoint" },
  ])(
    "$name is one when its stream is in it, wherever that is named",
    async ({ name, stream, type }) => {
      expect(await read(cfb(stream), name)).toBe(type);
    },
  );

  test("is none when it is an installer under its name", async () => {
    await expect(read(cfb("!_Tables"), "a.doc")).rejects.toMatchObject({
      code: "INVALID_FILE_TYPE",
    });
  });
});
