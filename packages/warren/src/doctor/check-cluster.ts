import type { KubeSettings } from "@warren/agent";
import { WARREN_CONTROLLER } from "@warren/agent/kube";
import type { Clock } from "@warren/host";
import { INGRESS_CLASSES, isKubeError, LEASES, type KubeClient } from "@warren/host/kube";
import { bounded } from "./bounded.ts";
import { checkClock } from "./check-clock.ts";
import { dateOf } from "./date-of.ts";
import { fail, ok, note, warn, whyOf, type Finding } from "./finding.ts";
import { leaseOf } from "./lease-of.ts";
import { gatewayApiOf, rulesOf, type Rule } from "./rules.ts";

export interface ClusterCheck {
  client: KubeClient;
  settings: KubeSettings;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  signal: AbortSignal;
}

const EACH_MS = 8_000;
const ROLE =
  "add the rule to the agent's ClusterRole or Role (the chart's are templates/agent/rbac.yaml)";
const LEASE_SECONDS = 10;
/** Of a Lease that was written with a clock that is ahead. */
const SKEW_SECONDS = -5;

/** Whether an agent with these credentials can follow its cluster, and which of them leads. */
export async function checkCluster(given: ClusterCheck): Promise<Finding[]> {
  const server = await checkServer(given);
  if (server.some(({ level }) => level === "fail")) return server;
  const { client, settings } = given;
  const parts: Promise<Finding | Finding[]>[] = [
    ...rulesOf(settings, leaseOf(client, settings)).map((rule) => checkRule(client, rule)),
    checkClass(given),
    checkGatewayApi(given),
    checkLease(given),
  ];
  return [...server, ...(await Promise.all(parts)).flat(), ...checkMode(settings)];
}

async function checkServer({ client, clock, signal, wallClock }: ClusterCheck): Promise<Finding[]> {
  const check = "API server";
  try {
    const bound = { clock, signal, ms: EACH_MS };
    const { gitVersion } = await bounded(bound, () => client.version());
    const date = await bounded(bound, (either) => dateOf(client.access, either));
    const reached = ok(check, `${gitVersion}, by ${client.access.said}`);
    return [reached, checkClock("the API server", date, wallClock())];
  } catch (error) {
    const todo = isKubeError(error, "Unauthorized")
      ? "the service account's token or the kubeconfig's user is not taken: renew it"
      : "see that the API server runs, and that NetworkPolicies let this pod reach it";
    return [fail(check, whyOf(error), todo)];
  }
}

async function checkRule(client: KubeClient, rule: Rule): Promise<Finding> {
  const { isNeeded, resource, verbs, where, without } = rule;
  const { group, plural } = resource;
  const check = `may ${verbs.join(", ")} ${group === "" ? plural : `${plural}.${group}`}`;
  try {
    const asked = where.flatMap((place) => verbs.map((verb) => ({ verb, place })));
    const allowed = await Promise.all(
      asked.map(({ verb, place }) => client.may(verb, resource, place)),
    );
    const missing = asked.filter((_one, at) => allowed[at] !== true);
    if (missing.length === 0) return ok(check, `yes${whereText(where)}`);
    const said = missing.map(({ verb, place }) => `${verb}${whereText([place])}`).join("; ");
    return (isNeeded ? fail : warn)(check, `no: ${said}`, `${without}: ${ROLE}`);
  } catch (error) {
    const todo = "nobody may ask what it may: see the API server's authorizers";
    return warn(check, whyOf(error), todo);
  }
}

function whereText(where: Rule["where"]): string {
  const said = where.flatMap((place) =>
    typeof place === "object"
      ? [[place.namespace, place.name].filter((part) => part !== undefined).join("/")]
      : (place ?? []),
  );
  return said.length === 0 ? "" : ` in ${said.join(", ")}`;
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
        : note(check, "is not there: Ingresses of other classes are published all the same", todo);
    }
    const controller = found.spec?.controller ?? "nobody";
    // A second installation's is its own.
    return [WARREN_CONTROLLER, `${WARREN_CONTROLLER}/${className}`].includes(controller)
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

/** What `direct` and `both` are not for goes another way than was asked for, and nothing else says so. */
function checkMode({ className, mode }: KubeSettings): Finding[] {
  if (mode !== "direct" && mode !== "both") return [];
  const said = `is of Ingresses that a controller serves, while it has a public address; those of class ${className}, and Gateway API, go through the tunnel`;
  const todo =
    "nothing, unless these are to be reached without the tunnel: then give them the controller's class";
  return [note(`mode ${mode}`, said, todo)];
}

async function checkGatewayApi({ client, settings }: ClusterCheck): Promise<Finding[]> {
  const check = "Gateway API";
  const { kinds, rules } = await gatewayApiOf(client, settings);
  if (kinds.length === 0)
    return [ok(check, "is not installed: only Ingresses are published, until its CRDs appear")];
  const names = kinds.map(({ plural, version }) => `${plural} ${version}`).join(", ");
  return [ok(check, names), ...(await Promise.all(rules.map((rule) => checkRule(client, rule))))];
}

async function checkLease({ client, settings, wallClock }: ClusterCheck): Promise<Finding> {
  const name = leaseOf(client, settings);
  const check = `Lease ${name.namespace}/${name.name}`;
  try {
    const { spec } = (await client.get(LEASES, name)) ?? {};
    const holder = spec?.holderIdentity ?? "";
    if (holder === "") {
      const todo = "start an agent; if one runs, its log says why it does not lead";
      return warn(check, "nobody holds it, so nobody publishes", todo);
    }
    const ageSeconds = (wallClock() - Date.parse(spec?.renewTime ?? "")) / 1_000;
    const said = `held by ${holder}, renewed ${ageSeconds.toFixed(0)} s ago`;
    const lasts = spec?.leaseDurationSeconds ?? LEASE_SECONDS;
    if (ageSeconds < SKEW_SECONDS)
      return warn(check, said, "the clock of its holder is ahead: set it by NTP");
    // Also what is no date.
    return ageSeconds <= 2 * lasts
      ? ok(check, said)
      : warn(
          check,
          said,
          "its holder is gone and nobody took it: see the agents' logs, and their nodes' clocks",
        );
  } catch (error) {
    return fail(check, whyOf(error), ROLE);
  }
}
