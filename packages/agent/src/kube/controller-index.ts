import type { ControllerTarget } from "./cluster-view.ts";
import {
  byRank,
  controllerOf,
  isCalled,
  RELEASE_NAME,
  releaseOf,
  releaseOfClass,
  serves,
  servesClassless,
  targetOf,
  type FoundController,
} from "./ingress-controllers.ts";
import type { IngressClass, Service } from "./objects.ts";
import { ReverseIndex } from "./reverse-index.ts";

/** On an IngressClass, `namespace/name`: the Service of a controller that is not known by itself. */
export const CONTROLLER_SERVICE = "warren.dev/controller-service";

export interface ControllerIndexDeps {
  service(namespace: string, name: string): Service | undefined;
  ingressClass(name: string): IngressClass | undefined;
  ingressClasses(): Iterable<IngressClass>;
  defaultIngressClass(): IngressClass | undefined;
}

/**
 * Which Service serves which IngressClass (reference G-115). Shown each Service as it changes, it
 * keeps those that are a controller's, so that a change of any other costs nothing. Anybody can label
 * a Service: outside of the controllers' own namespaces one counts only for classes that the same
 * Helm release made, since classes are written by who runs the cluster (decisions/0371).
 */
export class ControllerIndex {
  readonly #deps: ControllerIndexDeps;
  readonly #found = new Map<string, FoundController>();
  readonly #byRelease = new ReverseIndex();
  /** Those that are trusted, the best guess first. */
  #ranked: readonly FoundController[] = [];

  constructor(deps: ControllerIndexDeps) {
    this.#deps = deps;
  }

  /**
   * A Service as it is now, or undefined when it is gone. True when that changes anything of a
   * controller that counts: where it is, or what addresses it has.
   */
  look(key: string, service: Service | undefined): boolean {
    const found = service && controllerOf(service);
    const before = this.#found.get(key);
    if (found === undefined && before === undefined) return this.#isSaid(key);
    if (found === undefined) this.#found.delete(key);
    else this.#found.set(key, found);
    const release = found && releaseOf(found.service);
    this.#byRelease.set(key, release === undefined ? [] : [release]);
    if (before?.isTrusted === true || found?.isTrusted === true)
      this.#ranked = [...this.#found.values()]
        .filter(({ isTrusted }) => isTrusted)
        .toSorted(byRank);
    // Labels that tenants write wake nobody.
    const counts = this.#isSaid(key) || this.#counts(before) || this.#counts(found);
    return counts && !isSame(before?.service, found?.service);
  }

  /**
   * The Service by which the cluster is judged private or public: of those in the usual places, with
   * the usual labels and of IngressClasses the first that is a load balancer, else the first.
   */
  get foremost(): Service | undefined {
    const all = [...this.#ranked, ...this.#ofClasses()];
    const balancer = all.find(({ service }) => service.spec?.type === "LoadBalancer");
    return (balancer ?? all[0])?.service;
  }

  /**
   * Where the controller of a class listens. Undefined asks for objects that name no class: the
   * default class's, or one that serves such objects without there being a default.
   */
  of(className: string | undefined): ControllerTarget | undefined {
    const named = className === undefined ? undefined : this.#deps.ingressClass(className);
    const meant = className === undefined ? this.#deps.defaultIngressClass() : named;
    const found = meant === undefined ? this.#guess(className) : this.#serving(meant);
    return found && targetOf(found);
  }

  #serving(meant: IngressClass): FoundController | undefined {
    const said = meant.metadata.annotations?.[CONTROLLER_SERVICE];
    const controller = meant.spec?.controller ?? "";
    if (said !== undefined) return this.#said(said, controller);
    const mates = [...this.#byRelease.of(releaseOfClass(meant) ?? "")]
      .map((key) => this.#found.get(key)!)
      .toSorted(byRank);
    return [...mates, ...this.#ranked].find((one) => serves(one, controller));
  }

  /** No IngressClass object says more: the controller that goes by this name, or that needs no class. */
  #guess(className: string | undefined): FoundController | undefined {
    if (className !== undefined) return this.#ranked.find((one) => isCalled(one, className));
    return [...this.#ranked, ...this.#ofClasses()].find(servesClassless);
  }

  #ofClasses(): FoundController[] {
    return [...this.#deps.ingressClasses()].flatMap((one) => this.#serving(one) ?? []);
  }

  /** It is trusted, or a class leads to what its release made. */
  #counts(found: FoundController | undefined): boolean {
    if (found === undefined || found.isTrusted) return found !== undefined;
    const release = releaseOf(found.service);
    if (release === undefined) return false;
    return [...this.#deps.ingressClasses()].some((one) => releaseOfClass(one) === release);
  }

  #isSaid(key: string): boolean {
    return [...this.#deps.ingressClasses()].some(
      ({ metadata }) => metadata.annotations?.[CONTROLLER_SERVICE] === key,
    );
  }

  #said(where: string, controller: string): FoundController | undefined {
    const [namespace = "", name = ""] = where.split("/");
    const service = this.#deps.service(namespace, name);
    return service && controllerOf(service, { controller });
  }
}

/** A Service is written again for many reasons, most of which lead nobody elsewhere. */
function isSame(before: Service | undefined, after: Service | undefined): boolean {
  return meaningOf(before) === meaningOf(after);
}

function meaningOf(service: Service | undefined): string {
  const { labels, annotations } = service?.metadata ?? {};
  const { spec, status } = service ?? {};
  return JSON.stringify([spec, status?.loadBalancer, labels, annotations?.[RELEASE_NAME]]);
}
