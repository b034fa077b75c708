import {
  EVERYTHING,
  INGRESS_CLASSES,
  INGRESSES,
  isKubeError,
  keyOf,
  type IngressClass,
  type KubeClient,
  type KubeObject,
  type Resource,
} from "@warren/host/kube";
import type { KubeSettings } from "../../kube-options.ts";
import { defaultClassOf } from "../cluster-controllers.ts";
import type { GatewayClass } from "../gateway-api/objects.ts";
import * as gatewayApi from "../gateway-api/resources.ts";
import { isOurGateway, mendClass, mendEntries, mendGateway } from "./traces.ts";
import { isInDoubt, mendIngress, mendListenerSet, type Mend } from "./traces.ts";

export interface SweepOptions {
  readonly client: KubeClient;
  readonly settings: KubeSettings;
  readonly signal: AbortSignal;
}

/** What became of one kind's statuses. */
export interface Swept {
  /** `ingresses.networking.k8s.io`. */
  readonly kind: string;
  /** Objects that were looked at. */
  readonly seen: number;
  /** Whose status says nothing of ours any more, and did. */
  readonly mended: number;
  /** Whose status still does, or of which that is not known. */
  readonly left: readonly Left[];
  /** `namespace/name` of what an agent wrote, of these settings or of others: it stays. */
  readonly doubted: readonly string[];
}

export interface Left {
  /** `namespace/name`; of a kind that could not be listed where it could not: `all of namespace`. */
  readonly name: string;
  readonly why: unknown;
}

/** Writes at once: ten thousand take their time, and leave the API server to others. */
const WRITERS = 16;
/** Writers that are at it together take turns. */
const MOST_TRIES = 5;

/**
 * Takes out of every status in the cluster what agents with these settings wrote into it, and nothing else (docs/decisions/0461).
 * It finds again what it did not do: to be run any number of times. Rejects when the signal aborts.
 */
export async function sweepCluster(options: SweepOptions): Promise<Swept[]> {
  const swept: Swept[] = [];
  // One after the other: an API server need not answer for all of them at once.
  for (const kind of await kindsOf(options)) swept.push(await sweep(options, kind));
  return swept;
}

interface Kind<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly mend: (object: T) => Mend | undefined;
  readonly isInDoubt?: (object: T) => boolean;
  /** It cannot be said what is ours: all of the kind is left. */
  readonly problem?: unknown;
}

async function kindsOf(options: SweepOptions): Promise<Kind[]> {
  return [await ingressKind(options), ...(await gatewayApiKinds(options))];
}

async function ingressKind({ client, settings }: SweepOptions): Promise<Kind> {
  try {
    const { items } = await client.list(INGRESS_CLASSES, EVERYTHING);
    const byName = new Map(items.map((one) => [one.metadata.name, one]));
    const usual: IngressClass | undefined = defaultClassOf(items);
    const classes = {
      ingressClass: (name: string) => byName.get(name),
      defaultIngressClass: () => usual,
    };
    const kind = kindOf(INGRESSES, (one) => mendIngress(one, classes, settings));
    return { ...kind, isInDoubt: (one) => isInDoubt(one, classes, settings) };
  } catch (problem) {
    return { resource: INGRESSES, mend: () => undefined, problem };
  }
}

async function gatewayApiKinds({ client, settings }: SweepOptions): Promise<Kind[]> {
  const { gatewayController: controllerName, className } = settings;
  const kinds: Kind[] = [];
  const add = async <T extends KubeObject>(
    { versions }: gatewayApi.Versioned<T>,
    mend: (object: T) => Mend | undefined,
    problem?: unknown,
  ): Promise<void> => {
    try {
      const resource = await served(client, versions);
      if (resource !== undefined) kinds.push({ ...kindOf(resource, mend), problem });
    } catch (why) {
      kinds.push({ ...kindOf(versions[0], mend), problem: why });
    }
  };
  for (const route of Object.values(gatewayApi.ROUTES))
    await add(route, (one) => mendEntries(one, "parents", controllerName));
  await add(gatewayApi.BACKEND_TLS_POLICIES, (one) =>
    mendEntries(one, "ancestors", controllerName),
  );
  const { classes, problem } = await gatewayClasses(client);
  const gatewayClass = (name: string) => classes.find(({ metadata }) => metadata.name === name);
  // Known once they are looked at, which is before their ListenerSets are.
  const gateways = new Map<string, boolean>();
  await add(
    gatewayApi.GATEWAYS,
    (one) => {
      const found = gatewayClass(one.spec.gatewayClassName);
      const isOurs = isOurGateway(one, { gatewayClass: found, className, controllerName });
      gateways.set(keyOf(one), isOurs);
      return isOurs ? mendGateway(one) : undefined;
    },
    problem,
  );
  await add(
    gatewayApi.LISTENER_SETS,
    (one) => {
      const { namespace = one.metadata.namespace, name = "" } = one.spec.parentRef ?? {};
      return mendListenerSet(one, gateways.get(`${namespace}/${name}`));
    },
    problem,
  );
  await add(gatewayApi.GATEWAY_CLASSES, (one) => mendClass(one, controllerName), problem);
  return kinds;
}

async function gatewayClasses(
  client: KubeClient,
): Promise<{ classes: GatewayClass[]; problem?: unknown }> {
  try {
    const resource = await served(client, gatewayApi.GATEWAY_CLASSES.versions);
    if (resource === undefined) return { classes: [] };
    return { classes: (await client.list(resource, EVERYTHING)).items };
  } catch (problem) {
    return { classes: [], problem };
  }
}

async function served<T extends KubeObject>(
  client: KubeClient,
  versions: readonly Resource<T>[],
): Promise<Resource<T> | undefined> {
  for (const version of versions) if (await client.serves(version)) return version;
  return undefined;
}

/** A kind among others. */
function kindOf<T extends KubeObject>(
  resource: Resource<T>,
  mend: (object: T) => Mend | undefined,
): Kind {
  return { resource, mend: mend as Kind["mend"] };
}

async function sweep(options: SweepOptions, kind: Kind): Promise<Swept> {
  const { namespaces = [undefined] } = options.settings;
  const { group, plural, namespaced } = kind.resource;
  const swept = {
    kind: `${plural}.${group}`,
    seen: 0,
    mended: 0,
    left: [] as Left[],
    doubted: [] as string[],
  };
  if (kind.problem !== undefined)
    return { ...swept, left: [{ name: "all of them", why: kind.problem }] };
  for (const namespace of namespaced ? namespaces : [undefined]) {
    try {
      const { seen, found, doubted } = await list(options, kind, namespace);
      swept.seen += seen;
      swept.doubted.push(...doubted);
      swept.mended += await mendAll(options, { kind, found, left: swept.left });
    } catch (why) {
      options.signal.throwIfAborted();
      const name = namespace === undefined ? "all of them" : `all of ${namespace}`;
      swept.left.push({ name, why });
    }
  }
  return swept;
}

interface Found {
  readonly object: Pick<KubeObject, "metadata">;
  readonly status: Mend;
}

/** Of a page what is to be mended is kept, and nothing else: there may be ten thousand, of a quarter of a megabyte each. */
async function list(
  { client, signal }: SweepOptions,
  { resource, mend, isInDoubt: isDoubted = () => false }: Kind,
  namespace: string | undefined,
): Promise<{ seen: number; found: Found[]; doubted: Iterable<string> }> {
  // By name, as a list that expired is begun anew.
  const found = new Map<string, Found>();
  const doubted = new Set<string>();
  const look = (object: KubeObject): KubeObject => {
    const status = mend(object);
    const { name, uid, resourceVersion, namespace: its } = object.metadata;
    const metadata = { name, uid, resourceVersion, ...(its !== undefined && { namespace: its }) };
    if (isDoubted(object)) doubted.add(keyOf(object));
    if (status !== undefined) found.set(keyOf(object), { object: { metadata }, status });
    return { metadata };
  };
  const select = { ...EVERYTHING, namespace };
  const { items } = await client.within({ signal }).list(resource, select, look);
  return { seen: items.length, found: [...found.values()], doubted };
}

/** How many were mended. */
async function mendAll(
  options: SweepOptions,
  { kind, found, left }: { kind: Kind; found: readonly Found[]; left: Left[] },
): Promise<number> {
  const waiting = found.values();
  const forbidden = new Map<string | undefined, unknown>();
  let mended = 0;
  const work = async (): Promise<void> => {
    for (const one of waiting) {
      const { namespace } = one.object.metadata;
      try {
        // The same for each of them there, and until somebody changes a role.
        if (forbidden.has(namespace)) throw forbidden.get(namespace);
        if (await mendOne(options, kind, one)) mended += 1;
      } catch (why) {
        options.signal.throwIfAborted();
        if (isKubeError(why, "Forbidden")) forbidden.set(namespace, why);
        left.push({ name: keyOf(one.object), why });
      }
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
  return mended;
}

/** Of the very version that was seen: what somebody wrote meanwhile is looked at first. False: it is gone, or was mended. */
async function mendOne(
  { client, signal }: SweepOptions,
  { resource, mend }: Kind,
  { object, status }: Found,
): Promise<boolean> {
  const asking = client.within({ signal });
  for (let tries = 1; ; tries += 1) {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const body = { metadata: { uid, resourceVersion }, status };
    try {
      await asking.mergePatch(resource, { namespace, name }, { subresource: "status", body });
      return true;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return false;
      if (!isKubeError(error, "Conflict") || tries === MOST_TRIES) throw error;
    }
    const now = await asking.get(resource, { namespace, name });
    const again = now && mend(now);
    if (now === undefined || again === undefined) return false;
    [object, status] = [now, again];
  }
}
