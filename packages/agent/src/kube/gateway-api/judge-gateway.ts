import { no } from "./conditions.ts";
import { gatewayProblem } from "./gateway-problem.ts";
import { judgeListeners, type JudgedListener, type ListenerLookUps } from "./listeners.ts";
import { namespaceOf, type Gateway } from "./objects.ts";
import type { ServedGateway } from "./translate-route.ts";

/** A Gateway of ours, judged: the object in the generation that was. */
export interface GatewayState extends ServedGateway {
  readonly gateway: Gateway;
  readonly key: string;
}

export interface GatewayLookUps extends ListenerLookUps {
  /** Its class takes Gateways. */
  readonly classAccepted: boolean;
  /** Names that gateways gave this cluster. */
  readonly names: readonly string[];
}

/** What becomes of a Gateway of ours: one that is refused as a whole serves none of its listeners. */
export function judgeGateway(key: string, gateway: Gateway, look: GatewayLookUps): GatewayState {
  const listeners = judgeListeners(gateway, look);
  const refused = !look.classAccepted || gatewayProblem(gateway, look.names)?.type === "Accepted";
  const served = refused ? listeners.map(unserved) : listeners;
  return { key, gateway, namespace: namespaceOf(gateway), listeners: served };
}

function unserved(judged: JudgedListener): JudgedListener {
  const conditions = judged.conditions.map((one) =>
    one.type === "Programmed" ? no("Programmed", "Invalid", "the Gateway is not accepted") : one,
  );
  return { ...judged, programmed: false, conditions };
}
