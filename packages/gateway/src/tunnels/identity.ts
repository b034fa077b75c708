import type { Identity } from "@warren/tunnel";
import type { Rate, TokenClaims } from "@warren/wire";

/** Who an agent is and what it may do, as its token says. */
export interface AgentIdentity extends Identity {
  /** Claim group. */
  group: string;
  /** Host patterns that it may claim. */
  hosts: readonly string[];
  /** Public names of the cluster here, which it may have beside them. */
  names: readonly string[];
  tcpAllowed: boolean;
  /** Ports of its own endpoint besides 80 and 443. */
  directPorts: readonly number[];
  /** Limits of the cluster as a whole, and of each of its clients. */
  rate: Rate | undefined;
  clientRate: Rate | undefined;
  /** Epoch seconds; undefined for a token that does not expire. */
  expiresAt: number | undefined;
  /** Where it came from when it registered, and when (epoch milliseconds). */
  address: string;
  since: number;
}

/** Where and as what an agent came. */
export interface Arrived {
  address: string;
  since: number;
  names: readonly string[];
}

export function identityOf(claims: TokenClaims, { address, since, names }: Arrived): AgentIdentity {
  return {
    tokenId: claims.jti,
    clusterUuid: claims.sub,
    cluster: claims.cluster,
    group: claims.group,
    hosts: claims.hosts,
    names,
    tcpAllowed: claims.tcp,
    directPorts: claims.direct_ports ?? [],
    rate: claims.rate,
    clientRate: claims.client_rate,
    expiresAt: claims.exp,
    address,
    since,
  };
}
