import type { Problem } from "../cluster-view.ts";
import type { Lost } from "./places.ts";
import { partsOf } from "./references.ts";

/** What an Ingress hears of places that routes of Gateway API have, being older. */
export function ingressProblems(lost: readonly Lost[]): Problem[] {
  return lost.map(({ place, holder }) => {
    const { kind, key } = partsOf(holder);
    return {
      reason: "Conflict",
      message: `${place} is published for ${kind} ${key}, which is older`,
    };
  });
}
