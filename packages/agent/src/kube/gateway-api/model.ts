import type { TlsSettings } from "../../target.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { HostOwners } from "../host-owners.ts";
import { claimantOf, ingressOf } from "../ingress/host-claims.ts";
import { KeysInTurn } from "../keys-in-turn.ts";
import { ReverseIndex } from "../reverse-index.ts";
import type { Slice } from "../slice.ts";
import { AttachedRoutes, isTakenBy } from "./attached-routes.ts";
import type { BackendLookUps } from "./backends.ts";
import { Grants, type CrossReference } from "./grants.ts";
import { isAccepted, isOurs } from "./gateway-class.ts";
import { isNews } from "../news.ts";
import { judgeGateway, type GatewayLookUps, type GatewayState } from "./judge-gateway.ts";
import { isSameToRoutes } from "./same-to-routes.ts";
import type { BackendTlsPolicy, Gateway, GatewayClass, ListenerSet } from "./objects.ts";
import type { Namespace } from "./objects.ts";
import type { ReferenceGrant, RouteKind, RouteObject } from "./objects.ts";
import type { ParentOutcome, RouteOutcome } from "./outcome.ts";
import { lostHosts, Places, type Lost } from "./places.ts";
import type { Rival } from "./rivals.ts";
import {
  gatewayOfSet,
  gatewaysOfRoute,
  referencesOfGateway,
  referencesOfRoute,
  routeId,
} from "./references.ts";
import { nothingTold, type News, type Settled } from "./settled.ts";
import { TlsPolicies } from "./tls-policies.ts";
import { translateRoute } from "./translate-route.ts";

export interface ModelOptions {
  readonly view: ClusterView;
  /** Whose hosts are; a change of it is worked out like any other. */
  readonly hosts: HostOwners;
  /** How Services that speak TLS are verified. */
  readonly tls: TlsSettings;
  readonly connectTimeoutMs: number;
  /** `spec.controllerName` of the GatewayClasses that are ours, and of what is ours in a route's status. */
  readonly controllerName: string;
  /** Where Warren's gateways listen. */
  readonly ports: { readonly http: number; readonly tls: number };
}

/** Does a task about one object, and keeps to itself that it threw. */
export type Attempt = (name: string, task: () => void) => void;

interface RouteState {
  readonly kind: RouteKind;
  readonly route: RouteObject;
  outcome: RouteOutcome | undefined;
  /** Hosts that are of other namespaces. */
  lostHosts: readonly Lost[];
}

/**
 * All objects of Gateway API that matter, and what follows from them. Changes are put in as they come;
 * `work` looks at what refers to what changed, and at nothing else, and `take` gives what became
 * different: together that is what putting everything in anew would give (property test).
 */
export class GatewayModel {
  readonly #options: ModelOptions;
  readonly #classes = new Map<string, GatewayClass>();
  readonly #gateways = new Map<string, Gateway>();
  readonly #judged = new Map<string, GatewayState>();
  readonly #routes = new Map<string, RouteState>();
  readonly #grants = new Grants();
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();
  readonly #policies = new TlsPolicies();
  readonly #listenerSets = new Map<string, ListenerSet>();
  readonly #places = new Places();
  readonly #uses = new ReverseIndex();
  readonly #attached = new AttachedRoutes();
  /** Gateways by key, and routes by id, which has a space. */
  readonly #dirty = new KeysInTurn();
  #told = nothingTold();
  /** Everything that there was at first has been worked out once. */
  #isWhole = false;
  #names: readonly string[] = [];

  constructor(options: ModelOptions) {
    this.#options = options;
    options.hosts.onChange(({ objects }) => {
      for (const id of objects) if (this.#routes.has(id)) this.#dirty.add(id);
    });
  }

  /** Names that gateways gave this cluster. */
  setNames(names: readonly string[]): void {
    if (names.join(" ") === this.#names.join(" ")) return;
    this.#names = names;
    for (const key of this.#gateways.keys()) this.#dirty.add(key);
    this.#touch("names");
  }

  putClass(name: string, value: GatewayClass | undefined): void {
    const before = this.#classes.get(name);
    put(this.#classes, name, value);
    if (isNews(before, value)) this.#touch(`class ${name}`);
  }

  putGateway(key: string, value: Gateway | undefined): void {
    const before = this.#gateways.get(key);
    const references = value === undefined ? [] : referencesOfGateway(value);
    put(this.#gateways, key, value);
    if (!isNews(before, value)) return void this.#told.counted.add(key);
    this.#uses.set(`gateway ${key}`, references);
    this.#dirty.add(key);
  }

  putRoute(kind: RouteKind, key: string, value: RouteObject | undefined): void {
    const id = routeId(kind, key);
    const before = this.#routes.get(id);
    const references = value === undefined ? [] : referencesOfRoute(value);
    if (value === undefined) {
      this.#routes.delete(id);
      this.#count(before?.outcome?.parents ?? [], []);
    } else
      this.#routes.set(id, {
        kind,
        route: value,
        outcome: before?.outcome,
        lostHosts: before?.lostHosts ?? [],
      });
    if (!isNews(before?.route, value)) return void this.#told.routes.add(id);
    this.#uses.set(`route ${id}`, references);
    this.#dirty.add(id);
  }

  putGrant(key: string, value: ReferenceGrant | undefined): void {
    const namespace = this.#grants.put(key, value);
    if (namespace !== undefined) this.#touch(`grants ${namespace}`);
  }

  putNamespace(name: string, value: Namespace | undefined): void {
    const before = JSON.stringify(this.#labels.get(name) ?? {});
    put(this.#labels, name, value?.metadata.labels);
    if (JSON.stringify(this.#labels.get(name) ?? {}) !== before) this.#touch(`labels ${name}`);
  }

  putPolicy(key: string, value: BackendTlsPolicy | undefined): void {
    for (const service of this.#policies.put(key, value)) this.serviceChanged(service);
  }

  putListenerSet(key: string, value: ListenerSet | undefined): void {
    const before = this.#listenerSets.get(key);
    const gateway = value && gatewayOfSet(value);
    put(this.#listenerSets, key, value);
    this.#told.listenerSets.add(key);
    if (!isNews(before, value)) return;
    this.#uses.set(`set ${key}`, gateway === undefined ? [] : [`ours ${gateway}`]);
    this.#touch(`set ${key}`);
  }

  /** What others publish, and may have been there first. */
  putRival({ name, age, claims }: Rival): void {
    this.#places.set({ name, age }, claims);
  }

  /** The Service, or its endpoints, in the view. */
  serviceChanged(key: string): void {
    this.#touch(`service ${key}`);
  }

  secretChanged(key: string): void {
    this.#touch(`secret ${key}`);
  }

  /** Works out a slice of what follows; a route after the Gateways that it refers to. Returns whether more is left. */
  work(slice: Slice, attempt: Attempt = (_, task) => task()): boolean {
    while (this.#dirty.size > 0) {
      if (slice.isOver) return true;
      const id = this.#dirty.take()!;
      const isRoute = id.includes(" ");
      const gateways = isRoute
        ? this.#gatewaysOf(id).filter((one) => this.#dirty.delete(one))
        : [id];
      for (const key of gateways) {
        attempt(`gateway ${key}`, () => {
          this.#told.gateways.add(key);
          this.#judge(key);
        });
        slice.took(this.#judged.get(key)?.listeners.length ?? 0);
      }
      if (!isRoute) continue;
      // These may have marked it again.
      this.#dirty.delete(id);
      attempt(`route ${id}`, () => {
        this.#told.routes.add(id);
        this.#translate(id);
      });
      slice.took(this.#routes.get(id)?.outcome?.claims.length ?? 0);
    }
    this.#isWhole = true;
    return false;
  }

  /** What became different since it was asked last, as far as it is worked out. */
  take(): Settled {
    const { put: published, remove, changed } = this.#places.settle();
    const told = this.#told;
    this.#told = nothingTold();
    const ingresses = new Set<string>();
    for (const name of changed) {
      const ingress = ingressOf(name);
      if (ingress !== undefined) ingresses.add(ingress);
      else if (this.#routes.has(name)) told.routes.add(name);
    }
    return { put: published, remove, ...told, ingresses, policies: this.#policies.take() };
  }

  // What follows, for who writes status.

  get names(): readonly string[] {
    return this.#names;
  }

  get controllerName(): string {
    return this.#options.controllerName;
  }

  gatewayClass(name: string): GatewayClass | undefined {
    return this.#classes.get(name);
  }

  /** Undefined for what is not there. */
  route(id: string): RouteObject | undefined {
    return this.#routes.get(id)?.route;
  }

  /** Everything that may have a status of ours. */
  get everything(): News {
    return {
      counted: new Set(),
      ingresses: new Set(),
      routes: new Set(this.#routes.keys()),
      gateways: new Set(this.#gateways.keys()),
      listenerSets: new Set(this.#listenerSets.keys()),
      policies: new Set(this.#policies.keys()),
      classes: new Set(this.#classes.keys()),
    };
  }

  /** Undefined for what is not there, or not ours. */
  gateway(key: string): GatewayState | undefined {
    return this.#judged.get(key);
  }

  /** Undefined for what is not there, or for a Gateway that is not ours. */
  listenerSet(key: string): { set: ListenerSet; gateway: string } | undefined {
    const set = this.#listenerSets.get(key);
    const gateway = set && gatewayOfSet(set);
    return set && gateway !== undefined && this.#judged.has(gateway) ? { set, gateway } : undefined;
  }

  /** With the Gateways of ours by which it matters; undefined before all of these are known. */
  policy(key: string): { policy: BackendTlsPolicy; gateways: ReadonlySet<string> } | undefined {
    const policy = this.#isWhole ? this.#policies.get(key) : undefined;
    return policy && { policy, gateways: this.#policies.gatewaysOf(key) };
  }

  attachedRoutes(gateway: string, listener: string): number {
    return this.#attached.of(gateway, listener);
  }

  isAttached = (id: string, gateway: string, listener: string): boolean =>
    isTakenBy(this.#routes.get(id)?.outcome?.parents ?? [], gateway, listener);

  /** Undefined while the route has not been looked at as it is now. */
  outcome(id: string): RouteOutcome | undefined {
    if (this.#dirty.has(id)) return undefined;
    return this.#routes.get(id)?.outcome;
  }

  /** Route keys under which it is published. */
  published(id: string): Iterable<string> {
    return this.#places.published(id).keys();
  }

  /** Why parts of it are no routes that gateways would take. */
  problems(id: string): string[] {
    const claims = this.#routes.get(id)?.outcome?.claims ?? [];
    return claims.flatMap(({ problem }) => problem ?? []);
  }

  lost(id: string): readonly Lost[] {
    return [...(this.#routes.get(id)?.lostHosts ?? []), ...this.#places.lost(id)];
  }

  /** Places of an Ingress that routes have; what two Ingresses want is theirs to settle. */
  lostOfIngress(key: string): Lost[] {
    return this.lost(claimantOf(key)).filter(({ holder }) => this.#routes.has(holder));
  }

  /** Gateways that are ours, and routes of all. */
  counts(): Record<"Gateway" | RouteKind, number> {
    const counts = {
      Gateway: this.#judged.size,
      HTTPRoute: 0,
      GRPCRoute: 0,
      TLSRoute: 0,
      TCPRoute: 0,
      UDPRoute: 0,
    };
    for (const { kind } of this.#routes.values()) counts[kind]++;
    return counts;
  }

  #touch(what: string): void {
    for (const name of this.#uses.of(what)) {
      const key = name.slice(name.indexOf(" ") + 1);
      if (/^(gateway|route) /.test(name)) this.#dirty.add(key);
      else {
        this.#told.listenerSets.add(key);
        this.#touch(name);
      }
    }
  }

  /** Routes look at a Gateway's listeners, also when it becomes ours or stops to be. */
  #judge(key: string): void {
    const gateway = this.#gateways.get(key);
    const found = gateway && this.#classes.get(gateway.spec.gatewayClassName);
    const before = this.#judged.get(key);
    if (gateway === undefined || !isOurs(found, this.controllerName)) this.#judged.delete(key);
    else this.#judged.set(key, judgeGateway(key, gateway, this.#gatewayLookUps(isAccepted(found))));
    const after = this.#judged.get(key);
    if (!isSameToRoutes(before, after)) this.#touch(`gateway ${key}`);
    // Whatever else changes, ListenerSets hear the same.
    if ((before === undefined) !== (after === undefined)) this.#touch(`ours ${key}`);
  }

  #gatewaysOf(id: string): string[] {
    const route = this.route(id);
    return route === undefined ? [] : gatewaysOfRoute(route, (key) => this.#listenerSets.get(key));
  }

  #gatewayLookUps(classAccepted: boolean): GatewayLookUps {
    const { ports, view } = this.#options;
    const granted = (reference: CrossReference) => this.#grants.allow(reference);
    return { ports, secret: view.secret, granted, classAccepted, names: this.#names };
  }

  #translate(id: string): void {
    const state = this.#routes.get(id);
    const { hosts } = this.#options;
    if (state === undefined) {
      this.#policies.setWays(id, [], new Set());
      hosts.set(id, 0, new Map());
      return this.#places.set({ name: id, age: 0 }, []);
    }
    const before = state.outcome?.parents ?? [];
    const policed = new Set<string>();
    state.outcome = translateRoute(state.kind, state.route, {
      gateway: (key) => this.#judged.get(key),
      gatewayOfSet: (key) => this.listenerSet(key)?.gateway,
      labels: (namespace) => this.#labels.get(namespace) ?? {},
      names: this.#names,
      backends: this.#lookUps(policed),
    });
    this.#count(before, state.outcome.parents);
    const attached = state.outcome.parents.filter(({ listeners }) => listeners.length > 0);
    this.#policies.setWays(id, new Set(attached.map(({ gateway }) => gateway)), policed);
    const age = Date.parse(state.route.metadata.creationTimestamp ?? "") || 0;
    hosts.set(id, age, state.outcome.hosts);
    state.lostHosts = lostHosts(hosts, id, state.outcome.hosts);
    const lost = new Set(state.lostHosts.map(({ place }) => place));
    const claims = state.outcome.claims.filter(({ host = "" }) => !lost.has(host));
    this.#places.set({ name: id, age }, claims);
  }

  /** `policed`: gets the Services that it may lead to, and that a policy is about. */
  #lookUps(policed: Set<string>): BackendLookUps {
    const { view, tls, connectTimeoutMs } = this.#options;
    return {
      view,
      tls,
      connectTimeoutMs,
      granted: (reference) => this.#grants.allow(reference),
      hasTlsPolicy: (namespace, name) => {
        const service = `${namespace}/${name}`;
        const isPoliced = this.#policies.isAbout(service);
        if (isPoliced) policed.add(service);
        return isPoliced;
      },
    };
  }

  #count(before: readonly ParentOutcome[], after: readonly ParentOutcome[]): void {
    for (const key of this.#attached.move(before, after)) this.#told.counted.add(key);
  }
}

function put<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
