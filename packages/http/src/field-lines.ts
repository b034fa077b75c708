import { FIELD_VALUE, isBlank, sameWord, TOKEN } from "./ascii.ts";
import type { HeadSource } from "./head-source.ts";
import { namedByConnection, ROLE, roleOf } from "./hop-by-hop.ts";
import { refused, Refusal } from "./refusal.ts";

/** Fields of one head at most: more is an attack on memory or on hash tables, never a browser. */
export const MAX_FIELDS = 200;

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;

export const TOO_MANY = new Refusal("headers_too_large", "too many fields");
const BARE_LF = refused("a line must end with CR LF");
const FOLDED = refused("a field must not be folded over lines");
const BAD_NAME = refused("a field name must be a token followed at once by a colon");
const BAD_VALUE = refused("a field value has a control character");
const CUT = refused("the head does not end with an empty line");
const TWO_LENGTHS = refused("more than one content-length");
const TWO_CODINGS = refused("more than one transfer-encoding");
const TWO_HOSTS = refused("more than one host");

/** Names of these lengths, and longer ones with these first letters, may mean something to us. */
const LENGTHS = new Set([2, 4, 6, 7, 9, 10, 12, 14]);
const SHORT = Uint8Array.from({ length: 15 }, (_, length) => (LENGTHS.has(length) ? 1 : 0));
const LONG = Uint8Array.from({ length: 256 }, (_, byte) =>
  "ptx".includes(String.fromCharCode(byte).toLowerCase()) ? 1 : 0,
);

/** What framing, routing and forwarding need of a field list, gathered in the pass that checks it. */
export class FieldLines {
  count = 0;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  host: string | undefined;
  expect: string | undefined;
  /** All Connection values, and those of Proxy-Connection, which llhttp obeys alike; with commas. */
  connection: string | undefined;
  /** All Upgrade values, joined by commas. */
  upgrade: string | undefined;
  /** First value of Keep-Alive. */
  keepAlive: string | undefined;
  readonly #ends: number;
  /** End-to-end fields as they are written: `name: value CRLF`. */
  #kept = "";
  #requestId: string | undefined;
  /** Lower-case names that Connection takes along. */
  #named: ReadonlySet<string> | undefined;
  #text = "";
  #start = 0;
  #fields: string[] | undefined;

  /** Fields of the role `ends` and of those behind it in `ROLE` stay out of `lines`. */
  constructor(ends: number = ROLE.hopByHop) {
    this.#ends = ends;
  }

  /**
   * What goes on to the next hop, as lines. Undefined where that takes a look at each field, since
   * Connection names some.
   */
  get lines(): string | undefined {
    return this.#named === undefined ? this.#kept : undefined;
  }

  /** First value of X-Request-Id, where that goes on to the next hop. */
  get requestId(): string | undefined {
    return this.#named?.has("x-request-id") === true ? undefined : this.#requestId;
  }

  /** Name, value, name, value: as received, in order and case. Read out when first asked for. */
  get fields(): string[] {
    return (this.#fields ??= fieldsOf(this.#text, this.#start));
  }

  /**
   * Reads field lines (RFC 9112 §5) from char `start` of the source to the empty line that ends it.
   * Refuses bare CR or LF, obs-fold, blanks around the name, control characters, and second values
   * of fields that decide framing or routing. Called once.
   */
  read(source: HeadSource, start: number, mostFields = MAX_FIELDS): Refusal | undefined {
    const { bytes, from, text } = source;
    this.#text = text;
    this.#start = start;
    const last = from + text.length - 2;
    let at = from + start;
    // Lines from here to the present one are kept, and stand as they would be written.
    let run = at;
    while (at < last) {
      const nameAt = at;
      while (TOKEN[bytes[at]!] === 1) at++;
      const nameEnd = at++;
      if (nameEnd === nameAt || bytes[nameEnd] !== COLON) return whyBadName(bytes[nameAt]!);
      while (isBlank(bytes[at]!)) at++;
      const valueAt = at;
      while (FIELD_VALUE[bytes[at]!] === 1) at++;
      if (bytes[at] !== CR || bytes[at + 1] !== LF)
        return at < last + 2 ? whyBadValue(bytes[at]!) : CUT;
      let end = at;
      while (end > valueAt && isBlank(bytes[end - 1]!)) end--;
      at += 2;
      this.count++;
      let goesOn = true;
      if (mayMatter(bytes[nameAt]!, nameEnd - nameAt)) {
        const name = text.slice(nameAt - from, nameEnd - from);
        const problem = this.#note(name, text.slice(valueAt - from, end - from));
        if (problem !== undefined) return problem;
        goesOn = roleOf(name) < this.#ends;
      }
      const asWritten = valueAt === nameEnd + 2 && bytes[nameEnd + 1] === SPACE && end + 2 === at;
      if (goesOn && asWritten) continue;
      if (run < nameAt) this.#kept += text.slice(run - from, nameAt - from);
      run = at;
      if (!goesOn) continue;
      const value = text.slice(valueAt - from, end - from);
      this.#kept += `${text.slice(nameAt - from, nameEnd - from)}: ${value}\r\n`;
    }
    if (this.count > mostFields) return TOO_MANY;
    if (at !== last || bytes[at] !== CR || bytes[at + 1] !== LF) return CUT;
    if (run < at) this.#kept += text.slice(run - from, at - from);
    if (this.connection !== undefined) this.#named = namedByConnection(this.connection);
    return undefined;
  }

  /** The length decides first: of a usual head's names few get as far as a comparison. */
  #note(name: string, value: string): Refusal | undefined {
    switch (name.length) {
      case 4:
        if (!sameWord(name, "host")) return undefined;
        if (this.host !== undefined) return TWO_HOSTS;
        this.host = value;
        return undefined;
      case 6:
        if (sameWord(name, "expect")) this.expect = joined(this.expect, value);
        return undefined;
      case 7:
        if (sameWord(name, "upgrade")) this.upgrade = joined(this.upgrade, value);
        return undefined;
      case 10:
        if (sameWord(name, "connection")) this.connection = joined(this.connection, value);
        else if (sameWord(name, "keep-alive")) this.keepAlive ??= value;
        return undefined;
      case 12:
        if (sameWord(name, "x-request-id")) this.#requestId ??= value;
        return undefined;
      case 14:
        if (!sameWord(name, "content-length")) return undefined;
        if (this.contentLength !== undefined) return TWO_LENGTHS;
        this.contentLength = value;
        return undefined;
      case 16:
        if (sameWord(name, "proxy-connection")) this.connection = joined(this.connection, value);
        return undefined;
      case 17:
        if (!sameWord(name, "transfer-encoding")) return undefined;
        if (this.transferEncoding !== undefined) return TWO_CODINGS;
        this.transferEncoding = value;
        return undefined;
      default:
        return undefined;
    }
  }
}

/** Only such names are compared with those that `note` and `roleOf` know. */
function mayMatter(first: number, length: number): boolean {
  return length < SHORT.length ? SHORT[length] === 1 : LONG[first] === 1;
}

/** Of lines that were checked. */
function fieldsOf(text: string, start: number): string[] {
  const fields: string[] = [];
  const last = text.length - 2;
  for (let at = start; at < last;) {
    const colon = text.indexOf(":", at);
    const line = text.indexOf("\r\n", colon);
    let [from, to] = [colon + 1, line];
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    fields.push(text.slice(at, colon), text.slice(from, to));
    at = line + 2;
  }
  return fields;
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

function whyBadName(byte: number): Refusal {
  if (isBlank(byte)) return FOLDED;
  return byte === LF ? BARE_LF : BAD_NAME;
}

function whyBadValue(byte: number): Refusal {
  return byte === LF || byte === CR ? BARE_LF : BAD_VALUE;
}
