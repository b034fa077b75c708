import { EVERYBODY, type Route } from "@warren/wire";
import type { Publication } from "../../published.ts";

/** Before the Ingress's name in routes that keep everybody out of its places. No Ingress is called so. */
const SHUT = "Shut:";
/** Nobody comes in. */
export const SHUT_POLICY = { deny: [...EVERYBODY] };

/** Where nobody is to come in. */
export interface ShutPlace {
  /** Of the route that keeps everybody out. */
  readonly key: string;
  /** Host and path. */
  readonly place: string;
  /** Keys of routes by which the controller is reached there. */
  readonly open: readonly string[];
}

/**
 * A publication that keeps everybody out, of a name of its own: it is no publication of the Ingress, and
 * brings no certificate of its. Without an age it is older than all others, so that it is not what a
 * cluster has no room for.
 */
export function shutPublication({ route, targets }: Publication): Publication {
  const { age: _, ...rest } = route;
  return { route: { ...rest, ingress_name: `${SHUT}${route.ingress_name}` }, targets };
}

/** The Ingress of a route, by the route's key; also of one that is shut. */
export function ingressOfRoute(key: string): string {
  return key.slice(0, key.indexOf(" ")).replace(`/${SHUT}`, "/");
}

export function isShut({ ingress_name: name }: Route): boolean {
  return name.startsWith(SHUT);
}
