import { eachToken, sameWord } from "./ascii.ts";
import { linesOf } from "./fields.ts";
import type { ResponseHead } from "./response-head.ts";

/** What a field is to a proxy. The later, the sooner it ends here. */
export const ROLE = { endToEnd: 0, forwarded: 1, hopByHop: 2, framing: 3 } as const;

/**
 * Decides by the length of a name before it compares: of a usual head's names few are compared.
 * hopByHop: RFC 9110 §7.6.1 and what only makes sense on one connection; `Trailer` is not among them,
 * since it announces what passes. framing: written anew by us.
 * forwarded: what proxies say of the client; `_` counts as `-` there, since CGI-like applications
 * cannot tell the two apart.
 */
export function roleOf(name: string): number {
  switch (name.length) {
    case 2:
      return sameWord(name, "te") ? ROLE.hopByHop : ROLE.endToEnd;
    case 7:
      return sameWord(name, "upgrade") ? ROLE.hopByHop : ROLE.endToEnd;
    case 9:
      return sameWord(name, "forwarded") || isRealIp(name) ? ROLE.forwarded : ROLE.endToEnd;
    case 10:
      return sameWord(name, "connection") || sameWord(name, "keep-alive")
        ? ROLE.hopByHop
        : ROLE.endToEnd;
    case 14:
      if (sameWord(name, "content-length")) return ROLE.framing;
      return sameWord(name, "http2-settings") ? ROLE.hopByHop : ROLE.endToEnd;
    default:
      return name.length < 15 ? ROLE.endToEnd : roleOfLong(name);
  }
}

function roleOfLong(name: string): number {
  const first = name.charCodeAt(0) | 0x20;
  if (first === 0x78) return isForwarded(name) ? ROLE.forwarded : ROLE.endToEnd;
  if (first === 0x74) return sameWord(name, "transfer-encoding") ? ROLE.framing : ROLE.endToEnd;
  if (first !== 0x70 || !sameWord(name, "proxy-", 0, 6)) return ROLE.endToEnd;
  return sameWord(name, "authenticate", 6) ||
    sameWord(name, "authorization", 6) ||
    sameWord(name, "connection", 6)
    ? ROLE.hopByHop
    : ROLE.endToEnd;
}

/** `x-forwarded-` and more. */
function isForwarded(name: string): boolean {
  return (
    isDash(name.charCodeAt(1)) && isDash(name.charCodeAt(11)) && sameWord(name, "forwarded", 2, 11)
  );
}

/** `x-real-ip`: nginx's name for the client, which many applications believe. */
function isRealIp(name: string): boolean {
  return (
    sameWord(name, "ip", 7) &&
    sameWord(name, "real", 2, 6) &&
    (name.charCodeAt(0) | 0x20) === 0x78 &&
    isDash(name.charCodeAt(1)) &&
    isDash(name.charCodeAt(6))
  );
}

function isDash(code: number): boolean {
  return code === 0x2d || code === 0x5f;
}

/**
 * Lower-case names that a Connection value takes along, or undefined for none. Host is never among
 * them: without it a request would mean something else.
 */
export function namedByConnection(connection: string): ReadonlySet<string> | undefined {
  if (connection === "" || sameWord(connection, "keep-alive")) return undefined;
  let names: Set<string> | undefined;
  eachToken(connection, (from, to) => {
    const name = connection.slice(from, to).toLowerCase();
    if (name === "host" || name === "close" || name === "keep-alive" || name === "upgrade") return;
    (names ??= new Set()).add(name);
  });
  return names;
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * The fields of a message that go on to the next hop, order, case and repetition kept. Left out are
 * hop-by-hop fields with all that Connection names, framing fields (the writer of the next head adds
 * its own), and the lower-case names of `strip`.
 */
export function endToEnd(
  message: { readonly fields: readonly string[]; readonly connection: string },
  strip: ReadonlySet<string> = NOTHING,
): string[] {
  const { fields, connection } = message;
  const named = namedByConnection(connection);
  const simple = named === undefined && strip.size === 0;
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const role = roleOf(name);
    if (role === ROLE.hopByHop || role === ROLE.framing) continue;
    if (!simple && isIn(name, named, strip)) continue;
    kept.push(name, fields[i + 1]!);
  }
  return kept;
}

/** What `endToEnd` leaves of a response's head, as `name: value CRLF` lines. */
export function endToEndLines(head: Pick<ResponseHead, "fields" | "lines" | "connection">): string {
  return head.lines ?? linesOf(endToEnd(head));
}

/** True when `name`, whatever its case, is in one of the two sets. */
export function isIn(
  name: string,
  named: ReadonlySet<string> | undefined,
  strip: ReadonlySet<string>,
): boolean {
  const lower = name.toLowerCase();
  return strip.has(lower) || (named?.has(lower) ?? false);
}
