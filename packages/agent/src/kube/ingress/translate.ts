import { describe as problemsOf, Route } from "@warren/wire";
import * as v from "valibot";
import type { EndpointAffinity } from "../../endpoint-choice.ts";
import type { Publication } from "../../published.ts";
import type { Target, TlsSettings } from "../../target.ts";
import { knownOf } from "../annotations/known.ts";
import { readAnnotations, type Answerer } from "../annotations/read.ts";
import { noWishes, type Wishes } from "../annotations/wishes.ts";
import type { ClusterView, ControllerTarget, Problem } from "../cluster-view.ts";
import type { Ingress, IngressBackend, IngressClass, Service } from "../objects.ts";
import {
  appProtocolOf,
  findService,
  serviceTarget,
  whyForbidden,
  type ServiceFound,
} from "../service-backend.ts";
import { placesOf, servicesOf, type Place } from "./places.ts";
import type { IngressReason } from "./reasons.ts";
import {
  ingressClassOf,
  isClassPublished,
  isOfOtherWarren,
  noController,
  notFromInside,
  ownerOf,
  SYSTEM_NAMESPACES,
  type IngressOwner,
  type IngressSelection,
} from "./select.ts";
import { comparesCharacters, controllerTarget, isExpression, readsExpressions } from "./through.ts";
import { SHUT_POLICY, shutPublication } from "./shut.ts";
import { tlsHostsOf, type IsTlsHost } from "./tls.ts";

/** What the translation of an Ingress depends on besides the Ingress. */
export interface IngressContext {
  readonly view: ClusterView;
  readonly selection: IngressSelection;
  /** Names that gateways gave this cluster: the hosts of rules that have none. */
  readonly names: readonly string[];
  /** How Services that speak TLS are verified. */
  readonly tls: TlsSettings;
  readonly connectTimeoutMs: number;
}

export interface IngressTranslation {
  /** False: it is none that is to be published, and nothing is said about it. */
  readonly isSelected: boolean;
  readonly owner: IngressOwner;
  /** The controller of its class is dialled, not its Services. */
  readonly isThrough: boolean;
  /** It keeps clients at their pods: its Services are dialled there, whatever they say themselves. */
  readonly isAtPods: boolean;
  /** One for each place, in the order in which the Ingress says them. */
  readonly publications: readonly Publication[];
  /**
   * Its places, shut, where nothing of it is published: a controller would serve it all the same to whom
   * another Ingress of its host leads there.
   */
  readonly closed: readonly Publication[];
  readonly problems: readonly Problem[];
}

/** What an Ingress publishes, and what there is to say about it. Pure: the same in, the same out. */
export function translateIngress(ingress: Ingress, context: IngressContext): IngressTranslation {
  const owner = ownerOf(ingress, context.view, context.selection);
  const nothing = { publications: [], closed: [], problems: [] };
  const leftOut = { isSelected: false, isThrough: false, isAtPods: false, owner, ...nothing };
  const { annotations = {}, namespace = "default" } = ingress.metadata;
  const { select, namespaces } = context.selection;
  const ingressClass = ingressClassOf(ingress, context.view);
  if (select === "class" && !owner.isOurs) return leftOut;
  if (namespaces !== undefined && !namespaces.includes(namespace)) return leftOut;
  if (isOfOtherWarren(ingressClass, context.selection)) return leftOut;
  const controller = owner.isOurs ? undefined : context.view.controller(owner.className);
  const answerer: Answerer = controller === undefined ? "service" : "controller";
  const { wishes, refusal, problems } = readAnnotations(annotations, answerer);
  const shut = () => shutPlaces(ingress, context, { controller, wishes });
  if (wishes.publish === false || isClassPublished(ingressClass) === false)
    return { ...leftOut, closed: shut() };
  const isMissing = controller === undefined && !owner.isOurs && owner.className !== undefined;
  const why = isMissing
    ? noController(owner.className, ingressClass, context.selection)
    : (refusal ??
      notFrom(namespace, wishes) ??
      notOfClass(owner, ingressClass, wishes) ??
      (controller && notLedThere(ingress, context.view)));
  if (why !== undefined)
    return { ...leftOut, isSelected: true, closed: shut(), problems: [...problems, why] };
  const translation = new Translation(ingress, context, { controller, wishes });
  const isThrough = controller !== undefined;
  const isAtPods = !isThrough && affinityOf(wishes) !== "none";
  const made = translation.all(problems);
  return { isSelected: true, isThrough, isAtPods, owner, closed: [], ...made };
}

function shutPlaces(
  ingress: Ingress,
  context: IngressContext,
  { controller, wishes }: { controller: ControllerTarget | undefined; wishes: Wishes },
): Publication[] {
  if (controller === undefined) return [];
  const own = { hosts: wishes.hosts, mode: "tunnel" as const, policy: SHUT_POLICY };
  const shut: Wishes = { ...noWishes(), ...own };
  const { publications } = new Translation(ingress, context, { controller, wishes: shut }).all([]);
  return publications.map(shutPublication);
}

function notOfClass(
  owner: IngressOwner,
  ingressClass: IngressClass | undefined,
  { publish }: Wishes,
): Problem | undefined {
  return owner.isOurs || publish === true ? undefined : notFromInside(owner, ingressClass);
}

/** Its controller would lead there whichever place of it is asked for, so that none is published. */
function notLedThere(ingress: Ingress, view: ClusterView): Problem | undefined {
  const { namespace = "default" } = ingress.metadata;
  return [...servicesOf(ingress)]
    .map((name) => whyForbidden(view, { namespace, name }))
    .find((why) => why !== undefined);
}

function notFrom(namespace: string, { publish }: Wishes): Problem | undefined {
  if (publish === true || !SYSTEM_NAMESPACES.includes(namespace)) return undefined;
  const message = `nothing of ${namespace} is published unless warren.dev/publish says "true"`;
  return { reason: "SystemNamespace", message };
}

/** A failed step is what there is to say of it. */
type Made<T> = { readonly made: T } | { readonly problem: Problem };

class Translation {
  readonly #ingress: Ingress;
  readonly #context: IngressContext;
  readonly #controller: ControllerTarget | undefined;
  readonly #wishes: Wishes;
  readonly #annotations: Readonly<Record<string, string>>;
  readonly #isTls: IsTlsHost;
  /** A thousand paths that lead to one Service look for it, and for its pods, once. */
  readonly #found = new Map<string, Made<ServiceFound>>();
  readonly #dialled = new Map<ServiceFound, Made<Target>>();

  constructor(
    ingress: Ingress,
    context: IngressContext,
    how: { controller: ControllerTarget | undefined; wishes: Wishes },
  ) {
    this.#ingress = ingress;
    this.#context = context;
    this.#controller = how.controller;
    this.#wishes = how.wishes;
    this.#annotations = carriedAnnotations(ingress.metadata.annotations ?? {});
    this.#isTls = tlsHostsOf(ingress);
  }

  all(before: readonly Problem[]): Pick<IngressTranslation, "publications" | "problems"> {
    const asked = placesOf(this.#ingress, this.#wishes.hosts ?? this.#context.names);
    const problems = [...before, ...asked.problems, ...this.#modeProblems()];
    const publications: Publication[] = [];
    for (const one of asked.places) {
      const result = this.#publication(one);
      if ("made" in result) publications.push(result.made);
      else problems.push(result.problem);
    }
    return { publications, problems: unrepeated(problems) };
  }

  #publication(place: Place): Made<Publication> {
    if (this.#controller === undefined && isExpression(place))
      return problem("UnsupportedPath", `path ${place.path} is an expression, not a prefix`);
    const found = this.#find(place.backend);
    if ("problem" in found) return found;
    const target = this.#target(place, found.made);
    if ("problem" in target) return target;
    const read = v.safeParse(Route, this.#route(place, found.made, target.made));
    if (!read.success)
      return problem("InvalidRoute", `${place.host}${place.path}: ${problemsOf(read.issues)}`);
    return { made: { route: read.output, targets: [target.made] } };
  }

  #find({ service, resource }: IngressBackend): Made<ServiceFound> {
    if (service === undefined)
      return problem(
        "UnsupportedBackend",
        `a ${resource?.kind ?? "resource"} backend is not supported, only Services are`,
      );
    const { namespace = "default" } = this.#ingress.metadata;
    const port = service.port?.number ?? service.port?.name;
    return once(this.#found, `${service.name} ${typeof port} ${port}`, () => {
      const found = findService(
        this.#context.view,
        { namespace, name: service.name, port },
        this.#controller === undefined ? "here" : "elsewhere",
      );
      return found.ok ? { made: found } : { problem: found.problem };
    });
  }

  #target({ host }: Place, found: ServiceFound): Made<Target> {
    if (this.#controller === undefined)
      return once(this.#dialled, found, () => this.#serviceTarget(found));
    const how = {
      target: this.#controller,
      connectTimeoutMs: this.#connectTimeoutMs,
      isTls: this.#isTls,
    };
    const target = controllerTarget(this.#ingress, host, how);
    return target === undefined
      ? problem("NoController", `Service ${this.#controller.name} has no HTTP port`)
      : { made: target };
  }

  get #connectTimeoutMs(): number {
    return this.#wishes.policy.connect_timeout_ms ?? this.#context.connectTimeoutMs;
  }

  #serviceTarget(found: ServiceFound): Made<Target> {
    const { view, tls } = this.#context;
    const connectTimeoutMs = this.#connectTimeoutMs;
    const protocol = this.#wishes.protocol ?? appProtocolOf(found.port) ?? "http";
    const affinity = affinityOf(this.#wishes);
    const how = { protocol, tls, connectTimeoutMs, affinity };
    const target = serviceTarget(view, found, how);
    return target === undefined
      ? problem("NoEndpoints", noEndpoints(found.service))
      : { made: target };
  }

  #route(place: Place, { service, port }: ServiceFound, target: Target) {
    const { namespace = "default", name, creationTimestamp = "" } = this.#ingress.metadata;
    const age = Date.parse(creationTimestamp);
    return {
      host: place.host,
      path: place.path,
      path_type: place.pathType,
      service: service.metadata.name,
      port: port.port,
      namespace,
      ingress_name: name,
      tls: this.#isTls(place.host),
      annotations: this.#annotations,
      protocol: target.protocol,
      policy: this.#wishes.policy,
      ...this.#reader(place),
      ...this.#reach(),
      ...(this.#wishes.rewrite === undefined ? {} : { filters: this.#filters(place) }),
      ...(age >= 0 ? { age } : {}),
    };
  }

  #reader(place: Place) {
    if (this.#controller === undefined) return {};
    if (isExpression(place) || readsExpressions(this.#ingress, this.#controller))
      return { controller: "expressions" as const };
    const isByCharacter = comparesCharacters(place, this.#controller);
    return { controller: isByCharacter ? ("characters" as const) : ("paths" as const) };
  }

  #filters({ pathType }: Place) {
    const { type, value } = this.#wishes.rewrite!;
    // An Exact path is replaced whole, or not at all.
    const whole = type === "full" || pathType === "Exact";
    return {
      rewrite: { path: { type: whole ? ("full" as const) : ("prefix" as const), value } },
    };
  }

  /** The cluster's public endpoint is its controller's: what is dialled at the Service is not there. */
  #reach() {
    const { mode: general, endpoint } = this.#context.view;
    const mode = this.#wishes.mode ?? general;
    if (mode === "tunnel" || endpoint === undefined || this.#controller === undefined) return {};
    return { mode, endpoint };
  }

  #modeProblems(): Problem[] {
    const { mode } = this.#wishes;
    if (mode === undefined || mode === "tunnel") return [];
    const { endpoint } = this.#context.view;
    if (this.#controller !== undefined && endpoint !== undefined) return [];
    const why =
      this.#controller === undefined
        ? "this Ingress has no controller at the cluster's public endpoint"
        : "this cluster has no public endpoint";
    return [{ reason: "NoEndpoint", message: `${why}: it is published through the tunnel` }];
  }
}

function affinityOf({ policy: { affinity = "none" } }: Wishes): EndpointAffinity {
  return affinity;
}

function once<K, V>(all: Map<K, V>, key: K, make: () => V): V {
  const one = all.get(key) ?? make();
  all.set(key, one);
  return one;
}

function noEndpoints({ metadata: { name }, spec }: Service): string {
  const what =
    spec?.clusterIP === "None"
      ? `headless Service ${name}`
      : `Service ${name} has no cluster address, and`;
  return `${what} has no endpoint that is ready and may be dialled`;
}

function problem(reason: IngressReason, message: string): { problem: Problem } {
  return { problem: { reason, message } };
}

/** A Service that is missing is missing once, however many paths lead to it. */
function unrepeated(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((one) => [`${one.reason} ${one.message}`, one])).values()];
}

const MOST_CARRIED = 32;
const MOST_CHARS = 256;

/** What gateways are told: annotations that have a meaning here, and no others, since any may be secret. */
function carriedAnnotations(all: Readonly<Record<string, string>>): Record<string, string> {
  const carried = knownOf(all).filter((name) => all[name]!.length <= MOST_CHARS);
  return Object.fromEntries(carried.slice(0, MOST_CARRIED).map((name) => [name, all[name]!]));
}
