import { FIELD_VALUE, readDecimal } from "./ascii.ts";
import { FieldLines } from "./field-lines.ts";
import { type Framing, readConnection, readLength } from "./framing.ts";
import type { HeadSource } from "./head-source.ts";
import { refused, Refusal } from "./refusal.ts";
import { upgradeToken } from "./upgrade.ts";

/** A response's head, checked. */
export interface ResponseHead {
  /** 100-999. Below 200 it is informational and another head follows, except after 101. */
  status: number;
  reason: string;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  minor: number;
  /** Name, value, name, value: as received, in order and case. */
  readonly fields: string[];
  /** As a request's. */
  readonly lines: string | undefined;
  framing: Framing;
  /** Bytes that content-length announced, also where no body follows (HEAD, 304); -1 for none. */
  contentLength: number;
  /** The connection may carry another request after this response's end. */
  keepAlive: boolean;
  /** With status 101: lower-case protocol that was agreed on; "" otherwise. */
  upgrade: string;
  /** All Connection values joined by commas: what it names goes no further. "" for none. */
  connection: string;
  /** First value of Keep-Alive. */
  keepAliveWords: string | undefined;
  /** First value of X-Request-Id, unless Connection names it. */
  requestId: string | undefined;
}

const BAD_LINE = refused("the status line must be: HTTP/1.x SP three digits SP reason CR LF");
const BAD_VERSION = new Refusal("version_not_supported", "only HTTP/1.1 and HTTP/1.0 are spoken");
const BODY_WHERE_NONE_IS = refused("a response of this status must not announce a body");
const CLOSED_BEFORE_FINAL = refused("an informational response that closes the connection");
const BAD_UPGRADE = refused("101 must say in upgrade and connection what it changes to");

/**
 * Reads a whole response head, up to and with the empty line (RFC 9112 §4, §6.3).
 * `method` is that of the request it answers. The caller bounds its size.
 */
export function parseResponseHead(
  source: HeadSource,
  request: { method: string },
): ResponseHead | Refusal {
  const { text } = source;
  const minor = readVersion(text);
  if (typeof minor !== "number") return minor;
  const status = readDecimal(text, 9, 12);
  const reasonEnd = status < 100 ? -1 : endOfReason(text);
  if (reasonEnd === -1) return BAD_LINE;

  const lines = new FieldLines();
  const problem = lines.read(source, reasonEnd + 2);
  if (problem !== undefined) return problem;
  const contentLength = readLength(lines, minor);
  if (typeof contentLength !== "number") return contentLength;
  const connection = readConnection(lines.connection, minor);
  if (connection instanceof Refusal) return connection;
  if (status < 200 && status !== 101 && !connection.keepAlive) return CLOSED_BEFORE_FINAL;
  const framing = responseFraming(status, request.method, lines, contentLength);
  if (framing instanceof Refusal) return framing;
  const upgrade = status === 101 && connection.upgrade ? upgradeToken(lines.upgrade) : "";
  if (status === 101 && upgrade === "") return BAD_UPGRADE;
  const head = new ReadHead(lines, minor);
  head.status = status;
  head.reason = text.slice(13, reasonEnd);
  head.framing = framing;
  head.contentLength = contentLength;
  head.keepAlive = connection.keepAlive && framing !== "until-close" && status !== 101;
  head.upgrade = upgrade;
  return head;
}

/** Its fields are read out only when somebody asks for them. */
class ReadHead implements ResponseHead {
  status = 0;
  reason = "";
  readonly minor: number;
  framing: Framing = "none";
  contentLength = -1;
  keepAlive = false;
  upgrade = "";
  readonly connection: string;
  readonly keepAliveWords: string | undefined;
  readonly requestId: string | undefined;
  readonly #lines: FieldLines;

  constructor(lines: FieldLines, minor: number) {
    const { connection = "", keepAlive, requestId } = lines;
    this.minor = minor;
    this.connection = connection;
    this.keepAliveWords = keepAlive;
    this.requestId = requestId;
    this.#lines = lines;
  }

  get fields(): string[] {
    return this.#lines.fields;
  }
  get lines(): string | undefined {
    return this.#lines.lines;
  }
}

/** RFC 9112 §6.3, with the contradictions that it lets pass refused. */
function responseFraming(
  status: number,
  method: string,
  lines: FieldLines,
  contentLength: number,
): Framing | Refusal {
  if (status < 200 || status === 204) {
    // RFC 9110 §8.6 and RFC 9112 §6.1 forbid both fields here; a zero length does no harm.
    return lines.transferEncoding !== undefined || contentLength > 0 ? BODY_WHERE_NONE_IS : "none";
  }
  if (status === 304 || method === "HEAD") return "none";
  if (lines.transferEncoding !== undefined) return "chunked";
  if (contentLength === -1) return "until-close";
  return contentLength > 0 ? "length" : "none";
}

function readVersion(text: string): number | Refusal {
  if (text.startsWith("HTTP/1.1 ")) return 1;
  if (text.startsWith("HTTP/1.0 ")) return 0;
  return /^HTTP\/\d(?:\.\d)? /.test(text.slice(0, 9)) ? BAD_VERSION : BAD_LINE;
}

/** Index of the CR LF after the reason, which may be empty, also without its space; or -1. */
function endOfReason(text: string): number {
  if (text.startsWith("\r\n", 12)) return 12;
  if (text.charCodeAt(12) !== 0x20) return -1;
  let at = 13;
  while (FIELD_VALUE[text.charCodeAt(at)] === 1) at++;
  return text.startsWith("\r\n", at) ? at : -1;
}
