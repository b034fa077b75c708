import { ChatError } from "@warren/wire";

/** Of a request head, what may carry a token. */
export interface TokenRequest {
  /** The Authorization field; undefined when there is none. */
  authorization: string | undefined;
  /** As it came, with its query. Never logged with it: `withoutQuery`. */
  target: string;
  isUpgrade: boolean;
}

/** RFC 6750 §2.1, with the scheme in any case (RFC 9110 §11.1). */
const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;

/**
 * The token that a request carries: of its Authorization field, else of `?token=`, for browsers can
 * send nothing else with a WebSocket; undefined when it carries none. Throws a ChatError (UNAUTHORIZED)
 * for what cannot be read, also when a readable one is beside it, and for a query token where those
 * are not taken.
 */
export function requestToken(
  { authorization, target, isUpgrade }: TokenRequest,
  takesQueryTokens: boolean,
): string | undefined {
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw unauthorized("expected Authorization: Bearer and a token");
    return token;
  }
  if (!isUpgrade) return undefined;
  const query = target.slice(withoutQuery(target).length);
  const tokens = new URLSearchParams(query).getAll("token");
  if (tokens.length === 0) return undefined;
  if (!takesQueryTokens) throw unauthorized("tokens are not taken from the address here");
  const [token, ...more] = tokens;
  if (token === undefined || token === "" || more.length > 0)
    throw unauthorized("expected one token in the address");
  return token;
}

/** A request target as logs may show it: tokens and ids in the query stay out. */
export function withoutQuery(target: string): string {
  return target.slice(0, target.search(/[?#]|$/));
}

function unauthorized(message: string): ChatError {
  return new ChatError("UNAUTHORIZED", message);
}
