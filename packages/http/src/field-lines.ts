import { FIELD_VALUE, isBlank, sameWord, TOKEN } from "./ascii.ts";
import { refused, Refusal } from "./refusal.ts";

/** Fields of one head at most: more is an attack on memory or on hash tables, never a browser. */
export const MAX_FIELDS = 200;

export const TOO_MANY = new Refusal("headers_too_large", "too many fields");
const BARE_LF = refused("a line must end with CR LF");
const FOLDED = refused("a field must not be folded over lines");
const BAD_NAME = refused("a field name must be a token followed at once by a colon");
const BAD_VALUE = refused("a field value has a control character");
const CUT = refused("the head does not end with an empty line");
const TWO_LENGTHS = refused("more than one content-length");
const TWO_CODINGS = refused("more than one transfer-encoding");
const TWO_HOSTS = refused("more than one host");

/** What framing and routing need of a field list, gathered in the same pass that checks it. */
export class FieldLines {
  /** Name, value, name, value: as received, in order and case. */
  readonly fields: string[] = [];
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  host: string | undefined;
  expect: string | undefined;
  /** All Connection values, and those of Proxy-Connection, which llhttp obeys alike; with commas. */
  connection: string | undefined;
  /** All Upgrade values, joined by commas. */
  upgrade: string | undefined;
}

/**
 * Reads field lines (RFC 9112 §5) from `at` to the empty line that ends `text`. Refuses bare CR or
 * LF, obs-fold, blanks around the name, control characters, and second values of fields that decide
 * framing or routing.
 */
export function readFieldLines(
  text: string,
  at: number,
  into: FieldLines,
  mostFields = MAX_FIELDS,
): Refusal | undefined {
  const { fields } = into;
  const last = text.length - 2;
  while (at < last) {
    const nameAt = at;
    while (TOKEN[text.charCodeAt(at)] === 1) at++;
    if (at === nameAt || text.charCodeAt(at) !== 0x3a) return whyBadName(text, nameAt);
    const name = text.slice(nameAt, at++);
    while (isBlank(text.charCodeAt(at))) at++;
    const valueAt = at;
    while (FIELD_VALUE[text.charCodeAt(at)] === 1) at++;
    if (text.charCodeAt(at) !== 0x0d || text.charCodeAt(at + 1) !== 0x0a) {
      return at < text.length ? whyBadValue(text, at) : CUT;
    }
    let end = at;
    while (end > valueAt && isBlank(text.charCodeAt(end - 1))) end--;
    const value = text.slice(valueAt, end);
    fields.push(name, value);
    const problem = note(into, name, value);
    if (problem !== undefined) return problem;
    at += 2;
  }
  if (fields.length > 2 * mostFields) return TOO_MANY;
  return at === last && text.charCodeAt(at) === 0x0d && text.charCodeAt(at + 1) === 0x0a
    ? undefined
    : CUT;
}

/** The length decides first: of a usual head's names few get as far as a comparison. */
function note(into: FieldLines, name: string, value: string): Refusal | undefined {
  switch (name.length) {
    case 4:
      if (!sameWord(name, "host")) return undefined;
      if (into.host !== undefined) return TWO_HOSTS;
      into.host = value;
      return undefined;
    case 6:
      if (sameWord(name, "expect")) into.expect = joined(into.expect, value);
      return undefined;
    case 7:
      if (sameWord(name, "upgrade")) into.upgrade = joined(into.upgrade, value);
      return undefined;
    case 10:
      if (sameWord(name, "connection")) into.connection = joined(into.connection, value);
      return undefined;
    case 14:
      if (!sameWord(name, "content-length")) return undefined;
      if (into.contentLength !== undefined) return TWO_LENGTHS;
      into.contentLength = value;
      return undefined;
    case 16:
      if (sameWord(name, "proxy-connection")) into.connection = joined(into.connection, value);
      return undefined;
    case 17:
      if (!sameWord(name, "transfer-encoding")) return undefined;
      if (into.transferEncoding !== undefined) return TWO_CODINGS;
      into.transferEncoding = value;
      return undefined;
    default:
      return undefined;
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

function whyBadName(text: string, at: number): Refusal {
  if (isBlank(text.charCodeAt(at))) return FOLDED;
  return text.charCodeAt(at) === 0x0a ? BARE_LF : BAD_NAME;
}

function whyBadValue(text: string, at: number): Refusal {
  const code = text.charCodeAt(at);
  return code === 0x0a || code === 0x0d ? BARE_LF : BAD_VALUE;
}
