import * as v from "valibot";
import { HostPattern, Rate } from "./route.ts";

/**
 * Claims of an agent token: a JWT signed with EdDSA (RFC 8037), `kid` in its header. The token
 * decides who the cluster is and what it may claim; nothing that an agent says overrides it.
 */
export const TokenClaims = v.object({
  /** Token id; revocations name it, and a tunnel id is bound to it. */
  jti: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  /** Cluster uuid. */
  sub: v.pipe(v.string(), v.uuid()),
  cluster: v.pipe(v.string(), v.minLength(1), v.maxLength(253)),
  /** Claim group: clusters of one group share their hosts. */
  group: v.pipe(v.string(), v.minLength(1), v.maxLength(253)),
  /** Host patterns the cluster may claim. `*` alone allows every host. */
  hosts: v.array(v.union([v.literal("*"), HostPattern])),
  /** May ask for public TCP ports. */
  tcp: v.optional(v.boolean(), false),
  /** Ports of the cluster's own endpoint that gateways may dial, besides 80 and 443. */
  direct_ports: v.optional(
    v.pipe(
      v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
      v.maxLength(16),
    ),
  ),
  rate: v.optional(Rate),
  client_rate: v.optional(Rate),
  iat: v.number(),
  exp: v.optional(v.number()),
});
export type TokenClaims = v.InferOutput<typeof TokenClaims>;
export const TOKEN_ISSUER = "warren";
export const TOKEN_AUDIENCE = "warren-gateway";
