/** Facts of single objects: what a line in a manifest is for, said once more. */
import { expect } from "vitest";
import { only } from "./folders.ts";
import type { Manifest } from "./validate.ts";

export interface Fact {
  fact: string;
  /** A file, or a folder that kustomize builds. */
  file: string;
  /** Kind and name. */
  object: string;
  /** What is among what it says. */
  want: object;
}

export const HOUR = "3600";
export const THREE_HOURS = 10_800;
export const TRAEFIK = "traefik.ingress.kubernetes.io";
export const NGINX = "nginx.ingress.kubernetes.io";
export const ONE_AT_A_TIME = { spec: { maxUnavailable: 1 } };
export const PRODUCTION = { "cert-manager.io/cluster-issuer": "letsencrypt-prod" };
/** By Traefik, by TLS alone. */
export const SECURE = annotated(TRAEFIK, {
  "router.entrypoints": "websecure",
  "router.tls": "true",
});

export function annotated(prefix: string, said: Record<string, string>) {
  const named = Object.entries(said).map(([name, value]) => [`${prefix}/${name}`, value] as const);
  return { metadata: { annotations: Object.fromEntries(named) } };
}

export function sticky(more: Record<string, string>) {
  const cookie = "service.sticky.cookie";
  const safe = { [`${cookie}.secure`]: "true", [`${cookie}.httponly`]: "true" };
  return { [cookie]: "true", ...safe, ...more };
}

export function toPod(timeoutSeconds: number) {
  const sessionAffinityConfig = { clientIP: { timeoutSeconds } };
  return { spec: { sessionAffinity: "ClientIP", sessionAffinityConfig } };
}

export function pods(spec: object) {
  return { spec: { template: { spec } } };
}

export function container(want: object) {
  return pods({ containers: [want] });
}

/** Over nodes, and what else is named, as far as there is room. */
export function spread(...keys: string[]) {
  const each = ["kubernetes.io/hostname", ...keys].map((topologyKey) => ({
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
  }));
  return pods({ topologySpreadConstraints: each });
}

export function holds(objects: readonly Manifest[], { object, want }: Fact): void {
  const [kind, name] = object.split(" ") as [string, string];
  expect(only([...objects], kind, name)).toMatchObject(want);
}
