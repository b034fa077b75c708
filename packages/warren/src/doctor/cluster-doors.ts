import type { KubeSettings } from "@warren/agent";
import {
  defaultClassOf,
  ingressClassOf,
  isClassPublished,
  isOfOtherWarren,
  ownerOf,
  ROUTES,
  SYSTEM_NAMESPACES,
} from "@warren/agent/kube";
import {
  EVERYTHING,
  INGRESS_CLASSES,
  INGRESSES,
  type Ingress,
  type IngressClass,
  type KubeClient,
  type KubeObject,
} from "@warren/host/kube";
import { doorOf, type Door } from "./doors.ts";
import { best } from "./rules.ts";

const PUBLISH = "warren.dev/publish";

/** A host that an object of the cluster asks this agent to publish. */
export interface Asked {
  /** As it is written; may be a pattern. */
  host: string;
  /** One that a request can ask for; undefined: only by what a request cannot be made up for. */
  path: string | undefined;
  /** `Ingress namespace/name`. */
  by: string;
  /** Whose it would be: the object's, and that of its Gateways. */
  namespaces: readonly string[];
}

/** What Ingresses and HTTPRoutes of the cluster ask for, as far as this agent may publish them. */
export async function askedInCluster(client: KubeClient, settings: KubeSettings): Promise<Asked[]> {
  const [ingresses, routes] = await Promise.all([
    askedByIngresses(client, settings),
    askedByRoutes(client, settings).catch(() => []), // Gateway API is not there, or not to be read
  ]);
  return [...ingresses, ...routes];
}

/** The first door of each host. */
export function doorsOf(asked: readonly Asked[]): Door[] {
  const all = asked.flatMap(({ host, path }) => (path === undefined ? [] : [doorOf(host, path)]));
  const byHost = new Map(all.map((door) => [door.host, door] as const).toReversed());
  return [...byHost.values()].toReversed();
}

async function askedByIngresses(client: KubeClient, settings: KubeSettings): Promise<Asked[]> {
  const { items: classes } = await client.list(INGRESS_CLASSES, EVERYTHING);
  const ingresses = await inPlaces(settings, (namespace) =>
    client.list(INGRESSES, { ...EVERYTHING, namespace }),
  );
  return ingresses
    .filter((one) => isPublished(one) && isOfClasses(one, classes, settings))
    .flatMap(({ metadata: { namespace = "", name }, spec }) =>
      (spec?.rules ?? []).flatMap(({ host = "", http }) => {
        const literal = http?.paths.find(({ path = "/" }) => /^[\w./~%-]*$/.test(path));
        const by = { by: `Ingress ${namespace}/${name}`, namespaces: [namespace] };
        return host === "" ? [] : [{ host, path: literal?.path ?? "/", ...by }];
      }),
    );
}

async function askedByRoutes(client: KubeClient, settings: KubeSettings): Promise<Asked[]> {
  const resource = await best(client, ROUTES.HTTPRoute);
  if (resource === undefined) return [];
  const routes = await inPlaces(settings, (namespace) =>
    client.list(resource, { ...EVERYTHING, namespace }),
  );
  return routes.filter(isPublished).flatMap(({ metadata: { namespace = "", name }, spec }) => {
    const { hostnames = [], parentRefs = [], rules = [] } = spec;
    const paths = rules.flatMap(({ matches = [{}] }) =>
      matches.flatMap((match) => {
        const others = Object.keys(match).filter((key) => key !== "path");
        const { type, value = "/" } = "path" in match ? (match.path ?? {}) : {};
        return others.length > 0 || type === "RegularExpression" ? [] : [value];
      }),
    );
    const namespaces = [namespace, ...parentRefs.flatMap((one) => one.namespace ?? [])];
    const by = { by: `HTTPRoute ${namespace}/${name}`, namespaces };
    return hostnames.map((host) => ({ host, path: paths[0], ...by }));
  });
}

async function inPlaces<T>(
  { namespaces }: KubeSettings,
  list: (namespace: string | undefined) => Promise<{ items: T[] }>,
): Promise<T[]> {
  const lists = await Promise.all((namespaces ?? [undefined]).map((one) => list(one)));
  return lists.flatMap(({ items }) => items);
}

function isPublished({ metadata: { annotations = {}, namespace = "" } }: KubeObject): boolean {
  const said = annotations[PUBLISH];
  return said === "true" || (said !== "false" && !SYSTEM_NAMESPACES.includes(namespace));
}

/** Of a class that this agent publishes, and no other installation. */
function isOfClasses(
  ingress: Ingress,
  classes: readonly IngressClass[],
  settings: KubeSettings,
): boolean {
  const view = {
    ingressClass: (name: string) => classes.find(({ metadata }) => metadata.name === name),
    defaultIngressClass: () => defaultClassOf(classes),
  };
  const found = ingressClassOf(ingress, view);
  if (isOfOtherWarren(found, settings) || isClassPublished(found) === false) return false;
  return settings.select === "all" || ownerOf(ingress, view, settings).isOurs;
}
