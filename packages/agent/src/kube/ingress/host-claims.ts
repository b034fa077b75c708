import { readAnnotations } from "../annotations/read.ts";
import type { Problem } from "../cluster-view.ts";
import {
  CONFIGURATION,
  WILDCARDS,
  type Holder,
  type HostClaim,
  type HostOwners,
} from "../host-owners.ts";
import type { Ingress } from "../objects.ts";
import { hostsOf, isHostless } from "./places.ts";

const INGRESS = " Ingress";

/** What an Ingress is called among those that claim hosts. */
export function claimantOf(key: string): string {
  return `${key}${INGRESS}`;
}

/** The key of the Ingress that is called so; undefined for other claimants. */
export function ingressOf(claimant: string): string | undefined {
  return claimant.endsWith(INGRESS) ? claimant.slice(0, -INGRESS.length) : undefined;
}

/**
 * The hosts that an Ingress names, whether it is published or not: one that is left out keeps its host
 * from others too. `names`: hosts of rules that have none, unless it says them, readable or not.
 */
export function hostClaims(ingress: Ingress, names: readonly string[]): Map<string, HostClaim> {
  const { annotations = {}, namespace = "default" } = ingress.metadata;
  const asks = Object.hasOwn(annotations, "warren.dev/share-host") || isHostless(ingress);
  const others = Object.hasOwn(annotations, "warren.dev/hosts") ? [] : names;
  const { shareHost = [], hosts = others } = asks
    ? readAnnotations(annotations, "service").wishes
    : {};
  const claim = { namespaces: new Set([namespace]), shared: new Set(shareHost) };
  return new Map(hostsOf(ingress, hosts).map((host) => [host, claim]));
}

/** Epoch milliseconds; 0 for what the API server has not dated. */
export function ageOf({ metadata: { creationTimestamp = "" } }: Ingress): number {
  return Date.parse(creationTimestamp) || 0;
}

/** What an Ingress or a route hears of a wildcard that its namespace may not have. */
export function wildcardRefused(host: string): Problem {
  const message = `${host} is a wildcard, which only namespaces have that the agent's ${WILDCARDS} names`;
  return { reason: "WildcardNotAllowed", message };
}

/** Why nothing of an Ingress is published at a host: it may not have it, or somebody else has it. */
export function hostProblem(hosts: HostOwners, key: string, host: string): Problem | undefined {
  if (hosts.refuses(claimantOf(key), host)) return wildcardRefused(host);
  const holder = hosts.otherThan(new Set([key.slice(0, key.indexOf("/"))]), host);
  return holder && heldBy(host, holder);
}

function heldBy(host: string, { object }: Holder): Problem {
  const [key, kind] = object.split(" ");
  const message =
    object === CONFIGURATION
      ? `${host} is published by ${object}, which lets others in by --kube-share-host alone`
      : `${host} is of another namespace: ${kind} ${key} is older, and lets others in by warren.dev/share-host alone`;
  return { reason: "HostOfOther", message };
}
