import type { Clock } from "@warren/tunnel";
import type { Claim, Registry, RouteAnswer, RouteQuestion } from "./ports.ts";
import { candidatesOf } from "./routes/host-pattern.ts";
import type { WaitingRoom } from "./tunnels/waiting-room.ts";

/** Woken in the waiting room whenever a cluster's routes were applied. */
export const ROUTES_APPLIED = "routes applied";

export interface PatientLookupOptions {
  registry: Pick<Registry, "lookup" | "claims">;
  clock: Clock;
  room: WaitingRoom;
  /** How long a request waits for its host's routes. */
  flapMs: number;
  /** How long after the start hosts may be claimed and have no routes yet. */
  warmUpMs: number;
}

/**
 * A gateway that has just started remembers claims but not routes: those come with the agents, within
 * seconds. Until then a request for a claimed host waits for them as it would for a flapping tunnel,
 * instead of getting a 404 that a cache may keep.
 */
export class PatientLookup {
  readonly #options: PatientLookupOptions;
  readonly #warmUntilMs: number;
  /** By what is claimed: however many there are, a look at one costs the same. */
  #claimed: ReadonlyMap<string, Claim>;

  private constructor(options: PatientLookupOptions, claimed: ReadonlyMap<string, Claim>) {
    this.#options = options;
    this.#claimed = claimed;
    this.#warmUntilMs = options.clock.now() + options.warmUpMs;
  }

  static async open(options: PatientLookupOptions): Promise<PatientLookup> {
    const claims = await options.registry.claims().catch(() => []);
    return new PatientLookup(options, new Map(claims.map((claim) => [claim.host, claim])));
  }

  lookup(question: RouteQuestion): RouteAnswer | Promise<RouteAnswer> {
    const answer = this.#options.registry.lookup(question);
    if (this.#claimed.size === 0) return answer;
    if (!(answer instanceof Promise) && !isUnknown(answer)) return answer;
    return this.#patiently(question, answer);
  }

  async #patiently(
    question: RouteQuestion,
    first: RouteAnswer | Promise<RouteAnswer>,
  ): Promise<RouteAnswer> {
    const { clock, flapMs, registry, room } = this.#options;
    const until = clock.now() + flapMs;
    let answer = await first;
    while (isUnknown(answer)) {
      const claim = this.#expected(question.host);
      if (claim === undefined) break;
      const share = [`group ${claim.group}`];
      if ((await room.wait([ROUTES_APPLIED], until - clock.now(), share)) !== "woken") break;
      answer = await registry.lookup(question);
    }
    return answer;
  }

  /** The claim when this gateway started of a host whose agents may still be on their way. */
  #expected(host: string): Claim | undefined {
    if (this.#options.clock.now() >= this.#warmUntilMs) this.#claimed = new Map();
    const place = candidatesOf(host).find((candidate) => this.#claimed.has(candidate));
    return place === undefined ? undefined : this.#claimed.get(place);
  }
}

function isUnknown(answer: RouteAnswer): boolean {
  return "refused" in answer && answer.refused === "no_route";
}
