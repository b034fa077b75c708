import { onceFor } from "./once-for.ts";
import type { Target } from "./target.ts";

/** How an endpoint is chosen for a connection or request. */
export type EndpointAffinity =
  /** In turn. */
  | "none"
  /** The same address leads to the same endpoint, in every agent and after every restart. */
  | "client_ip"
  /** So does the same browser, by the name that gateways gave it. */
  | "cookie";

/** Whose endpoint is asked for, by what affinity goes by; undefined when nobody said. */
export type WhoAsks = (by: Exclude<EndpointAffinity, "none">) => string | undefined;

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * The endpoints of a Service that the agent dials itself. Of what a client is known by and each endpoint's
 * address a number is made, and the highest wins (rendezvous hashing): agents that see the same endpoints
 * choose alike without asking each other, and when one goes only its own clients move. That is more
 * than the three hours that Kubernetes' ClientIP affinity lasts, and needs no memory.
 */
export class EndpointChoice {
  /** Those that may get something new. Empty when none is ready. */
  readonly targets: readonly Target[];
  readonly affinity: EndpointAffinity;
  #turn = 0;

  constructor(targets: readonly Target[], affinity: EndpointAffinity) {
    this.targets = targets;
    this.affinity = affinity;
  }

  /** True when what is chosen is the same, but for whose turn it is: costs nothing, however many there are. */
  isLike(other: EndpointChoice | undefined): boolean {
    return this.targets === other?.targets && this.affinity === other.affinity;
  }

  /** Undefined when none is ready. */
  choose(who: WhoAsks): Target | undefined {
    if (this.targets.length < 2) return this.targets[0];
    const said = this.affinity === "none" ? undefined : who(this.affinity);
    return said === undefined ? this.#next() : this.targets[this.#highest(hash(said))];
  }

  #next(): Target | undefined {
    this.#turn = (this.#turn + 1) % this.targets.length;
    return this.targets[this.#turn];
  }

  #highest(client: number): number {
    const hashes = hashesOf(this.targets);
    let best = 0;
    let most = -1;
    for (let i = 0; i < hashes.length; i++) {
      const weight = mixed(client, hashes[i]!);
      if (weight <= most) continue;
      most = weight;
      best = i;
    }
    return best;
  }
}

/** Many choose among the very same endpoints, each in its own turn: a number is made once for all. */
const hashesOf = onceFor((targets: readonly Target[]) =>
  targets.map(({ host, port }) => hash(`${host}:${port}`)),
);

/** FNV-1a, 32 bits: short texts, quickly. */
function hash(text: string): number {
  let value = FNV_BASIS;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), FNV_PRIME);
  return value >>> 0;
}

/** Both numbers in one, each bit of the result from all of theirs (the finalizer of MurmurHash3). */
function mixed(one: number, other: number): number {
  let value = one ^ Math.imul(other, 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
