import type { Clock } from "@warren/host";
import { isKubeError, WorkQueue, type KubeClient } from "@warren/host/kube";
import type { CustomResourceDefinition } from "@warren/host/kube";
import { CUSTOM_RESOURCE_DEFINITIONS } from "@warren/host/kube";
import type { Published } from "../../published.ts";
import { mergeConditions, type Said } from "./conditions.ts";
import type { GatewayApiSources, VersionedObjects } from "./controller.ts";
import type { GatewayApiEvents } from "./gateway-api-events.ts";
import { CLASS_CONDITIONS, classConditions, isOurs, supportedFeatures } from "./gateway-class.ts";
import { gatewayStatus } from "./gateway-status.ts";
import { listenerSetStatus } from "./listener-set-status.ts";
import type { GatewayModel } from "./model.ts";
import type { BackendTlsPolicy, Gateway, GatewayClass, ListenerSet } from "./objects.ts";
import type { RouteObject } from "./objects.ts";
import { policyAncestors } from "./policy-status.ts";
import { partsOf } from "./references.ts";
import { BUNDLE_VERSION, GATEWAY_CRD } from "./resources.ts";
import { publishedCondition, routeParents } from "./route-status.ts";
import type { News } from "./settled.ts";
import { writeStatus, type WithStatus } from "./status-writer.ts";

export interface StatusesOptions {
  readonly client: KubeClient;
  readonly model: GatewayModel;
  readonly sources: GatewayApiSources;
  readonly published: Pick<Published, "verdicts" | "voice">;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  readonly events: GatewayApiEvents;
}

/** Writes at once: a Gateway with thousands of routes does not flood the API server. */
const WRITERS = 4;
/** So long a Gateway's count of routes may lag: ten thousand routes that come are not as many writes. */
const COUNTED_AFTER_MS = 1_000;

/**
 * Writes what became of each object into its status, while this agent speaks for its cluster. One
 * that does not leaves it to the one that does, and looks at everything when it begins to.
 */
export class Statuses implements AsyncDisposable {
  readonly #options: StatusesOptions;
  readonly #queue: WorkQueue;
  readonly #stop: () => void;
  /** What was told last of routes that are not served as they ask. */
  readonly #told = new Map<string, string>();
  readonly #counted = new Set<string>();
  #forgetCounted: (() => void) | undefined;
  /** Resources whose status the agent's role leaves out. */
  readonly #forbidden = new Set<string>();

  constructor(options: StatusesOptions) {
    this.#options = options;
    const { clock, random, events, published } = options;
    this.#queue = new WorkQueue({
      work: (key) => this.#work(key),
      clock,
      random,
      concurrency: WRITERS,
      onFailure: ({ key, error, retryInMs }) => events.writeFailed(key, error, retryInMs),
    });
    this.#stop = published.voice.onChange((speaks) => {
      // Somebody may have changed a role.
      this.#forbidden.clear();
      if (speaks) this.heard(options.model.everything);
    });
  }

  /** The status of these may be another now. */
  heard(news: News): void {
    if (!this.#options.published.voice.speaks) return;
    for (const name of news.classes) this.#queue.add(`class ${name}`);
    for (const key of news.gateways) this.#queue.add(`gateway ${key}`);
    for (const id of news.routes) this.#queue.add(`route ${id}`);
    for (const key of news.listenerSets) this.#queue.add(`set ${key}`);
    for (const key of news.policies) this.#queue.add(`policy ${key}`);
    for (const key of news.counted) this.#counted.add(key);
    if (this.#counted.size > 0)
      this.#forgetCounted ??= this.#options.clock.after(COUNTED_AFTER_MS, () => this.#count());
  }

  /** Resolves when nothing waits to be written. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    this.#forgetCounted?.();
    await this.#queue[Symbol.asyncDispose]();
  }

  #count(): void {
    this.#forgetCounted = undefined;
    for (const key of this.#counted) this.#queue.add(`gateway ${key}`);
    this.#counted.clear();
  }

  async #work(key: string): Promise<void> {
    const { published, events } = this.#options;
    if (!published.voice.speaks) return;
    const space = key.indexOf(" ");
    const name = key.slice(space + 1);
    const kind = key.slice(0, space);
    const write = kind === "class" ? this.#class(name) : this.#object(kind, name);
    if (await write) events.written(key);
  }

  async #class(name: string): Promise<boolean> {
    const { sources, model } = this.#options;
    const known = model.gatewayClass(name);
    const { controllerName } = model;
    if (known === undefined || !isOurs(known, controllerName)) return false;
    const version = await this.#bundleVersion();
    return this.#write(name, sources.classes, (object: GatewayClass) => {
      if (!isOurs(object, controllerName) || !isCurrent(object, known)) return undefined;
      const features = supportedFeatures(version);
      return {
        ...object.status,
        conditions: mergeConditions(
          object.status?.conditions ?? [],
          classConditions(known, version),
          {
            owned: CLASS_CONDITIONS,
            when: this.#when(known),
          },
        ),
        ...(features === undefined ? {} : { supportedFeatures: features }),
      };
    });
  }

  #object(kind: string, name: string): Promise<boolean> {
    const { sources, model } = this.#options;
    if (kind === "gateway")
      return this.#write(name, sources.gateways, (object: Gateway) => {
        const state = model.gateway(name);
        if (state === undefined || !isCurrent(object, state.gateway)) return undefined;
        const how = { before: object.status ?? {}, when: this.#when(state.gateway) };
        return gatewayStatus(model, state, how);
      });
    if (kind === "set")
      return this.#write(name, sources.listenerSets, (set) => this.#listenerSet(name, set));
    if (kind === "policy")
      return this.#write(name, sources.policies, (policy) => this.#policy(name, policy));
    const { kind: routeKind, key } = partsOf(name);
    if (model.route(name) === undefined) this.#told.delete(name);
    return this.#write(key, sources.routes[routeKind], (object: RouteObject) =>
      this.#route(name, object),
    );
  }

  #route(id: string, object: RouteObject): object | undefined {
    const { model, published } = this.#options;
    const { controllerName } = model;
    const outcome = model.outcome(id);
    const known = model.route(id);
    if (outcome === undefined || known === undefined || !isCurrent(object, known)) return undefined;
    const before = object.status?.parents ?? [];
    const isMine = before.some((one) => one.controllerName === controllerName);
    if (outcome.parents.length === 0 && !isMine) return undefined;
    const said = publishedCondition(model, id, (key) => published.verdicts.get(key));
    this.#tell(id, outcome.parents.length === 0 ? [] : [...outcome.parents[0]!.conditions, said]);
    const how = { controllerName, published: said, when: this.#when(known) };
    return { ...object.status, parents: routeParents(before, outcome.parents, how) };
  }

  #listenerSet(key: string, object: ListenerSet): object | undefined {
    const known = this.#options.model.listenerSet(key);
    if (known === undefined || !isCurrent(object, known.set)) return undefined;
    const how = { before: object.status ?? {}, when: this.#when(known.set) };
    return listenerSetStatus(known.gateway, how);
  }

  #policy(key: string, object: BackendTlsPolicy): object | undefined {
    const { model } = this.#options;
    const known = model.policy(key);
    if (known === undefined || !isCurrent(object, known.policy)) return undefined;
    const { controllerName } = model;
    const how = { gateways: known.gateways, controllerName, when: this.#when(known.policy) };
    const before = object.status?.ancestors ?? [];
    const ancestors = policyAncestors(before, how);
    return before.length + ancestors.length === 0 ? undefined : { ...object.status, ancestors };
  }

  /** What is not as it was asked for is told once. */
  #tell(id: string, conditions: readonly Said[]): void {
    const bad = conditions.find(({ status }) => status === "False");
    if (bad === undefined) return void this.#told.delete(id);
    const text = `${bad.reason} ${bad.message}`;
    if (this.#told.get(id) === text) return;
    this.#told.set(id, text);
    this.#options.events.refused(id, bad.reason, bad.message);
  }

  async #write<T extends WithStatus>(
    key: string,
    cache: VersionedObjects<T>,
    status: (object: T) => object | undefined,
  ): Promise<boolean> {
    const { client, events } = this.#options;
    const { resource } = cache;
    if (resource === undefined || this.#forbidden.has(resource.plural)) return false;
    try {
      return await writeStatus(key, { client, resource, cache, status });
    } catch (error) {
      if (!isKubeError(error, "Forbidden")) throw error;
      // The same for every object, until somebody changes a role: asked again by the next leader.
      if (!this.#forbidden.has(resource.plural)) events.writeForbidden(resource.plural, error);
      this.#forbidden.add(resource.plural);
      return false;
    }
  }

  #when({ metadata: { generation = 0 } }: { metadata: { generation?: number } }) {
    // metav1.Time has whole seconds.
    const now = new Date(this.#options.wallClock()).toISOString().replace(/\.\d{3}Z$/, "Z");
    return { generation, now };
  }

  /** Of the CRDs as they are now; an agent that may not read them says that it does not know. */
  async #bundleVersion(): Promise<string | undefined> {
    const { client, events } = this.#options;
    try {
      const name = { namespace: undefined, name: GATEWAY_CRD };
      const crd = await client.get<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITIONS, name);
      return crd?.metadata.annotations?.[BUNDLE_VERSION];
    } catch (error) {
      if (!isKubeError(error, "Forbidden")) throw error;
      events.versionUnknown(error);
      return undefined;
    }
  }
}

/** The object that was judged, in the same generation: of another one the watch will bring news. */
function isCurrent(
  { metadata: one }: { metadata: { uid: string; generation?: number } },
  { metadata: other }: { metadata: { uid: string; generation?: number } },
): boolean {
  return one.uid === other.uid && one.generation === other.generation;
}
