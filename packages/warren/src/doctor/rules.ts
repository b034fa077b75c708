import type { KubeSettings } from "@warren/agent";
import {
  BACKEND_TLS_POLICIES,
  CONTROLLER_NAMESPACES,
  GATEWAY_CLASSES,
  GATEWAY_CRD,
  GATEWAYS,
  LISTENER_SETS,
  REFERENCE_GRANTS,
  ROUTES,
} from "@warren/agent/kube";
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  ENDPOINT_SLICES,
  EVENTS,
  INGRESS_CLASSES,
  INGRESSES,
  LEASES,
  NAMESPACES,
  SECRETS,
  SERVICES,
  statusOf,
  type KubeClient,
  type ObjectName,
  type Resource,
} from "@warren/host/kube";

/** What an agent must be allowed, and what it does without. */
export interface Rule {
  resource: Resource;
  verbs: readonly string[];
  /** Namespaces, or one object; undefined: everywhere. */
  where: readonly (string | ObjectName | undefined)[];
  /** Without it something that was asked for does not work at all. */
  isNeeded: boolean;
  /** What happens without it. */
  without: string;
}

const READ = ["get", "list", "watch"];
const NOTHING = "nothing is published without it";
const EVERYWHERE = [undefined];

/** Rules for what every cluster has. `lease`: the one that agents of this cluster hold. */
export function rulesOf(settings: KubeSettings, lease: ObjectName): Rule[] {
  const { namespaces, tlsSecrets } = settings;
  const places = namespaces ?? EVERYWHERE;
  const read = (resource: Resource, where: Rule["where"] = places): Rule => ({
    resource,
    verbs: READ,
    where,
    isNeeded: true,
    without: NOTHING,
  });
  const write = (resource: Resource, verbs: string[], without: string): Rule => ({
    resource,
    verbs,
    where: places,
    isNeeded: false,
    without,
  });
  return [
    read(INGRESSES),
    read(SERVICES),
    ...controllerRules(settings),
    read(ENDPOINT_SLICES),
    ...apiRules(settings),
    read(INGRESS_CLASSES, EVERYWHERE),
    ...(tlsSecrets ? [{ ...read(SECRETS), without: "no certificate is brought without it" }] : []),
    { ...write(LEASES, ["create"], NOTHING), where: [lease.namespace], isNeeded: true },
    { ...write(LEASES, ["get", "update"], NOTHING), where: [lease], isNeeded: true },
    write(statusOf(INGRESSES), ["patch"], "Ingresses of the class do not say where they are"),
    write(EVENTS, ["create", "patch"], "Ingresses do not say what became of them"),
  ];
}

/** Where controllers are, beside the namespaces that are published from. */
function controllerRules({ namespaces, controllerNamespaces }: KubeSettings): Rule[] {
  const all = controllerNamespaces ?? [...CONTROLLER_NAMESPACES, "default"];
  const where = namespaces === undefined ? [] : all.filter((one) => !namespaces.includes(one));
  const without =
    "controllers there are not found, which matters for Ingresses of their classes (--kube-controllers)";
  const rule = { resource: SERVICES, verbs: READ, isNeeded: false, without };
  return where.length === 0 ? [] : [{ ...rule, where }];
}

/** Where the Kubernetes API answers, for who may not read it anyway. */
function apiRules({ namespaces }: KubeSettings): Rule[] {
  if (namespaces?.includes("default") !== false) return [];
  const where = [{ namespace: "default", name: "kubernetes" }];
  const without = "Services whose EndpointSlices somebody wrote by hand are not published";
  return [{ resource: ENDPOINT_SLICES, verbs: READ, where, isNeeded: false, without }];
}

/** All but grants have a status that says what became of them. */
const GATEWAY_API = [
  GATEWAY_CLASSES,
  GATEWAYS,
  ...Object.values(ROUTES),
  REFERENCE_GRANTS,
  BACKEND_TLS_POLICIES,
  LISTENER_SETS,
];

/** Kinds of Gateway API in the versions that the server has, and the rules for them. */
export async function gatewayApiOf(client: KubeClient, { namespaces }: KubeSettings) {
  const served = await Promise.all(GATEWAY_API.map((one) => best<Resource>(client, one)));
  const kinds = served.filter((one) => one !== undefined);
  const written = kinds.filter(({ kind }) => kind !== REFERENCE_GRANTS.versions[0].kind);
  const rule = (resource: Resource, verbs: readonly string[], without: string): Rule => ({
    resource,
    verbs,
    where: resource.namespaced ? (namespaces ?? EVERYWHERE) : EVERYWHERE,
    isNeeded: false,
    without,
  });
  const crd = { namespace: undefined, name: GATEWAY_CRD };
  const rules = [
    ...kinds.map((one) => rule(one, READ, "these objects are as if they were not there")),
    ...written.map((one) => rule(statusOf(one), ["update"], "they do not say what became of them")),
    rule(NAMESPACES, READ, "listeners that choose namespaces by label let nobody in"),
    {
      ...rule(CUSTOM_RESOURCE_DEFINITIONS, ["get"], "the release of Gateway API is not known"),
      where: [crd],
    },
  ];
  return { kinds, rules };
}

/** The best version that the server has; undefined: none. */
export async function best<R extends Resource>(
  client: KubeClient,
  { versions }: { versions: readonly R[] },
): Promise<R | undefined> {
  const served = await Promise.all(versions.map((one) => client.serves(one).catch(() => false)));
  return versions.find((_one, at) => served[at]);
}
