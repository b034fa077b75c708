import type { KubeSettings } from "../../kube-options.ts";

/** Annotation of a Lease: what the agents that lead by it serve. */
const SERVES = "warren.dev/serves";

export type Scope = Pick<KubeSettings, "className" | "gatewayController" | "namespaces">;

/** What agents with these settings note in their Lease, for who takes away another's traces (docs/decisions/0461). */
export function scopeNote({ className, gatewayController, namespaces }: Scope): {
  [SERVES]: string;
} {
  return { [SERVES]: JSON.stringify({ className, gatewayController, namespaces }) };
}

/** Whether the agents of a Lease write into the same statuses. Undefined: it does not say, as of releases before. */
export function isShared(
  annotations: Readonly<Record<string, string>>,
  mine: Scope,
): boolean | undefined {
  const theirs = scopeOf(annotations[SERVES]);
  if (theirs === undefined) return undefined;
  const isSame =
    theirs.className === mine.className || theirs.gatewayController === mine.gatewayController;
  return isSame && overlap(theirs.namespaces, mine.namespaces);
}

function overlap(some?: readonly string[], others?: readonly string[]): boolean {
  return some === undefined || others === undefined || some.some((one) => others.includes(one));
}

function scopeOf(text = ""): Scope | undefined {
  try {
    return JSON.parse(text) as Scope;
  } catch {
    return undefined;
  }
}
