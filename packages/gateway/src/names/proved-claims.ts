import { covers } from "@warren/wire";
import type { Registry } from "../ports.ts";
import type { DomainProofsOptions, Prover } from "./domain-proofs.ts";

/** Which claims stand for a proof, and which end with it. */
export function provedClaims(
  registry: Pick<Registry, "claimOf" | "claims" | "release">,
): Pick<DomainProofsOptions, "hasClaimed" | "onLost"> {
  // What is borrowed was never proved.
  const isOwn = async ({ group }: Prover, host: string): Promise<boolean> => {
    const claim = await registry.claimOf(host);
    const exact = claim?.pattern === host ? claim : claim?.unused;
    return claim?.group === group && exact !== undefined && exact.borrowed !== true;
  };
  return {
    hasClaimed: isOwn,
    async onLost(prover, host) {
      if (await isOwn(prover, host)) await registry.release(host);
      if (!host.startsWith("*")) return;
      // Below another wildcard of the cluster they come back with its next snapshot.
      for (const claim of await registry.claims()) {
        const isBorrowed = claim.borrowed === true && claim.group === prover.group;
        if (isBorrowed && covers([host], claim.host)) await registry.release(claim.host);
      }
    },
  };
}
