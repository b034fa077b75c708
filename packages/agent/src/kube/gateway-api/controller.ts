import { endOfTurn, type Clock } from "@warren/host";
import { nameOfKey, type KubeObject, type Resource } from "@warren/host/kube";
import type { Route } from "@warren/wire";
import type { Published } from "../../published.ts";
import type { ClusterChange, ClusterFeed } from "../cluster-view.ts";
import type { Objects } from "../objects-port.ts";
import { RetryLater } from "../ingress/retry-later.ts";
import { ReverseIndex } from "../reverse-index.ts";
import { isDialledAtPods } from "../service-backend.ts";
import { Slice } from "../slice.ts";
import { GatewayModel, type Attempt, type ModelOptions } from "./model.ts";
import { keptAtPods, routeId } from "./references.ts";
import { Rivals } from "./rivals.ts";
import { ROUTE_KINDS, type RouteKind } from "./objects.ts";
import type { BackendTlsPolicy, Gateway, GatewayClass, ListenerSet } from "./objects.ts";
import type { Namespace, ReferenceGrant, RouteObject } from "./objects.ts";
import { NO_NEWS, type News, type Settled } from "./settled.ts";

/** A cache that knows which version it holds. */
export interface VersionedObjects<T extends KubeObject> extends Objects<T> {
  readonly resource: Resource<T> | undefined;
}

export interface GatewayApiSources {
  readonly classes: VersionedObjects<GatewayClass>;
  readonly gateways: VersionedObjects<Gateway>;
  readonly routes: Readonly<Record<RouteKind, VersionedObjects<RouteObject>>>;
  readonly grants: Objects<ReferenceGrant>;
  readonly namespaces: Objects<Namespace>;
  readonly policies: VersionedObjects<BackendTlsPolicy>;
  readonly listenerSets: VersionedObjects<ListenerSet>;
}

/** Names that gateways gave this cluster (`register_success`). */
export interface ClusterNames {
  readonly names: readonly string[];
  onChange(heard: () => void): () => void;
}

export interface ControllerOptions extends Omit<ModelOptions, "view"> {
  readonly sources: GatewayApiSources;
  readonly feed: ClusterFeed;
  readonly names: ClusterNames;
  readonly published: Published;
  readonly told: (news: News) => void;
  /** An object could not be read or translated: a bug. */
  readonly failed: (object: string, error: unknown, retryInMs: number) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The source in the table of publications. */
export const SOURCE = "kube:gateway-api";
/** `namespace/HTTPRoute:name` at the front of a route key. */
const OWNER = /^([^/ ]+)\/(HTTPRoute|GRPCRoute|TLSRoute|TCPRoute):([^ ]+) /;

/**
 * Keeps the table of publications as the cluster's Gateway API objects ask. Nothing is published before every
 * cache has had its first list: half of a cluster would look like one whose Services are gone. From
 * then on a change is in the table by the end of the turn in which it came. What fails is tried again,
 * object by object; what was published for it stays, and the others are served meanwhile (G-136).
 */
export class GatewayApiController implements Disposable {
  readonly model: GatewayModel;
  readonly synced: Promise<void>;
  readonly #options: ControllerOptions;
  readonly #stops: (() => void)[] = [];
  readonly #classes = new Set<string>();
  /** Routes that are dialled at the pods of Services that do not ask for that. */
  readonly #byPods = new ReverseIndex();
  readonly #keys = new Set<string>();
  readonly #rivals: Rivals;
  readonly #retries: RetryLater;
  readonly #failed = new Map<string, () => void>();
  #live = false;
  #due = false;
  #closed = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.model = new GatewayModel({ ...options, view: options.feed });
    this.#rivals = new Rivals(options.published, SOURCE);
    this.#retries = new RetryLater({ ...options, retry: (name) => this.#again(name) });
    this.#listen();
    this.synced = this.#begin();
    this.synced.catch(() => {}); // whoever waits for it hears it
  }

  /** How many routes are published. */
  get size(): number {
    return this.#keys.size;
  }

  /** Stops hearing; what is published stays. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#retries.close();
  }

  async #begin(): Promise<void> {
    const { sources, feed } = this.#options;
    const { routes, ...others } = sources;
    const caches = [...Object.values(others), ...Object.values(routes)];
    await Promise.all([feed.synced, ...caches.map(({ synced }) => synced)]);
    while (this.model.work(new Slice(this.#options.clock), this.#attempt))
      await new Promise<void>((next) => endOfTurn(next));
    if (this.#closed) return;
    this.#live = true;
    this.#settle();
  }

  #listen(): void {
    const { sources, feed, names, published } = this.#options;
    const { model } = this;
    this.#follow(sources.classes, (name, value) => {
      this.#classes.add(name);
      model.putClass(name, value);
    });
    this.#follow(sources.gateways, (key, value) => model.putGateway(key, value));
    for (const kind of ROUTE_KINDS)
      this.#follow(sources.routes[kind], (key, value) => {
        this.#byPods.set(routeId(kind, key), value === undefined ? [] : keptAtPods(value));
        model.putRoute(kind, key, value);
      });
    this.#follow(sources.grants, (key, value) => model.putGrant(key, value));
    this.#follow(sources.namespaces, (name, value) => model.putNamespace(name, value));
    this.#follow(sources.policies, (key, value) => model.putPolicy(key, value));
    this.#follow(sources.listenerSets, (key, value) => model.putListenerSet(key, value));
    model.setNames(names.names);
    this.#stops.push(
      feed.onChange((change) => this.#onCluster(change)),
      names.onChange(() => {
        model.setNames(names.names);
        this.#later();
      }),
      this.#options.hosts.onChange(() => this.#later()),
      published.verdicts.onVerdict((key) => this.#onVerdict(key)),
      published.onChange(({ added, updated, deleted }) =>
        this.#onRivals([...added, ...updated], deleted),
      ),
    );
    this.#onRivals(published.routes(), []);
  }

  #onRivals(put: Iterable<Route>, deleted: Iterable<Route>): void {
    const rivals = this.#rivals.take(put, deleted);
    for (const rival of rivals) this.model.putRival(rival);
    if (rivals.length > 0) this.#later();
  }

  #follow<T>(cache: Objects<T>, take: (key: string, value: T | undefined) => void): void {
    const which = this.#stops.length;
    this.#stops.push(
      cache.onChange(({ key }) => {
        this.#attempt(`${key} of watch ${which}`, () => take(key, cache.get(key)));
        this.#later();
      }),
    );
  }

  readonly #attempt: Attempt = (name, task) => {
    try {
      task();
      this.#failed.delete(name);
      this.#retries.forget(name);
    } catch (error) {
      this.#failed.set(name, task);
      this.#options.failed(name, error, this.#retries.later(name));
    }
  };

  #again(name: string): void {
    this.#attempt(name, this.#failed.get(name)!);
    this.#later();
  }

  #onCluster({ kind, ...change }: ClusterChange): void {
    const key = "key" in change ? change.key : "";
    if (kind === "service") this.model.serviceChanged(key);
    else if (kind === "endpoints" && this.#isDialledAtPods(key)) this.model.serviceChanged(key);
    else if (kind === "secret") this.model.secretChanged(key);
    else return;
    this.#later();
  }

  /** What is dialled at a cluster address does not hear of pods that come and go. */
  #isDialledAtPods(key: string): boolean {
    const { namespace = "", name } = nameOfKey(key);
    const service = this.#options.feed.service(namespace, name);
    if (service === undefined) return false;
    return isDialledAtPods(service) || this.#byPods.of(key).size > 0;
  }

  /** A gateway's word changes what a route says of itself, not what is published. */
  #onVerdict(key: string): void {
    const [, namespace, kind, name] = OWNER.exec(key) ?? [];
    if (namespace === undefined) return;
    const routes = new Set([`${namespace}/${name} ${kind}`]);
    this.#options.told({ ...NO_NEWS, routes });
  }

  /** All that one message of the API server brings is worked out together. */
  #later(): void {
    if (this.#due || !this.#live) return;
    this.#due = true;
    queueMicrotask(() => this.#work());
  }

  #work(): void {
    if (this.#closed) return;
    // What the work itself has others hear is no reason to go on in this turn.
    this.#due = this.model.work(new Slice(this.#options.clock), this.#attempt);
    if (this.#due) endOfTurn(() => this.#work());
    this.#settle();
  }

  #settle(): void {
    const { put, remove, ...told } = this.model.take();
    if (put.length > 0 || remove.length > 0) this.#publish(put, remove);
    const classes = new Set(this.#classes);
    this.#classes.clear();
    this.#options.told({ ...told, classes });
  }

  #publish(put: Settled["put"], remove: Settled["remove"]): void {
    for (const key of remove) this.#keys.delete(key);
    for (const { key } of put) this.#keys.add(key);
    this.#options.published.change(
      SOURCE,
      put.map(({ publication }) => publication),
      remove,
    );
  }
}
