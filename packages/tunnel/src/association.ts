import type { ControlInput, Register, WireError } from "@warren/wire";
import type { Tunnel } from "./tunnel.ts";

/** Who dialled, as the credential says it. Nothing in a message overrides it. */
export interface Identity {
  tokenId: string;
  clusterUuid: string;
  cluster: string;
  /** Public names of the cluster at this gateway, said in `register_success`. */
  names?: readonly string[];
}

/** One agent process's tunnel with this gateway. It outlives its transports. */
export interface Association<I extends Identity = Identity> {
  readonly tunnelId: string;
  readonly identity: I;
  readonly register: Register;
  readonly tunnel: Tunnel;
  /** True while a transport carries it. */
  readonly attached: boolean;
  /** The agent asked for no new streams. */
  draining: boolean;
  /** This side asked the agent to leave: a newer tunnel of the same agent lets this one finish. */
  retiring: boolean;
  /** Sends a control message if attached; returns whether it could. */
  send(message: ControlInput): boolean;
  /** Ends it: what never left is refused, other streams fail, the agent hears `error`. */
  end(error: WireError): void;
}
