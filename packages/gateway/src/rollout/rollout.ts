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

/** What is known of a cluster, out of memory. */
type Presences = Registry["presence"];

interface Judged {
  answer: RouteAnswer;
  /** What was said of each entry's cluster then. */
  kinds: readonly (boolean | undefined)[];
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
  readonly #presence: Presences;
  /** Answers live as long as their routes: each is judged once, and again when a cluster's kind changed. */
  readonly #judged = new WeakMap<Matched, Judged>();

  private constructor(settings: RolloutSettings, presence: Presences) {
    this.settings = settings;
    this.#presence = presence;
    this.#listed = new Set(settings.clusters);
  }

  /** Undefined where all are served: then nothing is asked of any request. */
  static of(settings: RolloutSettings, presence: Presences): Rollout | undefined {
    return settings.percent >= 100 ? undefined : new Rollout(settings, presence);
  }

  isServed(entry: Pick<RouteEntry, "clusterUuid" | "route">): boolean {
    const { clusterUuid } = entry;
    if (!isPrivate(entry, this.#presence)) return true;
    return this.#listed.has(clusterUuid) || shareOf(clusterUuid) < this.settings.percent;
  }

  /** What a look-up found, without the clusters that are not served; `not_enabled` without any. */
  judge(answer: RouteAnswer): RouteAnswer {
    if ("refused" in answer) return answer;
    const { found } = answer;
    const known = this.#judged.get(found);
    if (known !== undefined && this.#isCurrent(known, found)) return known.answer;
    const kinds = found.entries.map(({ clusterUuid }) => this.#presence(clusterUuid)?.isPublic);
    const judged = { kinds, answer: this.#judge(answer, found) };
    this.#judged.set(found, judged);
    return judged.answer;
  }

  #isCurrent({ kinds }: Judged, { entries }: Matched): boolean {
    for (let i = 0; i < entries.length; i++)
      if (this.#presence(entries[i]!.clusterUuid)?.isPublic !== kinds[i]) return false;
    return true;
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

/**
 * A cluster's agents say whether it is private. Of one that nobody has heard say so (an agent or a
 * gateway of an earlier release) a route with an endpoint of its own means that it is not.
 */
export function isPrivate(
  { clusterUuid, route }: Pick<RouteEntry, "clusterUuid" | "route">,
  presence: Presences,
): boolean {
  const isPublic = presence(clusterUuid)?.isPublic ?? (route.mode ?? "tunnel") !== "tunnel";
  return !isPublic;
}
