import type { KubeSettings } from "@warren/agent";
import { GATEWAYS, ROUTES } from "@warren/agent/kube";
import {
  ENDPOINT_SLICES,
  EVENTS,
  INGRESS_CLASSES,
  INGRESSES,
  isKubeError,
  LEASES,
  SECRETS,
  SERVICES,
  statusOf,
  type KubeClient,
  type Resource,
} from "@warren/host/kube";
import { fail, ok, warn, whyOf, type Finding } from "./finding.ts";

export interface ClusterCheck {
  client: KubeClient;
  settings: KubeSettings;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

const READ = ["get", "list", "watch"];
const ROLE = "add the rule to the agent's ClusterRole or Role (the chart's `rbac` values do it)";
const LEASE_SECONDS = 10;

/** Whether an agent with these credentials can follow its cluster, and which of them leads. */
export async function checkCluster(given: ClusterCheck): Promise<Finding[]> {
  const { client } = given;
  let version: string;
  try {
    version = (await client.version()).gitVersion;
  } catch (error) {
    const todo = isKubeError(error, "Unauthorized")
      ? "the service account's token or the kubeconfig's user is not taken: renew it"
      : "see that the API server runs, and that NetworkPolicies let this pod reach it";
    return [fail("API server", whyOf(error), todo)];
  }
  const server = ok("API server", `${version}, by ${client.access.said}`);
  const found = await Promise.all([
    checkRules(given),
    checkClass(given),
    checkGatewayApi(given),
    checkLease(given),
  ]);
  return [server, ...found.flat()];
}

interface Rule {
  resource: Resource;
  name: string;
  verbs: readonly string[];
  namespace: string | undefined;
  /** Without it nothing is published at all. */
  isNeeded: boolean;
}

async function checkRules(given: ClusterCheck): Promise<Finding[]> {
  return Promise.all(rulesOf(given).map((rule) => checkRule(given.client, rule)));
}

function rulesOf(given: ClusterCheck): Rule[] {
  const { namespaces, tlsSecrets } = given.settings;
  const read = (resource: Resource, isNeeded = true): Rule[] =>
    (resource.namespaced ? (namespaces ?? [undefined]) : [undefined]).map((namespace) => ({
      resource,
      name: resource.plural,
      verbs: READ,
      namespace,
      isNeeded,
    }));
  const one = (resource: Resource, name: string, verbs: string[], isNeeded: boolean): Rule => ({
    resource,
    name,
    verbs,
    namespace: name === "leases" ? leaseOf(given).namespace : namespaces?.[0],
    isNeeded,
  });
  return [
    ...[INGRESSES, SERVICES, ENDPOINT_SLICES, INGRESS_CLASSES].flatMap((all) => read(all)),
    ...(tlsSecrets ? read(SECRETS) : []),
    one(LEASES, "leases", ["get", "create", "update"], true),
    one(statusOf(INGRESSES), "ingresses/status", ["patch"], false),
    one(EVENTS, "events.events.k8s.io", ["create", "patch"], false),
  ];
}

async function checkRule(client: KubeClient, rule: Rule): Promise<Finding> {
  const { isNeeded, name, namespace, resource, verbs } = rule;
  const where = namespace === undefined ? "" : ` in ${namespace}`;
  const check = `may ${verbs.join(", ")} ${name}${where}`;
  try {
    const allowed = await Promise.all(verbs.map((verb) => client.may(verb, resource, namespace)));
    const missing = verbs.filter((_verb, i) => allowed[i] !== true);
    if (missing.length === 0) return ok(check, "yes");
    const said = `no: ${missing.join(", ")}`;
    return isNeeded ? fail(check, said, ROLE) : warn(check, said, ROLE);
  } catch (error) {
    return warn(
      check,
      whyOf(error),
      "nobody may ask what it may: see the API server's authorizers",
    );
  }
}

async function checkClass({ client, settings }: ClusterCheck): Promise<Finding> {
  const { className, select } = settings;
  const check = `IngressClass ${className}`;
  try {
    const found = await client.get(INGRESS_CLASSES, { namespace: undefined, name: className });
    if (found === undefined) {
      const todo = "create it (the chart does), or use the class that your Ingresses name";
      return select === "class"
        ? fail(check, "is not there, and no other is published", todo)
        : warn(check, "is not there: Ingresses of other classes are published all the same", todo);
    }
    const controller = found.spec?.controller ?? "nobody";
    return controller === "warren.dev/ingress" || controller.startsWith("warren.dev/ingress/")
      ? ok(check, `is of ${controller}`)
      : fail(
          check,
          `is of ${controller}`,
          "choose another --kube-class: this one is served by others",
        );
  } catch (error) {
    return warn(check, whyOf(error), ROLE);
  }
}

async function checkGatewayApi({ client, settings }: ClusterCheck): Promise<Finding[]> {
  const check = "Gateway API";
  const served = await Promise.all(
    [GATEWAYS, ...Object.values(ROUTES)].map(async ({ versions }) => {
      const found = await Promise.all(versions.map((one) => client.serves(one).catch(() => false)));
      return versions.filter((_one, i) => found[i] === true)[0];
    }),
  );
  const kinds = served.filter((one): one is NonNullable<typeof one> => one !== undefined);
  if (kinds.length === 0)
    return [ok(check, "is not installed: only Ingresses are published, until its CRDs appear")];
  const rules = kinds.flatMap((resource) =>
    (settings.namespaces ?? [undefined]).map((namespace) => ({
      resource,
      name: resource.plural,
      verbs: READ,
      namespace,
      isNeeded: false,
    })),
  );
  const names = kinds.map(({ plural, version }) => `${plural} ${version}`).join(", ");
  return [ok(check, names), ...(await Promise.all(rules.map((rule) => checkRule(client, rule))))];
}

async function checkLease(given: ClusterCheck): Promise<Finding> {
  const { client, wallClock } = given;
  const name = leaseOf(given);
  const check = `Lease ${name.namespace}/${name.name}`;
  try {
    const { spec } = (await client.get(LEASES, name)) ?? {};
    const holder = spec?.holderIdentity ?? "";
    if (holder === "")
      return warn(
        check,
        "nobody holds it",
        "start an agent; if one runs, its log says why it does not lead",
      );
    const ageSeconds = (wallClock() - Date.parse(spec?.renewTime ?? "")) / 1_000;
    const said = `held by ${holder}, renewed ${ageSeconds.toFixed(0)} s ago`;
    return ageSeconds > 2 * LEASE_SECONDS
      ? warn(
          check,
          said,
          "its holder is gone and nobody took it: see the agents' logs, and both clocks",
        )
      : ok(check, said);
  } catch (error) {
    return fail(check, whyOf(error), ROLE);
  }
}

function leaseOf({ client, settings }: ClusterCheck): { namespace: string; name: string } {
  const { lease, podNamespace } = settings;
  return {
    namespace: lease.namespace ?? podNamespace ?? client.access.namespace ?? "default",
    name: lease.name,
  };
}
