import { isIP } from "node:net";
import type { ControllerTarget } from "./cluster-view.ts";
import type { IngressClass, Service, ServicePort } from "./objects.ts";

/** An ingress controller that is known by how its Service is named or labelled. */
interface Known {
  type: ControllerTarget["type"];
  /** What its class is mostly called. */
  name: string;
  /** What its IngressClass says in `spec.controller`. */
  classes: RegExp;
  /** Services as its usual installations name them, `namespace/name`. */
  services: readonly string[];
  /** Labels of its Services, `name=value`; all of one entry must be there. */
  labels: readonly (readonly string[])[];
  /** It serves Ingresses that name no class where no class is the default. */
  isForClassless: boolean;
}

/**
 * Namespaces of controllers: labels count there, since nobody but who runs the cluster writes there.
 * Not `default`, which reference G-115 has too: applications are there (decisions/0371).
 */
export const CONTROLLER_NAMESPACES: readonly string[] = [
  "pipeops-system",
  "ingress-nginx",
  "kube-system",
  "traefik",
  "haproxy-controller",
  "ingress-controller",
  "projectcontour",
  "kong",
];

/**
 * In the order in which one is chosen where nothing says which (reference G-111, G-115); those below
 * Traefik and ingress-nginx by what their charts render.
 */
const KNOWN: readonly Known[] = [
  {
    type: "traefik",
    name: "traefik",
    isForClassless: true,
    classes: /^traefik\.io\/ingress-controller$/,
    services: ["pipeops-system/traefik", "kube-system/traefik", "traefik/traefik"],
    labels: [["app.kubernetes.io/name=traefik"], ["k8s-app=traefik-ingress-lb"]],
  },
  {
    type: "nginx",
    name: "nginx",
    isForClassless: false,
    classes: /^(k8s\.io\/(.*-)?ingress-nginx|nginx\.org\/ingress-controller)$/,
    services: [
      "ingress-nginx/ingress-nginx-controller",
      "kube-system/rke2-ingress-nginx-controller",
    ],
    labels: [
      ["app.kubernetes.io/name=ingress-nginx"],
      ["app.kubernetes.io/name=rke2-ingress-nginx"],
      ["app.kubernetes.io/name=nginx-ingress"],
    ],
  },
  {
    type: "unknown",
    name: "haproxy",
    isForClassless: false,
    classes:
      /^(haproxy\.org\/ingress-controller(\/.*)?|haproxy-ingress\.github\.io\/controller(\/.*)?)$/,
    services: [
      "haproxy-controller/haproxy-kubernetes-ingress",
      "ingress-controller/haproxy-ingress",
    ],
    labels: [
      ["app.kubernetes.io/name=kubernetes-ingress"],
      ["app.kubernetes.io/name=haproxy-ingress"],
    ],
  },
  {
    type: "unknown",
    name: "contour",
    isForClassless: true,
    classes: /^projectcontour\.io\//,
    services: ["projectcontour/envoy", "projectcontour/contour-envoy"],
    labels: [["app.kubernetes.io/name=contour", "app.kubernetes.io/component=envoy"]],
  },
  {
    type: "unknown",
    name: "kong",
    isForClassless: false,
    classes: /^ingress-controllers\.konghq\.com\//,
    services: ["kong/kong-proxy", "kong/kong-gateway-proxy"],
    labels: [
      ["app.kubernetes.io/name=kong", "enable-metrics=true"],
      ["app.kubernetes.io/name=gateway", "enable-metrics=true"],
    ],
  },
];

/** The order of G-111, which interleaves the two oldest. */
const FIRST = [
  "pipeops-system/traefik",
  "ingress-nginx/ingress-nginx-controller",
  "kube-system/traefik",
  "traefik/traefik",
  "kube-system/rke2-ingress-nginx-controller",
];

/** A Service that belongs to a controller, and how good a guess it is. */
export interface FoundController {
  readonly service: Service;
  readonly known: Known;
  /** Less is better. */
  readonly rank: number;
  /** It is where only who runs the cluster can have put it; any other needs an IngressClass that leads there. */
  readonly isTrusted: boolean;
}

/** Services of a controller that carry no traffic: webhooks, metrics, the default backend. */
const ASIDE =
  /-(admission|metrics|defaultbackend|default-backend|validation-webhook|admin|manager)$/;
const ASIDE_PARTS = new Set(["admission-webhook", "webhook", "metrics", "default-backend"]);

const SAID: Known = {
  type: "unknown",
  name: "",
  classes: /^/,
  services: [],
  labels: [],
  isForClassless: false,
};

/**
 * The controller that a Service leads to, or undefined when it is none that is known. `said`: a class of
 * this `spec.controller` names it, which is how it reads paths. A name outside the cluster never is (G-125).
 */
export function controllerOf(
  service: Service,
  said?: { controller: string },
): FoundController | undefined {
  if (service.spec?.type === "ExternalName") return undefined;
  if (said !== undefined) {
    const like = KNOWN.find(({ classes }) => classes.test(said.controller));
    return { service, known: { ...SAID, type: like?.type ?? SAID.type }, rank: 0, isTrusted: true };
  }
  const { name, namespace = "", labels = {} } = service.metadata;
  if (ASIDE.test(name) || ASIDE_PARTS.has(labels["app.kubernetes.io/component"] ?? ""))
    return undefined;
  const ports = portsOf(service);
  if (ports.http === undefined && ports.https === undefined) return undefined;
  const key = `${namespace}/${name}`;
  const at = KNOWN.findIndex(({ services }) => services.includes(key));
  if (at !== -1) {
    const first = FIRST.indexOf(key);
    const rank = first === -1 ? FIRST.length + at : first;
    return { service, known: KNOWN[at]!, rank, isTrusted: true };
  }
  const labelled = KNOWN.findIndex((one) => one.labels.some((all) => hasAll(labels, all)));
  if (labelled === -1 || !hasPodsBehind(service)) return undefined;
  const plain = service.spec?.type === "LoadBalancer" ? 0 : 1;
  const isTrusted = CONTROLLER_NAMESPACES.includes(namespace);
  return { service, known: KNOWN[labelled]!, rank: 100 + 2 * labelled + plain, isTrusted };
}

/** Without a selector its endpoints are whatever somebody writes; without an address, whatever DNS says. */
function hasPodsBehind({ spec }: Service): boolean {
  return Object.keys(spec?.selector ?? {}).length > 0 && isIP(spec?.clusterIP ?? "") !== 0;
}

export const RELEASE_NAME = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE = "meta.helm.sh/release-namespace";

/** The Helm release that made a Service, `namespace/name`, as its own annotations have it. */
export function releaseOf({ metadata }: Service): string | undefined {
  const name = metadata.annotations?.[RELEASE_NAME];
  return name && `${metadata.namespace ?? ""}/${name}`;
}

/** The Helm release that made a class: who may write classes vouches for what else it made. */
export function releaseOfClass({
  metadata: { annotations = {} },
}: IngressClass): string | undefined {
  const [namespace, name] = [annotations[RELEASE_NAMESPACE], annotations[RELEASE_NAME]];
  return namespace && name && `${namespace}/${name}`;
}

/** True when the controller serves IngressClasses that name `controller`. */
export function serves({ known }: FoundController, controller: string): boolean {
  return known.classes.test(controller);
}

/** True when a class without an object of its own would be this controller's, by its usual name. */
export function isCalled({ known }: FoundController, className: string): boolean {
  return known.name === className;
}

/** True when the controller serves what names no class, in a cluster without a default class. */
export function servesClassless({ known }: FoundController): boolean {
  return known.isForClassless;
}

/** Where to dial a controller from a pod. A headless Service is dialled by its name. */
export function targetOf({ service, known }: FoundController): ControllerTarget {
  const { name, namespace = "default" } = service.metadata;
  const ip = service.spec?.clusterIP;
  const { http, https } = portsOf(service);
  return {
    namespace,
    name,
    type: known.type,
    host: ip === undefined || ip === "" || ip === "None" ? `${name}.${namespace}.svc` : ip,
    httpPort: http?.port,
    httpsPort: https?.port,
  };
}

/** The better guess first; of equal ones always the same. */
export function byRank(one: FoundController, other: FoundController): number {
  return one.rank - other.rank || (keyOf(one.service) < keyOf(other.service) ? -1 : 1);
}

/** The ports of plain HTTP and of TLS, by name before number (G-113, G-115). */
export function portsOf(service: Service): {
  http: ServicePort | undefined;
  https: ServicePort | undefined;
} {
  const ports = (service.spec?.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  const find = (names: readonly string[], number: number) =>
    names.map((name) => ports.find((port) => port.name === name)).find(Boolean) ??
    ports.find(({ name = "", port }) => port === number && !/webhook|metrics/.test(name));
  return {
    http: find(["http", "web", "kong-proxy"], 80),
    https: find(["https", "websecure", "kong-proxy-tls"], 443),
  };
}

function hasAll(labels: Readonly<Record<string, string>>, all: readonly string[]): boolean {
  return all.every((pair) => {
    const [name = "", value] = pair.split("=");
    return labels[name] === value;
  });
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
