import { createHash } from "node:crypto";
import { RouteFilters } from "../filters/route-filters.ts";
import type { Matched, Registry, RouteAnswer, RouteEntry } from "../ports.ts";

/** Which private clusters are served while Warren is introduced step by step. */
export interface RolloutSettings {
  /** 0 to 100. */
  readonly percent: number;
  /** Uuids that are served whatever the percentage. */
  readonly clusters: readonly string[];
}

const NOT_ENABLED: RouteAnswer = {
  refused: "not_enabled",
  message: "the roll-out (--rollout-percent, --rollout-cluster) leaves its cluster out",
};

/**
 * Serves a share of the private clusters. Which, is a pure function of settings and uuid: the same at
 * every gateway and after every restart, and a larger share has every cluster of a smaller one. A
 * cluster that publishes an endpoint of its own is public, and no matter of a roll-out.
 */
export class Rollout {
  readonly settings: RolloutSettings;
  readonly #listed: ReadonlySet<string>;
  /** Answers live as long as their routes: each is judged once. */
  readonly #judged = new WeakMap<Matched, RouteAnswer>();

  private constructor(settings: RolloutSettings) {
    this.settings = settings;
    this.#listed = new Set(settings.clusters);
  }

  /** Undefined where all are served: then nothing is asked of any request. */
  static of(settings: RolloutSettings): Rollout | undefined {
    return settings.percent >= 100 ? undefined : new Rollout(settings);
  }

  isServed({ clusterUuid, route }: Pick<RouteEntry, "clusterUuid" | "route">): boolean {
    if (!isPrivate(route)) return true;
    return this.#listed.has(clusterUuid) || shareOf(clusterUuid) < this.settings.percent;
  }

  /** What a look-up found, without the clusters that are not served; `not_enabled` without any. */
  judge(answer: RouteAnswer): RouteAnswer {
    if ("refused" in answer) return answer;
    const { found } = answer;
    let judged = this.#judged.get(found);
    if (judged === undefined) this.#judged.set(found, (judged = this.#judge(answer, found)));
    return judged;
  }

  #judge(answer: RouteAnswer, found: Matched): RouteAnswer {
    const entries = found.entries.filter((entry) => this.isServed(entry));
    if (entries.length === found.entries.length) return answer;
    if (entries.length === 0) return NOT_ENABLED;
    const { route } = entries[0]!;
    const { policy } = route;
    return { found: { host: found.host, entries, policy, filters: RouteFilters.of(route) } };
  }
}

/** Look-ups as they are while only some clusters are served. */
export function rolledOut<L extends Pick<Registry, "lookup" | "lookupServerName" | "lookupPort">>(
  lookups: L,
  rollout: Rollout | undefined,
): L {
  if (rollout === undefined) return lookups;
  const judged = (answer: RouteAnswer | Promise<RouteAnswer>) =>
    answer instanceof Promise ? answer.then((late) => rollout.judge(late)) : rollout.judge(answer);
  return {
    ...lookups,
    lookup: (question) => judged(lookups.lookup(question)),
    lookupServerName: (host) => judged(lookups.lookupServerName(host)),
    lookupPort: (port) => judged(lookups.lookupPort(port)),
  };
}

/** Where a cluster stands among all, from 0 to 100: even, and its own for ever. */
export function shareOf(clusterUuid: string): number {
  const digest = createHash("sha256").update(clusterUuid.toLowerCase()).digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}

/** A cluster says that it is public by publishing its own endpoint. */
export function isPrivate({ mode = "tunnel" }: RouteEntry["route"]): boolean {
  return mode === "tunnel";
}
