import { X509Certificate } from "node:crypto";
import type { Lease } from "../records/records.ts";
import type { Challenges } from "./challenges.ts";
import type { CaClient, ChallengeType } from "./ca-client.ts";
import { CaProblem } from "./ca-problem.ts";

/** A chain and its key, as a CA issued it. */
export interface Certified {
  cert: string;
  key: string;
  validFrom: number;
  expiresAt: number;
}

export interface OrderOptions {
  ca: CaClient;
  challenges: Challenges;
  lease: Lease;
  host: string;
  challenge: ChallengeType;
  /** RFC 9773 id of the certificate that this one follows. */
  replaces: string | undefined;
}

/**
 * One order from beginning to end. Answers are where every gateway finds them before the CA is told,
 * and are taken away whatever comes of it. Rejects with a CaProblem.
 */
export async function orderCertificate(options: OrderOptions): Promise<Certified> {
  const { ca, challenges, host, lease, challenge, replaces } = options;
  const renew = async (): Promise<void> => {
    if (await lease.renew()) return;
    throw new CaProblem("lease", "another gateway orders this host", { retryAfterMs: undefined });
  };
  const order = await ca.order(host, replaces);
  const proofs = order.status === "pending" ? await ca.proofs(order, challenge) : [];
  try {
    for (const proof of proofs) await challenges.put(proof);
    await renew();
    const ready = proofs.length === 0 ? order : await ca.proven(order, proofs, renew);
    const { cert, key } = await ca.certify(ready, host, renew);
    const leaf = new X509Certificate(cert);
    if (leaf.checkHost(host) === undefined)
      throw new CaProblem("malformed", "the CA certified another host", {
        retryAfterMs: undefined,
      });
    const validFrom = leaf.validFromDate.getTime();
    return { cert, key, validFrom, expiresAt: leaf.validToDate.getTime() };
  } finally {
    for (const proof of proofs) await challenges.remove(proof);
  }
}
