import { AliasTable, hash32, unit } from "@warren/fleet";
import { writeLatin1 } from "@warren/host";
import { backendsOf, OPENING_HEADER_BYTES, WireError, writeOpening } from "@warren/wire";
import type { Errand, RouteEntry } from "../ports.ts";

/** What never changes about openings for one entry, computed at its first request. */
interface Prepared {
  route: Buffer;
  weights: AliasTable | undefined;
  /** By backend, what is said in its place; undefined where all are dialled. */
  answers: (WireError | undefined)[] | undefined;
}

const ANSWERS = {
  500: new WireError("invalid_backend", "the route's backend is none"),
  503: new WireError("no_endpoints", "the route's backend has no endpoints"),
};

/** Makes the opening blocks of streams. Prepared parts live as long as their entry. */
export class OpeningCache {
  readonly #prepared = new WeakMap<RouteEntry, Prepared>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Throws `invalid_backend` or `no_endpoints` for the share of the requests that is answered so.
   * `prefix` names the tunnel when the stream goes over another gateway.
   */
  opening(
    entry: RouteEntry,
    { kind, head, staying }: Pick<Errand, "kind" | "head" | "staying">,
    prefix?: string,
  ): Uint8Array {
    const prepared = this.#prepared.get(entry) ?? this.#prepare(entry);
    const backend = prepared.weights?.pick(this.#point(staying)) ?? 0;
    const answer = prepared.answers?.[backend];
    if (answer !== undefined) throw answer;
    const route =
      prefix === undefined
        ? prepared.route
        : Buffer.concat([Buffer.from(`${prefix} `, "latin1"), prepared.route]);
    const opening = Buffer.allocUnsafe(OPENING_HEADER_BYTES + route.length + head.length);
    writeLatin1(opening, head, writeOpening(opening, { kind, backend, route }));
    return opening;
  }

  /** Of a client that stays the same one each time; the cluster was chosen by another hash. */
  #point(staying: string | undefined): number {
    return staying === undefined ? this.#random() : unit(hash32(`backend ${staying}`));
  }

  #prepare(entry: RouteEntry): Prepared {
    const backends = backendsOf(entry.route);
    const weighted = [...backends.keys()].filter((at) => backends[at]!.weight > 0);
    const usable = weighted.length > 0 ? weighted : [...backends.keys()];
    const prepared = {
      route: Buffer.from(entry.key, "latin1"),
      weights:
        backends.length < 2
          ? undefined
          : new AliasTable(
              usable,
              usable.map((at) => backends[at]!.weight || 1),
            ),
      answers: backends.some(({ answer }) => answer !== undefined)
        ? backends.map(({ answer }) => answer && ANSWERS[answer])
        : undefined,
    };
    this.#prepared.set(entry, prepared);
    return prepared;
  }
}
