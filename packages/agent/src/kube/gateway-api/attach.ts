import { servedHosts } from "./hostnames.ts";
import { selects } from "./label-selector.ts";
import type { JudgedListener } from "./listeners.ts";
import { GROUP, X_GROUP } from "./objects.ts";
import type { Listener, ParentReference, RouteKind } from "./objects.ts";

/** A route, as far as listeners ask. */
export interface Attaching {
  readonly kind: RouteKind;
  readonly namespace: string;
  readonly hostnames: readonly string[] | undefined;
}

/** A listener that takes the route, with the hosts at which it does; `[]`: every host. */
export interface Attachment {
  readonly listener: JudgedListener;
  readonly hosts: readonly string[];
}

export interface NotAttached {
  readonly reason: "NoMatchingParent" | "NotAllowedByListeners" | "NoMatchingListenerHostname";
  readonly message: string;
}

export interface Parent {
  readonly namespace: string;
  readonly listeners: readonly JudgedListener[];
  /** Labels of a namespace. */
  readonly labels: (namespace: string) => Readonly<Record<string, string>>;
}

/** `namespace/name` of the Gateway that a reference means; undefined when it means something else. */
export function gatewayOf(
  { group = GROUP, kind = "Gateway", namespace, name }: ParentReference,
  routeNamespace: string,
): string | undefined {
  const isGateway = group === GROUP && kind === "Gateway";
  return isGateway ? `${namespace ?? routeNamespace}/${name}` : undefined;
}

/** As `gatewayOf`, of a ListenerSet. */
export function listenerSetOf(
  { group = GROUP, kind = "Gateway", namespace, name }: ParentReference,
  routeNamespace: string,
): string | undefined {
  const isSet =
    (group === GROUP && kind === "ListenerSet") || (group === X_GROUP && kind === "XListenerSet");
  return isSet ? `${namespace ?? routeNamespace}/${name}` : undefined;
}

/** The listeners of a Gateway of ours that take the route, or why none does. */
export function attach(
  route: Attaching,
  reference: ParentReference,
  parent: Parent,
): Attachment[] | NotAttached {
  const { sectionName, port } = reference;
  const named = parent.listeners.filter(
    ({ listener }) =>
      (sectionName === undefined || sectionName === "" || listener.name === sectionName) &&
      (port === undefined || listener.port === port),
  );
  if (named.length === 0) return notAttached("NoMatchingParent", whichListener(reference));
  const allowed = named.filter(
    ({ listener, supported }) =>
      supported.includes(route.kind) && allowsNamespace(listener, route.namespace, parent),
  );
  if (allowed.length === 0)
    return notAttached(
      "NotAllowedByListeners",
      `no listener takes a ${route.kind} of namespace ${route.namespace}`,
    );
  const hostless = route.kind === "TCPRoute";
  const attachments = allowed.flatMap((listener): Attachment[] => {
    const hosts = hostless ? [] : servedHosts(listener.listener.hostname, route.hostnames);
    return hosts === undefined ? [] : [{ listener, hosts }];
  });
  return attachments.length > 0
    ? attachments
    : notAttached("NoMatchingListenerHostname", "no listener has a host in common with the route");
}

function notAttached(reason: NotAttached["reason"], message: string): NotAttached {
  return { reason, message };
}

function whichListener({ name, sectionName, port }: ParentReference): string {
  const wanted = [
    ...(sectionName === undefined ? [] : [`named ${sectionName}`]),
    ...(port === undefined ? [] : [`on port ${port}`]),
  ].join(" ");
  return `Gateway ${name} has no listener ${wanted}`.trimEnd();
}

function allowsNamespace({ allowedRoutes }: Listener, namespace: string, parent: Parent): boolean {
  const { from = "Same", selector } = allowedRoutes?.namespaces ?? {};
  if (from === "All") return true;
  if (from === "Same") return namespace === parent.namespace;
  return from === "Selector" && selects(selector, parent.labels(namespace));
}
