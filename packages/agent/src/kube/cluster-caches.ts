import type { Clock } from "@warren/host";
import {
  ENDPOINT_SLICES,
  INGRESS_CLASSES,
  INGRESSES,
  SECRETS,
  SERVICES,
  watchResource,
  withoutManagedFields,
  type KubeClient,
  type KubeObject,
  type Resource,
  type Watched,
  type WatchTold,
} from "@warren/host/kube";
import type { Random } from "@warren/tunnel";
import type { EndpointSlice, Ingress, IngressClass, Secret, Service } from "./objects.ts";

export interface CachesOptions {
  client: KubeClient;
  /** Undefined: all. */
  namespaces: readonly string[] | undefined;
  /** Where controllers are looked for beside those, where they are named. Undefined: where they usually are. */
  controllerNamespaces: readonly string[] | undefined;
  tlsSecrets: boolean;
  clock: Clock;
  random: Random;
  told: (event: WatchTold) => void;
  signal: AbortSignal;
}

/** Where ingress controllers usually are, for agents that follow a few namespaces only (G-115). */
export const CONTROLLER_NAMESPACES: readonly string[] = [
  "pipeops-system",
  "ingress-nginx",
  "kube-system",
  "traefik",
  "default",
  "haproxy-controller",
  "ingress-controller",
  "projectcontour",
  "kong",
];

/** The objects of a cluster that publishing needs, each kind in one cache. */
export class ClusterCaches implements AsyncDisposable {
  readonly services: Watched<Service>;
  readonly endpointSlices: Watched<EndpointSlice>;
  readonly ingressClasses: Watched<IngressClass>;
  readonly ingresses: Watched<Ingress>;
  /** TLS Secrets alone; undefined where nobody has allowed to read them. */
  readonly secrets: Watched<Secret> | undefined;
  /** Services in which ingress controllers are looked for. */
  readonly controllerServices: Watched<Service>;
  readonly #options: CachesOptions;
  readonly #all: Watched<KubeObject>[] = [];

  constructor(options: CachesOptions) {
    this.#options = options;
    const { namespaces, tlsSecrets } = options;
    this.services = this.#watch<Service>(SERVICES);
    this.endpointSlices = this.#watch<EndpointSlice>(ENDPOINT_SLICES);
    this.ingressClasses = this.#watch<IngressClass>(INGRESS_CLASSES);
    this.ingresses = this.#watch<Ingress>(INGRESSES);
    this.secrets = tlsSecrets ? this.#watch<Secret>(SECRETS, "type=kubernetes.io/tls") : undefined;
    this.controllerServices =
      namespaces === undefined ? this.services : this.#watchControllers(namespaces);
  }

  /** What keeps caches from being whole, in words for a person; undefined when all are. */
  get waitsFor(): string | undefined {
    const missing = this.#all.filter(({ isSynced }) => !isSynced);
    if (missing.length === 0) return undefined;
    const forbidden = missing.filter(({ state }) => state === "forbidden");
    return forbidden.length > 0
      ? `the agent may not read ${pluralsOf(forbidden)}: its role is missing rules`
      : `the API server has not listed ${pluralsOf(missing)} yet`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((watched) => watched[Symbol.asyncDispose]()));
  }

  #watch<T extends KubeObject>(resource: Resource<T>, fieldSelector?: string): Watched<T> {
    const { namespaces } = this.#options;
    return this.#open(resource, { namespaces, fieldSelector });
  }

  #watchControllers(namespaces: readonly string[]): Watched<Service> {
    const { controllerNamespaces = CONTROLLER_NAMESPACES } = this.#options;
    const all = [...new Set([...namespaces, ...controllerNamespaces])];
    return this.#open<Service>(SERVICES, { namespaces: all, fieldSelector: undefined });
  }

  #open<T extends KubeObject>(
    resource: Resource<T>,
    {
      namespaces,
      fieldSelector,
    }: { namespaces: readonly string[] | undefined; fieldSelector: string | undefined },
  ): Watched<T> {
    const { client, clock, random, told, signal } = this.#options;
    const watched = watchResource<T>({
      client,
      resource,
      namespaces,
      labelSelector: undefined,
      fieldSelector,
      trim: withoutManagedFields,
      clock,
      random,
      told,
      signal,
    });
    this.#all.push(watched);
    return watched;
  }
}

function pluralsOf(caches: readonly Watched<KubeObject>[]): string {
  return caches.map(({ resource }) => resource.plural).join(", ");
}
