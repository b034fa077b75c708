import { routeKey, type Route } from "@warren/wire";
import type { Published } from "../published.ts";
import { CONFIGURATION, type HostClaim, type HostOwners } from "./host-owners.ts";

/** Sources that read the cluster begin so. */
const FROM_CLUSTER = "kube:";
/** No object is older. */
const FIRST = -Infinity;

export interface ConfiguredHostsOptions {
  readonly published: Published;
  readonly hosts: HostOwners;
  /** Namespaces that are let in; `*`: all. */
  readonly shared: readonly string[];
}

/**
 * Has the hosts of what the operator wrote for the agent held for the operator, before any object of the
 * cluster (docs/decisions/0432). Returns what ends that; the hosts stay held.
 */
export function holdConfiguredHosts(options: ConfiguredHostsOptions): () => void {
  const { published, hosts } = options;
  const claim: HostClaim = { namespaces: new Set(), shared: new Set(options.shared) };
  const byKey = new Map<string, string>();
  const look = (put: Iterable<Route>, deleted: Iterable<Route>): void => {
    const before = byKey.size;
    let isNew = false;
    for (const route of deleted) byKey.delete(routeKey(route));
    const isLess = byKey.size < before;
    for (const route of put) {
      const key = routeKey(route);
      if (route.kind === "tcp" || published.get(key)?.source.startsWith(FROM_CLUSTER) !== false)
        continue;
      byKey.set(key, route.host);
      isNew = true;
    }
    if (!isLess && !isNew) return;
    hosts.set(CONFIGURATION, FIRST, new Map([...byKey.values()].map((host) => [host, claim])));
  };
  look(published.routes(), []);
  return published.onChange(({ added, deleted }) => look(added, deleted));
}
