import * as v from "valibot";
import type { KubeSettings } from "../../kube-options.ts";

/** Annotation of a Lease: what the agents that lead by it serve. */
const SERVES = "warren.dev/serves";

export type Scope = Pick<KubeSettings, "className" | "gatewayController" | "namespaces">;

/** Another release may have more to say, and a person anything. */
const Noted = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    className: v.string(),
    gatewayController: v.string(),
    namespaces: v.optional(v.array(v.string())),
  }),
);

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
  const noted = v.safeParse(Noted, annotations[SERVES]);
  if (!noted.success) return undefined;
  const theirs = noted.output;
  const isSame =
    theirs.className === mine.className || theirs.gatewayController === mine.gatewayController;
  return isSame && overlap(theirs.namespaces, mine.namespaces);
}

function overlap(some?: readonly string[], others?: readonly string[]): boolean {
  return some === undefined || others === undefined || some.some((one) => others.includes(one));
}
