import {
  CONTROL_BYTES,
  errorMessage,
  PROTOCOL_VERSION,
  WireError,
  type Control,
  type GatewayAddress,
  type Limits,
  type Register,
} from "@warren/wire";
import type { Association, Identity } from "./association.ts";
import { Carrier, type Heard } from "./carrier.ts";
import type { TunnelWorld } from "./dialler.ts";
import { Held } from "./held.ts";
import type { Pool } from "./pool.ts";
import type { Stream, Transport } from "./ports.ts";

export interface AcceptorOwner<I extends Identity> {
  onUp(association: Association<I>, resumed: boolean): void;
  /** Lost its transport; streams wait. */
  onDown(association: Association<I>, why: string): void;
  /** Over; its streams have failed. */
  onGone(association: Association<I>, error: WireError): void;
  /** `text`: the message as it came. */
  onControl(association: Association<I>, message: Control, text: string): void;
  onStream(association: Association<I>, stream: Stream, opening: Uint8Array, ended: boolean): void;
  /**
   * A resume of a tunnel that is not here. If another gateway owns it, joins the transport to that
   * one and returns what hears the transport from now on, and keeps watch over it; undefined when
   * nobody knows the tunnel. Rejects when that cannot be said now: the agent then asks again.
   */
  elsewhere(register: Register, identity: I, transport: Transport): Promise<Heard | undefined>;
}

export interface AcceptorOptions<I extends Identity> {
  world: TunnelWorld;
  /** 128 random bits as text. */
  newTunnelId: () => string;
  gateway: GatewayAddress;
  /** Every gateway known now. */
  gateways: () => readonly GatewayAddress[];
  /** A pool for a new tunnel; it is over with `onGone`. */
  pool: (identity: I) => Pool;
  /** Announced: what the other side may do. */
  limits: Limits;
  /** Streams that this side opens in one tunnel at most, however many the other would take. */
  opens: number;
  detectMs: number;
  /** How long a lost transport is waited for. */
  resumeMs: number;
  heartbeatMs: number;
  owner: AcceptorOwner<I>;
}

const REGISTER_MS = 10_000;
/** Answers and news that wait for an agent that does not read: two of the largest. */
const MOST_WAITING_BYTES = 2 * CONTROL_BYTES;
/** Distance between the slots in which unknown tunnels register anew. */
const SLOT_MS = 5;
/** So many tunnels that lost a takeover are remembered, so that their processes hear of it. */
const REPLACED = 4_096;
/** Tunnels of one cluster, those that wait for their agent included: what a token can make us hold. */
export const MOST_TUNNELS = 1_024;
const FULL_MS = 10_000;
/** A resume that cannot be answered now is asked again after this long. */
const ASK_AGAIN_MS = 1_000;

/**
 * The gateway's side: takes transports, registers and resumes. Invariants:
 *
 * A1. One association per (cluster, agent id): a newer registration replaces the older, which hears
 *     `replaced`, at once or, when it was cut off, at its next resume. Exempt are a tunnel that was
 *     asked to leave, and a second tunnel of the same run of the agent: nobody takes over itself.
 * A2. A tunnel is resumed only with its 128-bit id, by the token it was registered with.
 * A3. A newer transport replaces the older one of the same tunnel.
 */
export class Acceptor<I extends Identity> {
  readonly options: AcceptorOptions<I>;
  readonly #byId = new Map<string, Held<I>>();
  readonly #byAgent = new Map<string, Held<I>>();
  /** Tunnels by cluster. */
  readonly #counts = new Map<string, number>();
  /** Tunnel id to token id of tunnels that lost a takeover, oldest first. */
  readonly #replaced = new Map<string, string>();
  #nextSlotAtMs = 0;
  #draining = false;

  constructor(options: AcceptorOptions<I>) {
    this.options = options;
  }

  associations(): Iterable<Association<I>> {
    return this.#byId.values();
  }
  find(tunnelId: string): Association<I> | undefined {
    return this.#byId.get(tunnelId);
  }

  /** A WebSocket whose credential was checked. The result hears it. */
  accept(transport: Transport, identity: I): Heard {
    return new Newcomer(this, transport, identity);
  }

  /** No new tunnels; agents are told to go elsewhere, each in its slot. Resumes still work. */
  drain(deadlineMs: number): void {
    this.#draining = true;
    for (const held of this.#byId.values())
      held.send({
        type: "drain",
        payload: { deadline_ms: deadlineMs, reconnect_after_ms: this.slotMs() },
      });
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Milliseconds until the next free reconnect slot. */
  slotMs(): number {
    const now = this.options.world.clock.now();
    const at = Math.max(now, this.#nextSlotAtMs);
    this.#nextSlotAtMs = at + SLOT_MS;
    return Math.round(at - now);
  }

  /** Registers a new tunnel; undefined when the cluster has all that it may have. */
  begin(register: Register, identity: I): Held<I> | undefined {
    const key = agentKey(identity, register);
    const loser = this.#byAgent.get(key);
    if (loser !== undefined && !loser.retiring && !isSameRun(loser.register, register)) {
      this.#rememberReplaced(loser);
      loser.end(new WireError("replaced", TAKEN_OVER)); // A1
    }
    const count = this.#counts.get(identity.clusterUuid) ?? 0;
    if (count >= MOST_TUNNELS) return undefined;
    this.#counts.set(identity.clusterUuid, count + 1);
    const held = new Held<I>(this, this.options.newTunnelId(), register, identity);
    this.#byId.set(held.tunnelId, held);
    this.#byAgent.set(key, held);
    return held;
  }

  /** The tunnel to resume, if it is here and the token is the one it began with. */
  resumable(register: Register, identity: I): Held<I> | undefined {
    const held = this.#byId.get(register.resume?.tunnel_id ?? "");
    if (held === undefined || held.identity.tokenId !== identity.tokenId) return undefined; // A2
    return held.register.agent_id === register.agent_id ? held : undefined;
  }

  /** True when the tunnel to resume lost its agent id to another process. */
  wasReplaced(register: Register, identity: I): boolean {
    return this.#replaced.get(register.resume?.tunnel_id ?? "") === identity.tokenId;
  }

  #rememberReplaced(held: Held<I>): void {
    this.#replaced.set(held.tunnelId, held.identity.tokenId);
    if (this.#replaced.size <= REPLACED) return;
    for (const oldest of this.#replaced.keys()) {
      this.#replaced.delete(oldest);
      break;
    }
  }

  forget(held: Held<I>): void {
    if (!this.#byId.delete(held.tunnelId)) return;
    this.#forgetOne(held.identity.clusterUuid);
    const key = agentKey(held.identity, held.register);
    if (this.#byAgent.get(key) === held) this.#byAgent.delete(key);
  }

  #forgetOne(clusterUuid: string): void {
    const left = this.#counts.get(clusterUuid)! - 1;
    if (left > 0) this.#counts.set(clusterUuid, left);
    else this.#counts.delete(clusterUuid);
  }

  /** Ends everything, at shutdown. */
  close(error: WireError): void {
    for (const held of this.#byId.values()) held.end(error);
  }
}

const TAKEN_OVER = "another process registered with this agent id";

function isSameRun(one: Register, other: Register): boolean {
  return one.instance !== undefined && one.instance === other.instance;
}

function agentKey(identity: Identity, register: Register): string {
  return `${identity.clusterUuid} ${register.agent_id}`;
}

/** A transport that has not registered yet. */
class Newcomer<I extends Identity> implements Heard {
  readonly #acceptor: Acceptor<I>;
  readonly #identity: I;
  readonly #carrier: Carrier;
  #cancelTimer: () => void;
  /** Once known, who hears the transport. */
  #to: Heard | undefined;
  #held: Held<I> | undefined;
  /** A register message came: there is one per transport until it is refused. */
  #registering = false;
  /** It was told that its tunnel is unknown, and when it may register anew. */
  #told = false;

  constructor(acceptor: Acceptor<I>, transport: Transport, identity: I) {
    this.#acceptor = acceptor;
    this.#identity = identity;
    const { world, detectMs } = acceptor.options;
    this.#carrier = new Carrier({
      transport,
      clock: world.clock,
      timestamp: world.timestamp,
      detectMs,
      mostWaitingBytes: MOST_WAITING_BYTES,
      onControl: (message, text) => this.#onControl(message, text),
      onBinary: (message) => this.#onBinary(message),
      onRtt: (ms) => this.#held?.tunnel.sampleRtt(ms),
      onGone: (code, why) => this.#onGone(code, why),
    });
    this.#cancelTimer = this.#timer();
  }

  onBinary(message: Uint8Array): void {
    (this.#to ?? this.#carrier).onBinary(message);
  }
  onText(message: string): void {
    (this.#to ?? this.#carrier).onText(message);
  }
  onClose(code: number, reason: string): void {
    (this.#to ?? this.#carrier).onClose(code, reason);
  }

  #timer(moreMs = 0): () => void {
    return this.#acceptor.options.world.clock.after(REGISTER_MS + moreMs, () =>
      this.#carrier.close(4408, "no registration came"),
    );
  }

  #onBinary(message: Uint8Array): void {
    if (this.#held === undefined) this.#carrier.close(1002, "binary before registration");
    else this.#held.tunnel.receive(message);
  }

  #onGone(code: number, why: string): void {
    this.#cancelTimer();
    this.#held?.lost(this.#carrier, code, why);
  }

  #onControl(message: Control, text: string): void {
    const held = this.#held;
    if (held !== undefined) return this.#acceptor.options.owner.onControl(held, message, text);
    if (message.type !== "register") return;
    if (this.#registering) return this.#carrier.close(1002, "registered twice");
    this.#register(message.payload);
  }

  #register(register: Register): void {
    if (!register.versions.protocol.includes(PROTOCOL_VERSION))
      return this.#refuse(
        new WireError(
          "version_not_supported",
          `this gateway speaks protocol version ${PROTOCOL_VERSION}`,
        ),
      );
    if (register.resume === undefined) return this.#begin(register);
    // Each time it would get another slot, and time to come in it, for ever.
    if (this.#told) return this.#carrier.close(1002, "asked again for a tunnel that is unknown");
    const known = this.#acceptor.resumable(register, this.#identity);
    if (known !== undefined) return this.#join(known, true, register.resume.received);
    if (this.#acceptor.wasReplaced(register, this.#identity))
      return this.#refuse(new WireError("replaced", TAKEN_OVER));
    this.#registering = true;
    void this.#elsewhere(register);
  }

  #begin(register: Register): void {
    if (this.#acceptor.draining)
      return this.#refuse(
        new WireError("draining", "this gateway is shutting down", {
          retryAfterMs: this.#acceptor.slotMs() + 250,
        }),
      );
    const held = this.#acceptor.begin(register, this.#identity);
    if (held !== undefined) return this.#join(held, false, 0);
    const text = `the cluster has ${MOST_TUNNELS} tunnels here, which is all it may have`;
    this.#refuse(new WireError("overloaded", text, { retryAfterMs: FULL_MS }));
  }

  #refuse(error: WireError): void {
    this.#carrier.send(errorMessage(error.code, error.message, error.retryAfterMs));
    this.#carrier.close(error.close, error.code);
  }

  #join(held: Held<I>, resumed: boolean, received: number): void {
    this.#cancelTimer();
    this.#held = held;
    held.join(this.#carrier, resumed, received);
  }

  async #elsewhere(register: Register): Promise<void> {
    const { owner } = this.#acceptor.options;
    let to: Heard | undefined;
    try {
      to = await owner.elsewhere(register, this.#identity, this.#carrier.transport);
    } catch (cause) {
      const options = { cause, retryAfterMs: ASK_AGAIN_MS };
      return this.#refuse(new WireError("overloaded", "who has this tunnel is not known", options));
    }
    if (this.#carrier.gone) return to?.onClose(1006, "the agent left");
    this.#cancelTimer();
    this.#registering = false;
    if (to !== undefined) {
      this.#to = to;
      return this.#carrier.release();
    }
    this.#told = true;
    const slotMs = this.#acceptor.slotMs();
    this.#cancelTimer = this.#timer(slotMs);
    const text = "no such tunnel for this token: register without resume";
    this.#carrier.send(errorMessage("unknown_tunnel", text, slotMs));
  }
}
