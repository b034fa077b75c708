import { contentDisposition } from "./content-disposition.ts";
import { mayBeInline } from "./file-types.ts";
import type { ByteRange, Disposition, StoredFile } from "./ports.ts";

export interface FileRequest {
  method: "GET" | "HEAD";
  /** The fields of these names, as they came. */
  range: string | undefined;
  ifRange: string | undefined;
  ifNoneMatch: string | undefined;
  /** What the link asks for; `inline` is granted to types that cannot run anything. */
  disposition: Disposition;
  /** Until the link expires, so that no cache outlives it. */
  validForMs: number;
}

export interface FileAnswer {
  status: 200 | 206 | 304 | 416;
  headers: Readonly<Record<string, string>>;
  /** Bytes to send; undefined: no body. */
  body: ByteRange | undefined;
}

/** Longest that a browser keeps a file without asking, whatever the link says. */
const MOST_CACHE_SECONDS = 86_400;

/**
 * Nothing of a file runs, whoever opens its URL by itself: no script, no plugin, no form, no origin of
 * ours. Browsers show a picture or a film in a document of their own making, which these allow.
 */
const POLICY =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/** How a file is answered for (RFC 9110). Several ranges at once get the whole, as §14.2 allows. */
export function answerFor(file: StoredFile, request: FileRequest): FileAnswer {
  const tag = `"${file.id}"`;
  const headers = safeHeaders(file, request, tag);
  if (names(request.ifNoneMatch, tag)) {
    const { "content-type": _type, "content-disposition": _disposition, ...rest } = headers;
    return { status: 304, headers: rest, body: undefined };
  }
  const isCurrent = request.ifRange === undefined || request.ifRange === tag;
  const range = isCurrent ? readRange(request.range, file.bytes) : undefined;
  if (range === "unsatisfiable") {
    const none = { ...headers, "content-range": `bytes */${file.bytes}`, "content-length": "0" };
    return { status: 416, headers: none, body: undefined };
  }
  const { first, last } = range ?? { first: 0, last: file.bytes - 1 };
  const length = { ...headers, "content-length": String(last - first + 1) };
  const body = request.method === "HEAD" || last < first ? undefined : { first, last };
  if (range === undefined) return { status: 200, headers: length, body };
  const part = { ...length, "content-range": `bytes ${first}-${last}/${file.bytes}` };
  return { status: 206, headers: part, body };
}

function safeHeaders(file: StoredFile, request: FileRequest, tag: string) {
  const isInline = request.disposition === "inline" && mayBeInline(file.type);
  const seconds = Math.max(0, Math.floor(request.validForMs / 1000));
  const maxAge = Math.min(seconds, MOST_CACHE_SECONDS);
  return {
    "content-type": file.type === "text/plain" ? "text/plain; charset=utf-8" : file.type,
    "content-disposition": contentDisposition(isInline ? "inline" : "attachment", file.name),
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    // The URL is a credential: it does not travel on.
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "cross-origin",
    "cache-control": `private, max-age=${maxAge}, immutable`,
    "accept-ranges": "bytes",
    etag: tag,
  };
}

/** If-None-Match compares weakly (§13.1.2). */
function names(field: string | undefined, tag: string): boolean {
  const tags = field?.split(",").map((one) => one.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(tag) || tags.includes("*");
}

/** Undefined: answer with the whole, which also answers what is malformed or asks for many parts. */
function readRange(
  field: string | undefined,
  bytes: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(field?.trim() ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  if (from === "") {
    const length = Math.min(Number(to), bytes);
    return length === 0 ? "unsatisfiable" : { first: bytes - length, last: bytes - 1 };
  }
  if (to !== "" && Number(to) < Number(from)) return undefined;
  if (Number(from) >= bytes) return "unsatisfiable";
  return { first: Number(from), last: Math.min(to === "" ? Infinity : Number(to), bytes - 1) };
}
