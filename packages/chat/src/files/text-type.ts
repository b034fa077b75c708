import type { Sniffed } from "./sniff.ts";

/**
 * The type of a text, or why it is refused; undefined: the bytes are no text. Text is what holds no
 * control characters but those of texts (WHATWG MIME Sniffing §3, "binary data byte"), in UTF-8 or in
 * one of the old 8-bit encodings, or begins with the mark of UTF-16.
 */
export function textType(head: Buffer, isWhole: boolean, extension: string): Sniffed | undefined {
  const plain: Sniffed = { type: plainType(head, extension), scan: undefined };
  if (isUtf16(head)) return extension === "svg" ? { refused: "an SVG must be in UTF-8" } : plain;
  if (head.some((byte) => BINARY.has(byte))) return undefined;
  const text = head
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trimStart();
  if (text.startsWith("%PDF-")) return { type: "application/pdf", scan: undefined };
  if (text.startsWith("{\\rtf") || text.startsWith("%!PS")) return { refused: WHY_NOT };
  const root = rootOf(text, isWhole);
  if (root === "svg") return { type: "image/svg+xml", scan: "svg" };
  if (root !== undefined) return { refused: `pages (${root}) are not accepted` };
  return extension === "svg" ? { refused: "the file is named .svg and is none" } : plain;
}

const WHY_NOT = "files of this type are not accepted";
/** ESC stays: it colours the logs that people send. */
const BINARY = new Set(
  Array.from({ length: 0x20 }, (_, byte) => byte).filter(
    (byte) => ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte),
  ),
);

function isUtf16(head: Buffer): boolean {
  const mark = head.length >= 2 ? head.readUInt16BE(0) : 0;
  return mark === 0xfffe || mark === 0xfeff;
}

/** None of these is ever run, so the name may choose. */
function plainType(head: Buffer, extension: string): string {
  if (extension === "csv") return "text/csv";
  const isJson = extension === "json" && /^\s*[[{"\d-tfn]/.test(head.toString("latin1", 0, 256));
  return isJson ? "application/json" : "text/plain";
}

/** What makes a browser that guesses take a text for a page (WHATWG MIME Sniffing §7.1). */
const PAGE_TAGS =
  /^<(html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|!doctype html)[\s>]/i;

/**
 * The root element of what is XML or a page: `svg`, `html`, any other name, or `unknown` where it is too
 * far away; undefined: it only begins with a sign.
 */
function rootOf(text: string, isWhole: boolean): string | undefined {
  if (!text.startsWith("<")) return undefined;
  if (PAGE_TAGS.test(text)) return "html";
  const rest = text.replace(
    /^(?:\s+|<\?[^]*?\?>|<!--[^]*?-->|<!doctype[^[>]*(?:\[[^]*?\]\s*)?>)+/i,
    "",
  );
  if (PAGE_TAGS.test(rest)) return "html";
  const name = /^<(?:[\w.-]+:)?([\w.-]+)(?=[\s/>])/.exec(rest)?.[1]?.toLowerCase();
  if (name === "svg") return "svg";
  const hasProlog = rest.length < text.length;
  if (hasProlog || /^<[?!]/.test(rest)) return name ?? (isWhole ? "markup" : "unknown");
  return undefined;
}
