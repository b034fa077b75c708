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
import { ControllerServices } from "./controller-services.ts";
import { CONTROLLER_NAMESPACES } from "./ingress-controllers.ts";
import type { Objects } from "./objects-port.ts";
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

/** The objects of a cluster that publishing needs, each kind in one cache. */
export class ClusterCaches implements AsyncDisposable {
  readonly services: Watched<Service>;
  readonly endpointSlices: Watched<EndpointSlice>;
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
  readonly #elsewhere: ControllerServices | undefined;

  constructor(options: CachesOptions) {
    this.#options = options;
    const { namespaces, tlsSecrets } = options;
    this.services = this.#watch<Service>(SERVICES);
    this.endpointSlices = this.#watch<EndpointSlice>(ENDPOINT_SLICES);
    this.ingressClasses = this.#watch<IngressClass>(INGRESS_CLASSES);
    this.ingresses = this.#watch<Ingress>(INGRESSES);
    this.secrets = tlsSecrets ? this.#watch<Secret>(SECRETS, "type=kubernetes.io/tls") : undefined;
    this.#elsewhere = namespaces && this.#watchControllers(namespaces);
    this.controllerServices = this.#elsewhere ?? this.services;
  }

  /** Namespaces in which no controller is seen, since the agent may not read Services there. */
  get hidden(): readonly string[] {
    return this.#elsewhere?.hidden ?? [];
  }

  /** What keeps caches from being whole, in words for a person; undefined when all are. */
  get waitsFor(): string | undefined {
    const missing = [
      ...this.#all.filter(({ isSynced }) => !isSynced),
      ...(this.#elsewhere?.missing ?? []),
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

  /** Those of its namespaces are watched already. */
  #watchControllers(namespaces: readonly string[]): ControllerServices {
    const { controllerNamespaces = [...CONTROLLER_NAMESPACES, "default"] } = this.#options;
    const elsewhere = controllerNamespaces.filter((one) => !namespaces.includes(one));
    return new ControllerServices(this.services, elsewhere, (namespace, onForbidden) =>
      this.#open<Service>(SERVICES, {
        namespaces: [namespace],
        fieldSelector: undefined,
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
