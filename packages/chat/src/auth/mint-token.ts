import { randomId } from "@warren/host";
import type { ClaimNames } from "./claims.ts";
import { GUEST_PREFIX, isName, isUserId } from "./identity.ts";
import { signJws, type SharedAlgorithm } from "./jws.ts";
import { keyOf } from "./shared-secrets.ts";

export interface TokenOrder {
  secret: string;
  algorithm: SharedAlgorithm;
  userId: string;
  roles: readonly string[];
  /** Undefined for the user id. */
  name: string | undefined;
  lifeMs: number;
  /** Epoch milliseconds. */
  nowMs: number;
  names: ClaimNames;
  issuer: string | undefined;
  audience: string | undefined;
}

/** What is wrong with an order, for whoever gave it. */
export function orderProblems({ userId, roles, name, lifeMs }: TokenOrder): string[] {
  return [
    isUserId(userId) ? "" : "the user id must be 1 to 255 bytes without control characters",
    userId.startsWith(GUEST_PREFIX) ? `ids that start with ${GUEST_PREFIX} are guests'` : "",
    roles.every(isName) ? "" : "a role must not be empty, nor hold control characters",
    name === undefined || isName(name) ? "" : "the name must not hold control characters",
    lifeMs >= 1000 ? "" : "the token must live for a second at least",
  ].filter((problem) => problem !== "");
}

/** A user's token as the service takes it. The order must have no problems. */
export function mintToken(order: TokenOrder): string {
  const [problem] = orderProblems(order);
  if (problem !== undefined) throw new TypeError(problem);
  const { names, issuer, audience } = order;
  const iat = Math.floor(order.nowMs / 1000);
  const claims = {
    [names.userId]: order.userId,
    [names.roles]: order.roles,
    ...(order.name !== undefined && { [names.name]: order.name }),
    ...(issuer !== undefined && { iss: issuer }),
    ...(audience !== undefined && { aud: audience }),
    iat,
    exp: iat + Math.floor(order.lifeMs / 1000),
    jti: randomId(12),
  };
  return signJws(claims, { algorithm: order.algorithm, type: "JWT", key: keyOf(order.secret) });
}
