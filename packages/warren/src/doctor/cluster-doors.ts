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

/** Doors that Ingresses and HTTPRoutes of the cluster ask for, as far as this agent may publish them. */
export async function doorsOfCluster(client: KubeClient, settings: KubeSettings): Promise<Door[]> {
  const [ingresses, routes] = await Promise.all([
    ingressDoors(client, settings),
    routeDoors(client, settings).catch(() => []), // Gateway API is not there, or not to be read
  ]);
  const all = [...ingresses, ...routes].map((door) => [door.host, door] as const);
  return [...new Map(all.toReversed()).values()].toReversed();
}

async function ingressDoors(client: KubeClient, settings: KubeSettings): Promise<Door[]> {
  const { items: classes } = await client.list(INGRESS_CLASSES, EVERYTHING);
  const ingresses = await inPlaces(settings, (namespace) =>
    client.list(INGRESSES, { ...EVERYTHING, namespace }),
  );
  return ingresses
    .filter((one) => isPublished(one) && isOfClasses(one, classes, settings))
    .flatMap(({ spec }) => spec?.rules ?? [])
    .flatMap(({ host = "", http }) => {
      const literal = http?.paths.find(({ path = "/" }) => /^[\w./~%-]*$/.test(path));
      return host === "" ? [] : [doorOf(host, literal?.path ?? "/")];
    });
}

async function routeDoors(client: KubeClient, settings: KubeSettings): Promise<Door[]> {
  const resource = await best(client, ROUTES.HTTPRoute);
  if (resource === undefined) return [];
  const routes = await inPlaces(settings, (namespace) =>
    client.list(resource, { ...EVERYTHING, namespace }),
  );
  return routes.filter(isPublished).flatMap(({ spec: { hostnames = [], rules = [] } }) => {
    const paths = rules.flatMap(({ matches = [{}] }) =>
      matches.flatMap((match) => {
        const others = Object.keys(match).filter((key) => key !== "path");
        const { type, value = "/" } = "path" in match ? (match.path ?? {}) : {};
        return others.length > 0 || type === "RegularExpression" ? [] : [value];
      }),
    );
    return paths[0] === undefined ? [] : hostnames.map((host) => doorOf(host, paths[0]!));
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
