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
  type WatchOptions,
  type WatchTold,
} from "@warren/host/kube";
import type { Random } from "@warren/tunnel";
import { CONTROLLER_NAMESPACES } from "./ingress-controllers.ts";
import type { Objects } from "./objects-port.ts";
import type { EndpointSlice, Ingress, IngressClass, Secret, Service } from "./objects.ts";
import { WiderObjects } from "./wider-objects.ts";

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

interface Elsewhere {
  /** Namespaces that are looked into as well. */
  readonly also: readonly string[];
  /** Those that are followed. */
  readonly than: readonly string[];
  readonly fieldSelector: string | undefined;
}

/** The objects of a cluster that publishing needs, each kind in one cache. */
export class ClusterCaches implements AsyncDisposable {
  readonly services: Watched<Service>;
  /** Those of the Kubernetes API among them, wherever the agent publishes from. */
  readonly endpointSlices: Objects<EndpointSlice>;
  readonly ingressClasses: Watched<IngressClass>;
  readonly ingresses: Watched<Ingress>;
  /** TLS Secrets alone; undefined where nobody has allowed to read them. */
  readonly secrets: Watched<Secret> | undefined;
  /** Services in which ingress controllers are looked for. */
  readonly controllerServices: Objects<Service>;
  readonly #options: CachesOptions;
  readonly #opened: Watched<KubeObject>[] = [];
  /** Of these publishing waits for each. */
  readonly #all: Watched<KubeObject>[] = [];
  /** Undefined where all namespaces are followed. */
  readonly #controllers: WiderObjects<Service> | undefined;
  readonly #slices: WiderObjects<EndpointSlice> | undefined;

  constructor(options: CachesOptions) {
    this.#options = options;
    const { namespaces, tlsSecrets } = options;
    this.services = this.#watch<Service>(SERVICES);
    const slices = this.#watch<EndpointSlice>(ENDPOINT_SLICES);
    this.ingressClasses = this.#watch<IngressClass>(INGRESS_CLASSES);
    this.ingresses = this.#watch<Ingress>(INGRESSES);
    this.secrets = tlsSecrets ? this.#watch<Secret>(SECRETS, "type=kubernetes.io/tls") : undefined;
    this.#controllers = namespaces && this.#watchControllers(namespaces);
    this.controllerServices = this.#controllers ?? this.services;
    this.#slices = namespaces && this.#watchApi(slices, namespaces);
    this.endpointSlices = this.#slices ?? slices;
  }

  /** Namespaces in which no controller is seen, since the agent may not read Services there. */
  get hidden(): readonly string[] {
    return this.#controllers?.hidden ?? [];
  }

  /** True where the agent may not read the slices of the Kubernetes API. */
  get isApiHidden(): boolean {
    return (this.#slices?.hidden ?? []).length > 0;
  }

  /** What keeps caches from being whole, in words for a person; undefined when all are. */
  get waitsFor(): string | undefined {
    const missing = [
      ...this.#all.filter(({ isSynced }) => !isSynced),
      ...(this.#controllers?.missing ?? []),
      ...(this.#slices?.missing ?? []),
    ];
    if (missing.length === 0) return undefined;
    const forbidden = missing.filter(({ state }) => state === "forbidden");
    return forbidden.length > 0
      ? `the agent may not read ${pluralsOf(forbidden)}: its role is missing rules`
      : `the API server has not listed ${pluralsOf(missing)} yet`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((watched) => watched[Symbol.asyncDispose]()));
  }

  #watch<T extends KubeObject>(resource: Resource<T>, fieldSelector?: string): Watched<T> {
    const { namespaces, told } = this.#options;
    const watched = this.#open(resource, { namespaces, fieldSelector, told });
    this.#all.push(watched);
    return watched;
  }

  #watchControllers(namespaces: readonly string[]): WiderObjects<Service> {
    const { controllerNamespaces = [...CONTROLLER_NAMESPACES, "default"] } = this.#options;
    const where = { also: controllerNamespaces, than: namespaces, fieldSelector: undefined };
    return this.#wider(this.services, SERVICES, where);
  }

  /** A role may name the one slice, which the API server writes of itself under this name. */
  #watchApi(own: Watched<EndpointSlice>, namespaces: readonly string[]) {
    const fieldSelector = "metadata.name=kubernetes";
    return this.#wider(own, ENDPOINT_SLICES, {
      also: ["default"],
      than: namespaces,
      fieldSelector,
    });
  }

  /** Those of its own namespaces are watched already. */
  #wider<T extends KubeObject>(
    own: Watched<T>,
    resource: Resource<T>,
    { also, than, fieldSelector }: Elsewhere,
  ): WiderObjects<T> {
    const elsewhere = also.filter((one) => !than.includes(one));
    return new WiderObjects(own, elsewhere, (namespace, onForbidden) =>
      this.#open<T>(resource, {
        namespaces: [namespace],
        fieldSelector,
        told: (event) => {
          this.#options.told(event);
          if (event.kind === "forbidden") onForbidden();
        },
      }),
    );
  }

  #open<T extends KubeObject>(
    resource: Resource<T>,
    how: Pick<WatchOptions<T>, "namespaces" | "fieldSelector" | "told">,
  ): Watched<T> {
    const { client, clock, random, signal } = this.#options;
    const watched = watchResource<T>({
      ...how,
      client,
      resource,
      labelSelector: undefined,
      trim: withoutManagedFields,
      clock,
      random,
      signal,
    });
    this.#opened.push(watched);
    return watched;
  }
}

function pluralsOf(caches: readonly Watched<KubeObject>[]): string {
  return caches.map(({ resource }) => resource.plural).join(", ");
}
