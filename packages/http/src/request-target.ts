import { isAll, sameWord, TARGET } from "./ascii.ts";
import { type Authority, readAuthority } from "./authority.ts";
import { refused, type Refusal } from "./refusal.ts";

const BAD_TARGET = refused("the request target has a forbidden character");
const BAD_FORM = refused("the request target must be in origin-form");
const MISMATCH = refused("the request target names another host than Host does");

/**
 * The target in origin-form (or `*`, for OPTIONS alone), byte for byte as sent. An absolute-form is
 * taken only when it names the same host and port as Host, and loses its scheme and authority: no
 * request can make us an open proxy (RFC 9112 §3.2.2).
 */
export function readTarget(target: string, method: string, host: Authority): string | Refusal {
  if (!isAll(TARGET, target)) return BAD_TARGET;
  if (target.charCodeAt(0) === 0x2f) return target;
  if (target === "*") return method === "OPTIONS" ? target : BAD_FORM;
  const defaultPort = sameWord(target, "http://", 0, 7)
    ? 80
    : sameWord(target, "https://", 0, 8)
      ? 443
      : 0;
  return defaultPort === 0 ? BAD_FORM : fromAbsolute(target, method, host, defaultPort);
}

function fromAbsolute(
  target: string,
  method: string,
  host: Authority,
  defaultPort: number,
): string | Refusal {
  const start = defaultPort === 80 ? 7 : 8;
  const end = endOfAuthority(target, start);
  const named = readAuthority(target.slice(start, end));
  if (named === undefined) return BAD_FORM;
  if (named.host !== host.host) return MISMATCH;
  if (portOr(named, defaultPort) !== portOr(host, defaultPort)) return MISMATCH;
  const rest = target.slice(end);
  if (rest === "") return method === "OPTIONS" ? "*" : "/";
  return rest.charCodeAt(0) === 0x2f ? rest : `/${rest}`;
}

function endOfAuthority(target: string, start: number): number {
  let at = start;
  for (; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code === 0x2f || code === 0x3f) break;
  }
  return at;
}

function portOr(authority: Authority, otherwise: number): number {
  return authority.port === -1 ? otherwise : authority.port;
}
