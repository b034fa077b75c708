import { isAll, readDecimal, sameWord, TARGET } from "./ascii.ts";
import { type Authority, readAuthority } from "./authority.ts";
import { fieldOf, withoutField } from "./fields.ts";
import type { Framing } from "./framing.ts";
import { type Http2Block, http2Fields, readHttp2Block } from "./http2-fields.ts";
import { isKnownMethod } from "./method.ts";
import { refused, Refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

const MISSING = refused("HTTP/2: a pseudo-header is missing");
const BAD_SCHEME = refused("HTTP/2: :scheme must be http or https");
const BAD_PATH = refused("HTTP/2: :path must be in origin-form");
const BAD_AUTHORITY = refused("HTTP/2: :authority must be a name or address and an optional port");
const TWO_HOSTS = refused("HTTP/2: :authority and host differ");
const BAD_LENGTH = refused("HTTP/2: content-length is malformed or contradicts the stream's end");
const BAD_STATUS = refused("HTTP/2: :status must be three digits");
const BAD_METHOD = new Refusal("not_implemented", "unknown method, or CONNECT");
const REQUEST_PSEUDO = [":method", ":scheme", ":authority", ":path"];
const RESPONSE_PSEUDO = [":status"];

/**
 * Reads a request's flat HTTP/2 header list (RFC 9113 §8.3.1) as the HTTP/1.1 head that means the
 * same: Host first, cookies joined. `ended`: the stream ends with this block. A body of unknown
 * length counts as chunked.
 */
export function readHttp2Request(raw: readonly string[], ended: boolean): RequestHead | Refusal {
  const block = readHttp2Block(raw, REQUEST_PSEUDO);
  if (block instanceof Refusal) return block;
  const method = block.pseudo.get(":method");
  const scheme = block.pseudo.get(":scheme");
  const target = block.pseudo.get(":path");
  if (method === undefined || !isKnownMethod(method)) return BAD_METHOD;
  if (scheme === undefined || target === undefined) return MISSING;
  if (scheme !== "http" && scheme !== "https") return BAD_SCHEME;
  if (!isOriginForm(target, method)) return BAD_PATH;
  const host = readHost(block);
  if (host instanceof Refusal) return host;
  const contentLength = readContentLength(block.fields);
  if (contentLength < -1 || (ended && contentLength > 0)) return BAD_LENGTH;
  const others = withoutField(block.fields, "host");
  others.unshift("host", host.text);
  return {
    method,
    target,
    minor: 1,
    fields: others,
    lines: undefined,
    framing: framingOf(ended, contentLength),
    contentLength,
    keepAlive: true,
    expectContinue: sameWord(fieldOf(others, "expect") ?? "", "100-continue"),
    upgrade: "",
    connection: "",
    host: host.authority.host,
    port: host.authority.port,
    requestId: fieldOf(others, "x-request-id"),
  };
}

function isOriginForm(target: string, method: string): boolean {
  if (target === "*") return method === "OPTIONS";
  return target.charCodeAt(0) === 0x2f && isAll(TARGET, target);
}

/** :authority, or Host where there is none; both only when they say the same. */
function readHost(block: Http2Block): { text: string; authority: Authority } | Refusal {
  const field = fieldOf(block.fields, "host");
  const text = block.pseudo.get(":authority") ?? field;
  if (text === undefined) return MISSING;
  if (field !== undefined && field.toLowerCase() !== text.toLowerCase()) return TWO_HOSTS;
  const authority = readAuthority(text);
  return authority === undefined ? BAD_AUTHORITY : { text, authority };
}

/** -1 for none, -2 for malformed. */
function readContentLength(fields: readonly string[]): number {
  const text = fieldOf(fields, "content-length");
  if (text === undefined) return -1;
  const length = readDecimal(text);
  return length === -1 ? -2 : length;
}

function framingOf(ended: boolean, contentLength: number): Framing {
  if (ended || contentLength === 0) return "none";
  return contentLength > 0 ? "length" : "chunked";
}

/**
 * Reads a response's flat HTTP/2 header list (RFC 9113 §8.3.2) as the HTTP/1.1 head that means the
 * same. `method` is that of the request; `ended`: the stream ends with this block.
 */
export function readHttp2Response(
  raw: readonly string[],
  request: { method: string },
  ended: boolean,
): ResponseHead | Refusal {
  const block = readHttp2Block(raw, RESPONSE_PSEUDO);
  if (block instanceof Refusal) return block;
  const status = readStatus(block.pseudo.get(":status"));
  if (status === -1) return BAD_STATUS;
  const contentLength = readContentLength(block.fields);
  const bodiless = status < 200 || status === 204 || status === 304 || request.method === "HEAD";
  const contradiction = ended && !bodiless && contentLength > 0;
  if (contentLength < -1 || contradiction) return BAD_LENGTH;
  return {
    status,
    reason: "",
    minor: 1,
    fields: block.fields,
    lines: undefined,
    framing: framingOf(ended || bodiless, contentLength),
    contentLength,
    keepAlive: true,
    upgrade: "",
    connection: "",
    keepAliveWords: undefined,
    requestId: fieldOf(block.fields, "x-request-id"),
  };
}

/** 101 does not exist in HTTP/2 (RFC 9113 §8.6). */
function readStatus(text: string | undefined): number {
  if (text?.length !== 3) return -1;
  const status = readDecimal(text);
  return status < 100 || status === 101 ? -1 : status;
}

/**
 * A request as a flat HTTP/2 header list. `fields` are end-to-end ones with Host among them. Says
 * `te: trailers`, since trailers go through us (gRPC asks for it).
 */
export function http2RequestList(
  head: { readonly method: string; readonly target: string; readonly contentLength: number },
  fields: readonly string[],
  scheme: "http" | "https",
): string[] {
  const authority = fieldOf(fields, "host") ?? "";
  const pseudo = [":method", head.method, ":scheme", scheme, ":authority", authority];
  pseudo.push(":path", head.target);
  const list = pseudo.concat(http2Fields(fields), "te", "trailers");
  if (head.contentLength >= 0) list.push("content-length", String(head.contentLength));
  return list;
}

/** A response as a flat HTTP/2 header list; `fields` are end-to-end ones. */
export function http2ResponseList(
  head: { readonly status: number; readonly contentLength: number },
  fields: readonly string[],
): string[] {
  const list = [":status", String(head.status), ...http2Fields(fields)];
  if (head.contentLength >= 0) list.push("content-length", String(head.contentLength));
  return list;
}
