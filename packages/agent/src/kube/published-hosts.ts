import { routeKey, type Route } from "@warren/wire";
import type { Published, PublishedChange } from "../published.ts";
import { ROUTE_KINDS } from "./gateway-api/objects.ts";
import { routeId } from "./gateway-api/references.ts";
import { claimantOf } from "./ingress/host-claims.ts";

/** What the operator wrote for the agent: no object of the cluster. */
const CONFIGURATION = "";
/** Sources that read the cluster begin so. */
const FROM_CLUSTER = "kube:";
const NONE: ReadonlyMap<string, number> = new Map();

/** What is different. */
export interface PublishedMoved {
  /** Hosts that an object came to or left. */
  readonly hosts: ReadonlySet<string>;
  /** Of these the ones that are published for the first time, or no more. */
  readonly turned: ReadonlySet<string>;
  /** Objects that came or went altogether. */
  readonly objects: ReadonlySet<string>;
}

/** Which objects publish which hosts; objects by `namespace/name Kind`. */
export class PublishedHosts {
  readonly #published: Pick<Published, "get" | "routes">;
  /** By route key. */
  readonly #objectOf = new Map<string, string>();
  /** By host, then by object: how many routes. */
  readonly #objects = new Map<string, Map<string, number>>();
  /** By object, then by host. */
  readonly #hosts = new Map<string, Map<string, number>>();
  /** Hosts by what follows their first label, for wildcards. */
  readonly #below = new Map<string, Set<string>>();

  constructor(published: Pick<Published, "get" | "routes">) {
    this.#published = published;
    this.take({ added: [...published.routes()], deleted: [] });
  }

  take({ added, deleted }: Pick<PublishedChange, "added" | "deleted">): PublishedMoved {
    const [hosts, turned, objects] = [new Set<string>(), new Set<string>(), new Set<string>()];
    const moved = { hosts, turned, objects };
    for (const route of added) this.#count(route, 1, moved);
    for (const route of deleted) this.#count(route, -1, moved);
    return moved;
  }

  publishes(object: string): boolean {
    return this.#hosts.has(object);
  }

  hostsOf(object: string): Iterable<string> {
    return (this.#hosts.get(object) ?? NONE).keys();
  }

  /** Objects that publish the host; nobody has it for its own where the agent's configuration does. */
  objectsAt(host: string): Iterable<string> {
    const objects = this.#objects.get(host) ?? NONE;
    return objects.has(CONFIGURATION) ? [] : objects.keys();
  }

  /** Published hosts that one in a list of TLS hosts stands for. */
  *coveredBy(host: string): Generator<string> {
    if (this.#objects.has(host)) yield host;
    if (!host.startsWith("*.")) return;
    for (const one of this.#below.get(host.slice(2)) ?? []) if (one !== host) yield one;
  }

  #count(route: Route, by: 1 | -1, moved: Record<keyof PublishedMoved, Set<string>>): void {
    const { host } = route;
    const key = routeKey(route);
    const object = by === 1 ? this.#nameOf(route, key) : this.#objectOf.get(key);
    if (object === undefined) return;
    if (by === 1) this.#objectOf.set(key, object);
    else this.#objectOf.delete(key);
    const [wasPublishing, wasPublished] = [this.#hosts.has(object), this.#objects.has(host)];
    if (add(this.#objects, host, { to: object, by })) moved.hosts.add(host);
    add(this.#hosts, object, { to: host, by });
    if (this.#hosts.has(object) !== wasPublishing) moved.objects.add(object);
    if (this.#objects.has(host) === wasPublished) return;
    moved.turned.add(host);
    this.#place(host, by);
  }

  #place(host: string, by: 1 | -1): void {
    const parent = parentOf(host);
    const below = this.#below.get(parent) ?? new Set();
    if (by === 1) this.#below.set(parent, below.add(host));
    else if (below.delete(host) && below.size === 0) this.#below.delete(parent);
  }

  #nameOf({ namespace, ingress_name: name }: Route, key: string): string {
    if (this.#published.get(key)?.source.startsWith(FROM_CLUSTER) !== true) return CONFIGURATION;
    const kind = ROUTE_KINDS.find((one) => name.startsWith(`${one}:`));
    return kind === undefined
      ? claimantOf(`${namespace}/${name}`)
      : routeId(kind, `${namespace}/${name.slice(kind.length + 1)}`);
  }
}

export function parentOf(host: string): string {
  return host.slice(host.indexOf(".") + 1);
}

/** Whether `to` came or went. */
function add(
  counts: Map<string, Map<string, number>>,
  of: string,
  { to, by }: { to: string; by: 1 | -1 },
): boolean {
  const all = counts.get(of) ?? new Map<string, number>();
  const before = all.get(to) ?? 0;
  if (before + by > 0) all.set(to, before + by);
  else all.delete(to);
  if (all.size > 0) counts.set(of, all);
  else counts.delete(of);
  return before === 0 || before + by === 0;
}
