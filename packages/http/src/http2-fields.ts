import { FIELD_VALUE, isAll, isBlank, TOKEN } from "./ascii.ts";
import { MAX_FIELDS, TOO_MANY } from "./field-lines.ts";
import { fieldOf } from "./fields.ts";
import { ROLE, roleOf } from "./hop-by-hop.ts";
import { refused, Refusal } from "./refusal.ts";
import { mayTrail } from "./trailers.ts";

const BAD_PSEUDO = refused("HTTP/2: a pseudo-header is unknown, repeated or late");
const BAD_NAME = refused("HTTP/2: a field name must be a token in lower case");
const BAD_VALUE = refused("HTTP/2: a field value has a control character or blanks around it");
const CONNECTION_FIELD = refused("HTTP/2: a field that speaks of the connection");
const TWICE = refused("HTTP/2: host or content-length repeated");
const UPPER = /[A-Z]/;

/** A header block taken apart. */
export interface Http2Block {
  pseudo: Map<string, string>;
  /** Flat; cookie crumbs joined into one field where the first stood. */
  fields: string[];
}

/**
 * Checks a flat HTTP/2 header list (RFC 9113 §8.2, §8.3): known pseudo-headers only, once and first;
 * lower-case names; no connection-specific field; as many fields as in HTTP/1.1, cookie crumbs being
 * one. `te: trailers` is left out: it is hop-by-hop.
 */
export function readHttp2Block(
  raw: readonly string[],
  known: readonly string[],
): Http2Block | Refusal {
  const block: Http2Block = { pseudo: new Map(), fields: [] };
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    if (!isValue(value)) return BAD_VALUE;
    const problem = name.startsWith(":")
      ? addPseudo(block, name, value, known)
      : addField(block, name, value);
    if (problem !== undefined) return problem;
  }
  return block.fields.length > 2 * MAX_FIELDS ? TOO_MANY : block;
}

function addPseudo(
  block: Http2Block,
  name: string,
  value: string,
  known: readonly string[],
): Refusal | undefined {
  const good = known.includes(name) && block.fields.length === 0 && !block.pseudo.has(name);
  if (!good) return BAD_PSEUDO;
  block.pseudo.set(name, value);
  return undefined;
}

function addField({ fields }: Http2Block, name: string, value: string): Refusal | undefined {
  if (!isAll(TOKEN, name) || UPPER.test(name)) return BAD_NAME;
  if (name === "te") return value === "trailers" ? undefined : CONNECTION_FIELD;
  if (isConnectionField(name)) return CONNECTION_FIELD;
  if (name === "cookie") {
    const at = cookieAt(fields);
    if (at !== -1) {
      fields[at] = `${fields[at]}; ${value}`;
      return undefined;
    }
  } else if (name === "host" || name === "content-length") {
    if (fieldOf(fields, name) !== undefined) return TWICE;
  }
  fields.push(name, value);
  return undefined;
}

/** RFC 9113 §8.2.2. Of the hop-by-hop ones the others mean nothing in HTTP/2 and go no further. */
function isConnectionField(name: string): boolean {
  return (
    name === "connection" ||
    name === "keep-alive" ||
    name === "proxy-connection" ||
    name === "transfer-encoding" ||
    name === "upgrade"
  );
}

function cookieAt(fields: readonly string[]): number {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === "cookie") return i + 1;
  return -1;
}

function isValue(value: string): boolean {
  if (value === "") return true;
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return false;
  return isAll(FIELD_VALUE, value);
}

/** Checks the trailers of an HTTP/2 message; as `parseTrailers`. */
export function readHttp2Trailers(raw: readonly string[]): string[] | Refusal {
  const block = readHttp2Block(raw, []);
  if (block instanceof Refusal) return block;
  for (let i = 0; i < block.fields.length; i += 2) {
    if (!mayTrail(block.fields[i]!)) return CONNECTION_FIELD;
  }
  return block.fields;
}

/** A field list for HTTP/2: lower-case names; hop-by-hop and framing fields and Host left out. */
export function http2Fields(fields: readonly string[]): string[] {
  const made: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const role = roleOf(name);
    if (name === "host" || role === ROLE.hopByHop || role === ROLE.framing) continue;
    made.push(name, fields[i + 1]!);
  }
  return made;
}
