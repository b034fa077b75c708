import type { Controllers } from "./cluster-feed.ts";
import type { ControllerTarget } from "./cluster-view.ts";
import { ControllerIndex } from "./controller-index.ts";
import type { Objects } from "./objects-port.ts";
import type { IngressClass, Service } from "./objects.ts";

export interface ControllerSources {
  /** Where controllers may be: of all namespaces, or of those that they usually are in. */
  readonly services: Objects<Service>;
  readonly ingressClasses: Objects<IngressClass>;
}

const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";

/** Ingress controllers as the caches show them: found late, moved, gone. */
export class ClusterControllers implements Controllers, Disposable {
  readonly synced: Promise<unknown>;
  readonly #index: ControllerIndex;
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => void)[] = [];

  constructor({ services, ingressClasses }: ControllerSources) {
    this.#index = new ControllerIndex({
      service: (namespace, name) => services.get(`${namespace}/${name}`),
      ingressClass: (name) => ingressClasses.get(name),
      ingressClasses: () => ingressClasses.values(),
      defaultIngressClass: () => defaultClassOf(ingressClasses.values()),
    });
    for (const service of services.values())
      this.#index.look(`${service.metadata.namespace}/${service.metadata.name}`, service);
    this.#stops.push(
      services.onChange(({ key, after }) => {
        if (this.#index.look(key, after)) this.#tell();
      }),
      ingressClasses.onChange(() => this.#tell()),
    );
    this.synced = Promise.all([services.synced, ingressClasses.synced]);
    this.synced.catch(() => {}); // whoever waits for it hears it
  }

  /** The Service by which the cluster is judged; see `ControllerIndex`. */
  get foremost(): Service | undefined {
    return this.#index.foremost;
  }

  controller(className: string | undefined): ControllerTarget | undefined {
    return this.#index.of(className);
  }

  onChange(heard: () => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #tell(): void {
    for (const heard of this.#listeners) heard();
  }
}

/** Of several defaults the newest, as the API server's admission has it. */
export function defaultClassOf(classes: Iterable<IngressClass>): IngressClass | undefined {
  return [...classes]
    .filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true")
    .toSorted(({ metadata: one }, { metadata: other }) => {
      const [its, others] = [one.creationTimestamp ?? "", other.creationTimestamp ?? ""];
      return its === others ? (one.name < other.name ? -1 : 1) : its > others ? -1 : 1;
    })[0];
}
