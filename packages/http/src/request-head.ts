import { sameWord } from "./ascii.ts";
import { readAuthority } from "./authority.ts";
import { FieldLines, MAX_FIELDS } from "./field-lines.ts";
import { type Framing, readConnection, readLength } from "./framing.ts";
import type { HeadSource } from "./head-source.ts";
import { ROLE } from "./hop-by-hop.ts";
import { isKnownMethod } from "./method.ts";
import { refused, Refusal } from "./refusal.ts";
import { readTarget } from "./request-target.ts";
import { upgradeToken } from "./upgrade.ts";

/** A request's head, checked: what it says is said in one way only. */
export interface RequestHead {
  method: string;
  /** Origin-form, byte for byte as sent (`*` for OPTIONS). */
  target: string;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  minor: number;
  /** Name, value, name, value: as received, in order and case. */
  readonly fields: string[];
  /**
   * What goes on to the next hop but forwarding fields, as `name: value CRLF` lines; undefined where
   * `fields` must be looked at one by one.
   */
  readonly lines: string | undefined;
  framing: Framing;
  /** Bytes that content-length announced; -1 for none. */
  contentLength: number;
  /** The client will take another response on this connection. */
  keepAlive: boolean;
  expectContinue: boolean;
  /** Lower-case protocol that the client asks to change to; "" for none. Never with a body. */
  upgrade: string;
  /** All Connection values joined by commas: what it names goes no further. "" for none. */
  connection: string;
  /** From Host: lower case, without port; IPv6 in brackets. */
  host: string;
  /** From Host; -1 when it has none. */
  port: number;
  /** First value of X-Request-Id, unless Connection names it. */
  requestId: string | undefined;
}

const BAD_LINE = refused("the request line must be: method SP target SP HTTP/1.x CR LF");
const BAD_METHOD = new Refusal("not_implemented", "unknown method");
const NO_CONNECT = new Refusal("not_implemented", "CONNECT is not served");
const BAD_VERSION = new Refusal("version_not_supported", "only HTTP/1.1 and HTTP/1.0 are spoken");
const NO_HOST = refused("a request needs one host field");
const BAD_HOST = refused("host must be a name or address and an optional port");

/**
 * Reads a whole request head, up to and with the empty line (RFC 9112 §3, §5). The caller bounds its
 * size. Anything that two HTTP implementations could read differently is refused.
 */
export function parseRequestHead(
  source: HeadSource,
  mostFields = MAX_FIELDS,
): RequestHead | Refusal {
  const { text } = source;
  const methodEnd = text.indexOf(" ");
  const targetEnd = text.indexOf(" ", methodEnd + 1);
  if (methodEnd <= 0 || targetEnd === -1) return BAD_LINE;
  const method = text.slice(0, methodEnd);
  if (!isKnownMethod(method)) return whyBadMethod(method);
  const minor = readVersion(text, targetEnd + 1);
  if (typeof minor !== "number") return minor;

  const lines = new FieldLines(ROLE.forwarded);
  const problem = lines.read(source, targetEnd + 11, mostFields);
  if (problem !== undefined) return problem;
  if (lines.host === undefined) return NO_HOST;
  const authority = readAuthority(lines.host);
  if (authority === undefined) return BAD_HOST;
  const target = readTarget(text.slice(methodEnd + 1, targetEnd), method, authority);
  if (typeof target !== "string") return target;
  const contentLength = readLength(lines, minor);
  if (typeof contentLength !== "number") return contentLength;
  const connection = readConnection(lines.connection, minor);
  if (connection instanceof Refusal) return connection;

  const head = new ReadHead(lines, minor);
  head.method = method;
  head.target = target;
  head.framing = requestFraming(lines, contentLength);
  head.contentLength = contentLength;
  head.keepAlive = connection.keepAlive;
  if (connection.upgrade && minor === 1 && head.framing === "none")
    head.upgrade = upgradeToken(lines.upgrade);
  head.host = authority.host;
  head.port = authority.port;
  return head;
}

/** Its fields are read out only when somebody asks for them. */
class ReadHead implements RequestHead {
  method = "";
  target = "";
  readonly minor: number;
  framing: Framing = "none";
  contentLength = -1;
  keepAlive = false;
  readonly expectContinue: boolean;
  upgrade = "";
  readonly connection: string;
  host = "";
  port = -1;
  readonly requestId: string | undefined;
  readonly #lines: FieldLines;

  constructor(lines: FieldLines, minor: number) {
    const { expect, connection = "", requestId } = lines;
    this.minor = minor;
    this.expectContinue = minor === 1 && expect !== undefined && sameWord(expect, "100-continue");
    this.connection = connection;
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

function requestFraming(lines: FieldLines, contentLength: number): Framing {
  if (lines.transferEncoding !== undefined) return "chunked";
  return contentLength > 0 ? "length" : "none";
}

/** `at` is where the version begins; after it the line must end. */
function readVersion(text: string, at: number): number | Refusal {
  if (text.startsWith("HTTP/1.1\r\n", at)) return 1;
  if (text.startsWith("HTTP/1.0\r\n", at)) return 0;
  return /^HTTP\/\d(?:\.\d)?\r\n/.test(text.slice(at, at + 10)) ? BAD_VERSION : BAD_LINE;
}

function whyBadMethod(method: string): Refusal {
  if (method === "CONNECT") return NO_CONNECT;
  return /^[A-Z-]{1,32}$/.test(method) ? BAD_METHOD : BAD_LINE;
}
