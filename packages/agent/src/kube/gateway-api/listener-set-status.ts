import { mergeConditions, no, type When } from "./conditions.ts";
import type { ListenerSet } from "./objects.ts";

type Status = NonNullable<ListenerSet["status"]>;

/**
 * What the status of a ListenerSet of a Gateway of ours becomes. Nobody else answers for it: what an
 * earlier controller of the Gateway said of its listeners goes.
 */
export function listenerSetStatus(
  gateway: string,
  { before, when }: { before: Status; when: When },
): Status {
  const message = `Warren's Gateways take no ListenerSets: write its listeners into Gateway ${gateway}`;
  const said = ["Accepted", "Programmed"].map((type) => no(type, "NotAllowed", message));
  return { conditions: mergeConditions(before.conditions ?? [], said, { owned: [], when }) };
}
