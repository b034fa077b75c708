import type { Registry } from "../ports.ts";
import { isPrivate, type Rollout, type RolloutSettings } from "./rollout.ts";

/** A roll-out as people look at it. */
export interface RolloutView {
  percent: number;
  clusters: readonly string[];
  fallback: string | null;
  /** Private clusters that have routes now, and how many of them are served. */
  served: number;
  of: number;
}

const PAGE = 1_000;

/** Counts over all routes that are published, at this gateway or any other. */
export async function rolloutView(
  registry: Pick<Registry, "routes" | "presence">,
  rollout: Rollout | undefined,
  { percent, clusters, fallback }: RolloutSettings & { fallback: string | undefined },
): Promise<RolloutView> {
  const all = new Set<string>();
  const served = new Set<string>();
  for (let after: string | undefined; ;) {
    const page = await registry.routes({ after, limit: PAGE });
    for (const entry of page) {
      if (!isPrivate(entry, (uuid) => registry.presence(uuid))) continue;
      all.add(entry.clusterUuid);
      if (rollout?.isServed(entry) !== false) served.add(entry.clusterUuid);
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) break;
    after = last.publicPort === undefined ? last.route.host : `tcp:${last.publicPort}`;
  }
  return { percent, clusters, fallback: fallback ?? null, served: served.size, of: all.size };
}
