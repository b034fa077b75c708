import { latin1Text } from "@warren/host";
import { readProxyHeader, Refusal } from "@warren/http";
import { KIND, type Kind } from "@warren/wire";

const NAME = Buffer.from("\r\nx-forwarded-for: ", "latin1");
const CR = 0x0d;
const COMMA = 0x2c;
/** An IPv6 address in brackets with a port, and nothing longer. */
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

function forwarded(opening: Uint8Array, at: number): string | undefined {
  const bytes = Buffer.from(opening.buffer, opening.byteOffset, opening.byteLength);
  const found = bytes.indexOf(NAME, at);
  if (found === -1) return undefined;
  const from = found + NAME.length;
  let to = from;
  while (to < bytes.length && bytes[to] !== CR && bytes[to] !== COMMA) to++;
  if (to === from || to - from > MOST_CHARS) return undefined;
  return withoutPort(latin1Text(bytes.subarray(from, to)).trim());
}

/** Some proxies add the client's port, which is another one for each connection. */
function withoutPort(said: string): string {
  return /^\[([^\]]+)\]/.exec(said)?.[1] ?? /^([\d.]+):\d+$/.exec(said)?.[1] ?? said;
}
