import { latin1Text } from "@warren/host";
import { readProxyHeader, Refusal } from "@warren/http";
import { KIND, type Kind } from "@warren/wire";

const FORWARDED_FOR = Buffer.from("\r\nx-forwarded-for: ", "latin1");
const FORWARDED_CLIENT = Buffer.from("\r\nx-forwarded-client: ", "latin1");
const CR = 0x0d;
const COMMA = 0x2c;
/** An IPv6 address in brackets with a port, a client's name, and nothing longer. */
const MOST_CHARS = 64;

/**
 * Who the client is, by what the gateway wrote into an opening's head (bytes from `at`): the first
 * address of X-Forwarded-For, which the gateway writes itself unless a proxy that it trusts said more
 * (docs/protocol.md §5), or the source in the PROXY line. Undefined where nothing is said.
 */
export function clientAddress(opening: Uint8Array, at: number, kind: Kind): string | undefined {
  return kind === KIND.tcp ? proxied(opening.subarray(at)) : forwarded(opening, at);
}

function proxied(head: Uint8Array): string | undefined {
  const said = readProxyHeader(head);
  return said === "more" || said instanceof Refusal ? undefined : said.source?.address;
}

/**
 * What gateways call the client of a request on a route whose clients stay by a cookie (docs/protocol.md
 * §5). Theirs is the last of the fields: another may be a proxy's, or its client's. Undefined where
 * nothing is said: on connections, and by gateways of the release before.
 */
export function clientName(opening: Uint8Array, at: number): string | undefined {
  const bytes = bytesOf(opening);
  return firstOf(bytes, bytes.lastIndexOf(FORWARDED_CLIENT), at, FORWARDED_CLIENT.length);
}

function forwarded(opening: Uint8Array, at: number): string | undefined {
  const bytes = bytesOf(opening);
  const said = firstOf(bytes, bytes.indexOf(FORWARDED_FOR, at), at, FORWARDED_FOR.length);
  return said === undefined ? undefined : withoutPort(said);
}

function bytesOf(opening: Uint8Array): Buffer {
  return Buffer.from(opening.buffer, opening.byteOffset, opening.byteLength);
}

/** The first element of the field that begins at `found`. */
function firstOf(bytes: Buffer, found: number, head: number, name: number): string | undefined {
  if (found < head) return undefined;
  const from = found + name;
  let to = from;
  while (to < bytes.length && bytes[to] !== CR && bytes[to] !== COMMA) to++;
  if (to === from || to - from > MOST_CHARS) return undefined;
  return latin1Text(bytes.subarray(from, to)).trim();
}

/** Some proxies add the client's port, which is another one for each connection. */
function withoutPort(said: string): string {
  return /^\[([^\]]+)\]/.exec(said)?.[1] ?? /^([\d.]+):\d+$/.exec(said)?.[1] ?? said;
}
