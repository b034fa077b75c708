import type { ControllerTarget } from "./cluster-view.ts";
import {
  byRank,
  controllerOf,
  isCalled,
  serves,
  targetOf,
  type FoundController,
} from "./ingress-controllers.ts";
import type { IngressClass, Service } from "./objects.ts";

/** On an IngressClass, `namespace/name`: the Service of a controller that is not known by itself. */
export const CONTROLLER_SERVICE = "warren.dev/controller-service";

export interface ControllerIndexDeps {
  service(namespace: string, name: string): Service | undefined;
  ingressClass(name: string): IngressClass | undefined;
  defaultIngressClass(): IngressClass | undefined;
}

/**
 * Which Service serves which IngressClass (reference G-115). Shown each Service as it changes, it
 * keeps those that are a controller's, so that a change of any other costs nothing.
 */
export class ControllerIndex {
  readonly #deps: ControllerIndexDeps;
  readonly #found = new Map<string, FoundController>();
  /** The best guess first. */
  #ranked: readonly FoundController[] = [];

  constructor(deps: ControllerIndexDeps) {
    this.#deps = deps;
  }

  /**
   * A Service as it is now, or undefined when it is gone. True when that changes anything of a
   * controller: where it is, or what addresses it has.
   */
  look(key: string, service: Service | undefined): boolean {
    const found = service && controllerOf(service);
    const before = this.#found.get(key);
    if (found === undefined && before === undefined) return false;
    if (found === undefined) this.#found.delete(key);
    else this.#found.set(key, found);
    this.#ranked = [...this.#found.values()].toSorted(byRank);
    return !isSame(before?.service, found?.service);
  }

  /**
   * The Service by which the cluster is judged private or public: of those in the usual places and
   * with the usual labels the first that is a load balancer, else the first.
   */
  get foremost(): Service | undefined {
    const balancer = this.#ranked.find(({ service }) => service.spec?.type === "LoadBalancer");
    return (balancer ?? this.#ranked[0])?.service;
  }

  /** Where the controller of a class listens; undefined asks for objects that name no class. */
  of(className: string | undefined): ControllerTarget | undefined {
    const named = className === undefined ? undefined : this.#deps.ingressClass(className);
    const meant = className === undefined ? this.#deps.defaultIngressClass() : named;
    const found = meant === undefined ? this.#guess(className) : this.#serving(meant);
    return found && targetOf(found);
  }

  #serving({ metadata, spec }: IngressClass): FoundController | undefined {
    const said = metadata.annotations?.[CONTROLLER_SERVICE];
    if (said !== undefined) return this.#said(said);
    const controller = spec?.controller ?? "";
    return this.#ranked.find((one) => serves(one, controller));
  }

  /** No IngressClass object says more: the controller that goes by this name, or the only sensible one. */
  #guess(className: string | undefined): FoundController | undefined {
    if (className === undefined) return this.#ranked[0];
    return this.#ranked.find((one) => isCalled(one, className));
  }

  #said(where: string): FoundController | undefined {
    const [namespace = "", name = ""] = where.split("/");
    const service = this.#deps.service(namespace, name);
    return service && controllerOf(service, "said");
  }
}

/** A Service is written again for many reasons, most of which lead nobody elsewhere. */
function isSame(before: Service | undefined, after: Service | undefined): boolean {
  return meaningOf(before) === meaningOf(after);
}

function meaningOf(service: Service | undefined): string {
  return JSON.stringify([service?.spec, service?.status?.loadBalancer, service?.metadata.labels]);
}
