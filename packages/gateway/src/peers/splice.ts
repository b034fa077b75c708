import { nodeWorld } from "@warren/host";
import type { Heard, Transport } from "@warren/tunnel";
import { encodeControl, SPLICE_PATH, WireError, type Register } from "@warren/wire";
import * as v from "valibot";
import type { Directory } from "../ports.ts";
import type { AgentIdentity } from "../tunnels/identity.ts";
import type { PeerDial } from "./peer-dial.ts";
import { nobodyListens } from "./peer-tunnels.ts";

/**
 * An agent resumed at a gateway that does not own its tunnel: that gateway joins the agent's
 * WebSocket to one of its own with the owner, message by message. The first message on it says who
 * the agent is; the gateway that says so has checked the token.
 */
const Rate = v.optional(v.object({ per_second: v.number(), burst: v.number() }));
const Introduction = v.object({
  type: v.literal("splice"),
  payload: v.object({
    tokenId: v.string(),
    clusterUuid: v.string(),
    cluster: v.string(),
    group: v.string(),
    hosts: v.array(v.string()),
    // Gateways of the release before say none.
    names: v.optional(v.array(v.string()), []),
    tcpAllowed: v.boolean(),
    directPorts: v.optional(v.array(v.number()), []),
    rate: Rate,
    clientRate: Rate,
    expiresAt: v.optional(v.number()),
    address: v.string(),
    since: v.number(),
  }),
});

/** More than honest ends have under way: what one end does not take ends both connections. */
const MOST_AHEAD_BYTES = 33_554_432;

/** Forwards what one WebSocket says to the other. */
export class Forward implements Heard {
  readonly #to: Transport;
  constructor(to: Transport) {
    this.#to = to;
  }
  onBinary(message: Uint8Array): void {
    this.#to.send(message);
    this.#look();
  }
  onText(message: string): void {
    this.#to.sendText(message);
    this.#look();
  }
  onClose(code: number, reason: string): void {
    // 1005 and 1006 say that there was no code: they cannot be sent (RFC 6455 §7.4.1).
    if (code === 1005 || code === 1006) this.#to.terminate();
    else this.#to.close(code, reason);
  }

  /** Whoever hears that end passes its end on to this one. */
  #look(): void {
    if (this.#to.bufferedBytes > MOST_AHEAD_BYTES) this.#to.terminate();
  }
}

/** The near side: finds the owner and joins the agent's transport to it. */
export class Splicer {
  readonly #gatewayId: string;
  readonly #directory: Directory;
  readonly #dial: PeerDial;

  constructor(gatewayId: string, directory: Directory, dial: PeerDial) {
    this.#gatewayId = gatewayId;
    this.#directory = directory;
    this.#dial = dial;
  }

  /**
   * What hears the agent's transport from now on; undefined when nobody owns the tunnel. Rejects when
   * the owner may be there and cannot be asked now.
   */
  async splice(
    register: Register,
    identity: AgentIdentity,
    agent: Transport,
  ): Promise<Heard | undefined> {
    const place = await this.#directory.tunnel(register.resume?.tunnel_id ?? "");
    if (place === undefined || place.gatewayId === this.#gatewayId) return undefined;
    try {
      const owner = await this.#dial.dial(place.peerUrl, SPLICE_PATH, new Forward(agent));
      owner.sendText(JSON.stringify({ type: "splice", payload: identity }));
      owner.sendText(encodeControl({ type: "register", payload: register }, nodeWorld.timestamp()));
      return new Forward(owner);
    } catch (reason) {
      if (reason instanceof WireError && nobodyListens(reason)) return undefined;
      throw reason;
    }
  }
}

/** The owner's side of a splice: waits for the introduction, then is the agent's transport. */
export class Spliced implements Heard {
  readonly #transport: Transport;
  readonly #adopt: (identity: AgentIdentity) => Heard;
  readonly #cancelTimer: () => void;
  #to: Heard | undefined;

  /** Within `withinMs` it must be said whose transport this is. */
  constructor(transport: Transport, withinMs: number, adopt: (identity: AgentIdentity) => Heard) {
    this.#transport = transport;
    this.#adopt = adopt;
    this.#cancelTimer = nodeWorld.clock.after(withinMs, () =>
      transport.close(4408, "no introduction came"),
    );
  }

  onBinary(message: Uint8Array): void {
    if (this.#to === undefined) this.#transport.close(1002, "binary before the introduction");
    else this.#to.onBinary(message);
  }
  onText(message: string): void {
    if (this.#to !== undefined) return this.#to.onText(message);
    const said = v.safeParse(v.pipe(v.string(), v.parseJson(), Introduction), message);
    if (!said.success) return this.#transport.close(1002, "expected an introduction");
    const { payload } = said.output;
    this.#cancelTimer();
    this.#to = this.#adopt({
      ...payload,
      rate: payload.rate,
      clientRate: payload.clientRate,
      expiresAt: payload.expiresAt,
    });
  }
  onClose(code: number, reason: string): void {
    this.#cancelTimer();
    this.#to?.onClose(code, reason);
  }
}
