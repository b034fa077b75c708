import { gatewayOf, listenerSetOf } from "./attach.ts";
import { namespaceOf } from "./objects.ts";
import type { BackendTlsPolicy, Gateway, ListenerSet, RouteKind, RouteObject } from "./objects.ts";
import { readWishes } from "./route-wishes.ts";

/** A route among the routes of all kinds; sorts as Gateway API breaks ties, by namespace and name. */
export function routeId(kind: RouteKind, key: string): string {
  return `${key} ${kind}`;
}

/** The parts that `routeId` made an id of. */
export function partsOf(id: string): { kind: RouteKind; key: string } {
  const space = id.indexOf(" ");
  return { key: id.slice(0, space), kind: id.slice(space + 1) as RouteKind };
}

/**
 * What a route's translation looks at, by name: `gateway a/b`, `set a/b` (a ListenerSet), `service a/b`,
 * `grants a` (in which namespace a ReferenceGrant would count), `labels a` (of its own namespace),
 * `names` (of the cluster).
 */
export function referencesOfRoute(route: RouteObject): string[] {
  const namespace = namespaceOf(route);
  const { rules = [], hostnames = [] } = route.spec;
  const backends = rules.flatMap(({ backendRefs = [] }) =>
    backendRefs.flatMap((one) => {
      const where = one.namespace ?? namespace;
      const service = `service ${where}/${one.name}`;
      return where === namespace ? [service] : [service, `grants ${where}`];
    }),
  );
  const names = hostnames.length === 0 ? ["names"] : [];
  return [...parentsOf(route), ...backends, ...names, `labels ${namespace}`];
}

/** `gateway a/b`, `set a/b`. */
function parentsOf(route: RouteObject): string[] {
  const namespace = namespaceOf(route);
  return (route.spec.parentRefs ?? []).flatMap((one) => {
    const gateway = gatewayOf(one, namespace);
    const set = listenerSetOf(one, namespace);
    if (gateway !== undefined) return [`gateway ${gateway}`];
    return set === undefined ? [] : [`set ${set}`];
  });
}

/** Keys of the Gateways that a route refers to, also by ListenerSets, whoever's they are. */
export function gatewaysOfRoute(
  route: RouteObject,
  listenerSet: (key: string) => ListenerSet | undefined,
): string[] {
  return parentsOf(route).flatMap((name) => {
    const key = name.slice(name.indexOf(" ") + 1);
    if (name.startsWith("gateway ")) return [key];
    const set = listenerSet(key);
    return (set && gatewayOfSet(set)) ?? [];
  });
}

/** Keys of the Services whose pods a route has dialled, whether they ask for it or not. */
export function keptAtPods(route: RouteObject): string[] {
  const { affinity = "none" } = readWishes(route).policy;
  const { rules = [] } = route.spec;
  if (affinity === "none") return [];
  return rules.flatMap(({ backendRefs = [] }) =>
    backendRefs.map(({ namespace = namespaceOf(route), name }) => `${namespace}/${name}`),
  );
}

/** As for routes: `class a`, `secret a/b`, `grants a`. */
export function referencesOfGateway(gateway: Gateway): string[] {
  const namespace = namespaceOf(gateway);
  const refs = gateway.spec.listeners.flatMap(({ tls }) => tls?.certificateRefs ?? []);
  return [
    `class ${gateway.spec.gatewayClassName}`,
    ...refs.flatMap((one) => {
      const where = one.namespace ?? namespace;
      return [`secret ${where}/${one.name}`, ...(where === namespace ? [] : [`grants ${where}`])];
    }),
  ];
}

/** The Gateway that a ListenerSet is for, whoever's that is. */
export function gatewayOfSet(set: ListenerSet): string | undefined {
  const { parentRef } = set.spec;
  return parentRef && gatewayOf(parentRef, namespaceOf(set));
}

/** Keys of the Services that a policy is about. */
export function servicesOfPolicy(policy: BackendTlsPolicy): string[] {
  const namespace = namespaceOf(policy);
  return policy.spec.targetRefs
    .filter(({ group, kind }) => group === "" && kind === "Service")
    .map(({ name }) => `${namespace}/${name}`);
}
