import type {
  ClusterChange,
  ClusterFeed,
  ControllerTarget,
  PublicEndpoint,
  ReachMode,
} from "./cluster-view.ts";
import { ForbiddenPlaces } from "./forbidden-places.ts";
import type { Objects } from "./objects-port.ts";
import type { EndpointSlice, IngressClass, Secret, Service } from "./objects.ts";

/** Where the controllers of other ingress classes are. */
export interface Controllers {
  /** They have been looked for once. */
  readonly synced: Promise<unknown>;
  /** Undefined asks for that of objects without a class. */
  controller(className: string | undefined): ControllerTarget | undefined;
  onChange(heard: () => void): () => void;
}

/** How gateways reach this cluster. */
export interface Reach {
  readonly mode: ReachMode;
  readonly endpoint: PublicEndpoint | undefined;
  onChange(heard: () => void): () => void;
}

export interface ClusterSources {
  /** Where the agent reaches the Kubernetes API. */
  readonly server: URL;
  readonly services: Objects<Service>;
  readonly endpointSlices: Objects<EndpointSlice>;
  /** True where the agent may not read the slices of the Kubernetes API; once they have had their first list. */
  readonly isApiHidden: () => boolean;
  readonly ingressClasses: Objects<IngressClass>;
  /** Undefined where the agent may not read Secrets. */
  readonly secrets: Objects<Secret> | undefined;
  readonly controllers: Controllers;
  readonly reach: Reach;
}

/** KEP-752: names the Service of a slice. */
const SERVICE_NAME = "kubernetes.io/service-name";
const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";
const API = "default/kubernetes";

/** A view over caches. Each look-up is one of a map; disposing of it ends what it hears. */
export class WatchedCluster implements ClusterFeed, Disposable {
  readonly synced: Promise<void>;
  readonly secret: ClusterFeed["secret"];
  readonly #sources: ClusterSources;
  /** By the Service's key, then by the slice's. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  /** By the Service's key: the same list for whoever asks, until a slice of it is another. */
  readonly #lists = new Map<string, readonly EndpointSlice[]>();
  readonly #defaults = new Set<string>();
  #places: ForbiddenPlaces;
  /** By the Service's key: why nobody may be led there. */
  readonly #forbidden = new Map<string, string>();
  readonly #listeners = new Set<(change: ClusterChange) => void>();
  readonly #stops: (() => void)[] = [];

  constructor(sources: ClusterSources) {
    const { services, endpointSlices, ingressClasses, secrets, controllers, reach } = sources;
    this.#sources = sources;
    const caches: readonly { synced: Promise<unknown> }[] = [
      services,
      endpointSlices,
      ingressClasses,
      controllers,
      ...(secrets === undefined ? [] : [secrets]),
    ];
    this.#places = this.#placesNow(undefined);
    this.synced = allSynced(caches).then(() => this.#judgeAll());
    this.synced.catch(() => {}); // whoever waits for it hears it
    this.secret = secrets && ((namespace, name) => secrets.get(`${namespace}/${name}`));
    for (const slice of endpointSlices.values()) this.#slice(undefined, slice);
    for (const one of ingressClasses.values()) this.#class(one.metadata.name, one);
    this.#stops.push(
      services.onChange(({ key }) => {
        if (key === API) this.#judgeAll();
        else this.#judge(key);
        this.#tell({ kind: "service", key });
      }),
      endpointSlices.onChange(({ before, after }) => this.#slice(before, after)),
      ingressClasses.onChange(({ key, after }) => this.#class(key, after)),
      controllers.onChange(() => this.#tell({ kind: "controllers" })),
      reach.onChange(() => this.#tell({ kind: "reach" })),
    );
    if (secrets !== undefined)
      this.#stops.push(secrets.onChange(({ key }) => this.#tell({ kind: "secret", key })));
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#sources.services.get(`${namespace}/${name}`);
  }

  endpoints(namespace: string, name: string): readonly EndpointSlice[] {
    const key = `${namespace}/${name}`;
    const slices = this.#slices.get(key);
    if (slices === undefined) return [];
    const list = this.#lists.get(key) ?? [...slices.values()];
    this.#lists.set(key, list);
    return list;
  }

  forbidden(namespace: string, name: string): string | undefined {
    return this.#forbidden.get(`${namespace}/${name}`);
  }

  ingressClass(name: string): IngressClass | undefined {
    return this.#sources.ingressClasses.get(name);
  }

  /** Of several defaults the newest, as the API server's admission has it. */
  defaultIngressClass(): IngressClass | undefined {
    const all = [...this.#defaults].map((name) => this.ingressClass(name)!);
    return all.toSorted((one, other) => (isNewer(one, other) ? -1 : 1))[0];
  }

  controller(className: string | undefined): ControllerTarget | undefined {
    return this.#sources.controllers.controller(className);
  }

  get mode(): ReachMode {
    return this.#sources.reach.mode;
  }
  get endpoint(): PublicEndpoint | undefined {
    return this.#sources.reach.endpoint;
  }

  onChange(heard: (change: ClusterChange) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #slice(before: EndpointSlice | undefined, after: EndpointSlice | undefined): void {
    const [from, to] = [serviceOf(before), serviceOf(after)];
    if (from !== undefined && from !== to) this.#dropSlice(from, before!);
    if (to !== undefined) {
      const slices = this.#slices.get(to) ?? new Map<string, EndpointSlice>();
      this.#slices.set(to, slices.set(after!.metadata.name, after!));
    }
    for (const key of new Set([from, to])) {
      if (key === undefined) continue;
      this.#lists.delete(key);
      if (key === API) this.#judgeAll();
      // More than its endpoints is different: whether it is dialled at all.
      const kind = this.#judge(key) ? "service" : "endpoints";
      this.#tell({ kind, key });
    }
  }

  /** The API's places are others now, or better known. */
  #judgeAll(): void {
    this.#places = this.#placesNow(this.#places);
    const named = [...this.#sources.services.values()].filter(
      ({ spec }) => spec?.type === "ExternalName",
    );
    const keys = named.map(({ metadata: { namespace = "", name } }) => `${namespace}/${name}`);
    for (const key of new Set([...this.#slices.keys(), ...this.#forbidden.keys(), ...keys]))
      if (this.#judge(key)) this.#tell({ kind: "service", key });
  }

  #placesNow(before: ForbiddenPlaces | undefined): ForbiddenPlaces {
    const { server, services, isApiHidden } = this.#sources;
    const slices = [...(this.#slices.get(API)?.values() ?? [])];
    const isHidden = slices.length === 0 && isApiHidden();
    const service = services.get(API);
    return new ForbiddenPlaces({ server, service, slices, isHidden, before });
  }

  /** Returns whether it is forbidden now and was not, or the other way, or for another reason. */
  #judge(key: string): boolean {
    const slices = this.#slices.get(key)?.values() ?? [];
    const why = this.#places.why(this.#sources.services.get(key), slices);
    if (why === this.#forbidden.get(key)) return false;
    if (why === undefined) this.#forbidden.delete(key);
    else this.#forbidden.set(key, why);
    return true;
  }

  #dropSlice(service: string, { metadata }: EndpointSlice): void {
    const slices = this.#slices.get(service);
    slices?.delete(metadata.name);
    if (slices?.size === 0) this.#slices.delete(service);
  }

  #class(name: string, after: IngressClass | undefined): void {
    if (after?.metadata.annotations?.[DEFAULT_CLASS] === "true") this.#defaults.add(name);
    else this.#defaults.delete(name);
    this.#tell({ kind: "class", key: name });
  }

  #tell(change: ClusterChange): void {
    for (const heard of this.#listeners) heard(change);
  }
}

async function allSynced(caches: readonly { synced: Promise<unknown> }[]): Promise<void> {
  await Promise.all(caches.map(({ synced }) => synced));
}

function serviceOf(slice: EndpointSlice | undefined): string | undefined {
  const name = slice?.metadata.labels?.[SERVICE_NAME];
  return name === undefined ? undefined : `${slice!.metadata.namespace ?? ""}/${name}`;
}

function isNewer({ metadata: one }: IngressClass, { metadata: other }: IngressClass): boolean {
  const [its, others] = [one.creationTimestamp ?? "", other.creationTimestamp ?? ""];
  return its === others ? one.name < other.name : its > others;
}
