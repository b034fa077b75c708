import {
  errorMessage,
  FEATURES,
  PROTOCOL_VERSION,
  WireError,
  type Control,
  type ControlInput,
  type GatewayAddress,
  type Limits,
  type Register,
} from "@warren/wire";
import { Carrier, type Heard } from "./carrier.ts";
import { announce, limitsOf } from "./announce.ts";
import type { TunnelWorld } from "./dialler.ts";
import type { Pool } from "./pool.ts";
import type { Stream, Transport } from "./ports.ts";
import { Tunnel } from "./tunnel.ts";

/** Who dialled, as the credential says it. Nothing in a message overrides it. */
export interface Identity {
  tokenId: string;
  clusterUuid: string;
  cluster: string;
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
  /** Sends a control message if attached; returns whether it could. */
  send(message: ControlInput): boolean;
  /** Ends it: streams fail with `error`, the agent hears it. */
  end(error: WireError): void;
}

export interface AcceptorOwner<I extends Identity> {
  onUp(association: Association<I>, resumed: boolean): void;
  /** Lost its transport; streams wait. */
  onDown(association: Association<I>, why: string): void;
  /** Over; its streams have failed. */
  onGone(association: Association<I>, error: WireError): void;
  onControl(association: Association<I>, message: Control): void;
  onStream(association: Association<I>, stream: Stream, opening: Uint8Array, ended: boolean): void;
  /**
   * A resume of a tunnel that is not here. If another gateway owns it, joins the transport to that
   * one and returns what hears the transport from now on; undefined when nobody knows the tunnel.
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
  pool: () => Pool;
  limits: Limits;
  detectMs: number;
  /** How long a lost transport is waited for. */
  resumeMs: number;
  heartbeatMs: number;
  owner: AcceptorOwner<I>;
}

const REGISTER_MS = 10_000;
/** Distance between the slots in which unknown tunnels register anew. */
const SLOT_MS = 5;

/**
 * The gateway's side: takes transports, registers and resumes. Invariants:
 *
 * A1. One association per (cluster, agent id): a newer registration replaces the older, which hears
 *     `replaced`.
 * A2. A tunnel is resumed only with its 128-bit id, by the token it was registered with.
 * A3. A newer transport replaces the older one of the same tunnel.
 */
export class Acceptor<I extends Identity> {
  readonly options: AcceptorOptions<I>;
  readonly #byId = new Map<string, Held<I>>();
  readonly #byAgent = new Map<string, Held<I>>();
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

  /** Registers a new tunnel. */
  begin(register: Register, identity: I): Held<I> {
    const key = agentKey(identity, register);
    this.#byAgent
      .get(key)
      ?.end(new WireError("replaced", "another process registered with this agent id")); // A1
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

  forget(held: Held<I>): void {
    this.#byId.delete(held.tunnelId);
    const key = agentKey(held.identity, held.register);
    if (this.#byAgent.get(key) === held) this.#byAgent.delete(key);
  }

  /** Ends everything, at shutdown. */
  close(error: WireError): void {
    for (const held of this.#byId.values()) held.end(error);
  }
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

  constructor(acceptor: Acceptor<I>, transport: Transport, identity: I) {
    this.#acceptor = acceptor;
    this.#identity = identity;
    const { world, detectMs } = acceptor.options;
    this.#carrier = new Carrier({
      transport,
      clock: world.clock,
      timestamp: world.timestamp,
      detectMs,
      onControl: (message) => this.#onControl(message),
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

  #onControl(message: Control): void {
    const held = this.#held;
    if (held !== undefined) return this.#acceptor.options.owner.onControl(held, message);
    if (message.type !== "register") return;
    const register = message.payload;
    if (!register.versions.protocol.includes(PROTOCOL_VERSION))
      return this.#refuse(
        new WireError(
          "version_not_supported",
          `this gateway speaks protocol version ${PROTOCOL_VERSION}`,
        ),
      );
    if (register.resume === undefined) return this.#begin(register);
    const known = this.#acceptor.resumable(register, this.#identity);
    if (known !== undefined) return this.#join(known, true, register.resume.received);
    void this.#elsewhere(register);
  }

  #begin(register: Register): void {
    if (this.#acceptor.draining)
      return this.#refuse(
        new WireError("draining", "this gateway is shutting down", {
          retryAfterMs: this.#acceptor.slotMs() + 250,
        }),
      );
    this.#join(this.#acceptor.begin(register, this.#identity), false, 0);
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
    const to = await owner.elsewhere(register, this.#identity, this.#carrier.transport);
    if (this.#carrier.gone) return to?.onClose(1006, "the agent left");
    this.#cancelTimer();
    if (to !== undefined) {
      this.#to = to;
      return;
    }
    const slotMs = this.#acceptor.slotMs();
    this.#cancelTimer = this.#timer(slotMs);
    const text = "no such tunnel for this token: register without resume";
    this.#carrier.send(errorMessage("unknown_tunnel", text, slotMs));
  }
}

class Held<I extends Identity> implements Association<I> {
  readonly tunnelId: string;
  readonly register: Register;
  readonly identity: I;
  readonly tunnel: Tunnel;
  draining = false;
  readonly #acceptor: Acceptor<I>;
  #carrier: Carrier | undefined;
  #cancelWait: (() => void) | undefined;
  #over = false;

  constructor(acceptor: Acceptor<I>, tunnelId: string, register: Register, identity: I) {
    this.#acceptor = acceptor;
    this.tunnelId = tunnelId;
    this.register = register;
    this.identity = identity;
    const { world, limits, pool, owner } = acceptor.options;
    this.tunnel = new Tunnel({
      ...world,
      side: "acceptor",
      limits,
      peerLimits: limitsOf(register),
      pool: pool(),
      owner: {
        onStream: (stream, opening, ended) => owner.onStream(this, stream, opening, ended),
        onProtocolError: (error) => this.end(error),
      },
    });
  }

  get attached(): boolean {
    return this.#carrier !== undefined;
  }

  send(message: ControlInput): boolean {
    if (this.#carrier === undefined) return false;
    this.#carrier.send(message);
    return true;
  }

  /** A transport, new or newer, carries this tunnel from now on. */
  join(carrier: Carrier, resumed: boolean, received: number): void {
    this.#carrier?.abandon(); // A3
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.tunnel.detach();
    this.#carrier = carrier;
    carrier.send(this.#success(resumed));
    if (!this.tunnel.attach(carrier.transport, received))
      return this.end(new WireError("protocol_error", "resumed at a frame that was never sent"));
    this.#acceptor.options.owner.onUp(this, resumed);
  }

  lost(carrier: Carrier, code: number, why: string): void {
    if (this.#carrier !== carrier || this.#over) return;
    this.#carrier = undefined;
    this.tunnel.detach();
    const { world, resumeMs, owner } = this.#acceptor.options;
    // A close with 1000 is a farewell: nobody will resume.
    if (code === 1000) return this.end(new WireError("tunnel_lost", "the agent left"));
    this.#cancelWait = world.clock.after(resumeMs, () =>
      this.end(new WireError("tunnel_lost", "the agent did not come back in time")),
    );
    owner.onDown(this, why);
  }

  end(error: WireError): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelWait?.();
    this.#acceptor.forget(this);
    const carrier = this.#carrier;
    this.#carrier = undefined;
    this.tunnel.fail(
      error.code === "replaced" ? new WireError("tunnel_lost", error.message) : error,
    );
    carrier?.send(errorMessage(error.code, error.message, error.retryAfterMs));
    carrier?.close(error.close, error.code);
    this.#acceptor.options.owner.onGone(this, error);
  }

  #success(resumed: boolean): ControlInput {
    const { gateway, gateways, limits, resumeMs, heartbeatMs } = this.#acceptor.options;
    const { clusterUuid, cluster } = this.identity;
    const features = FEATURES.filter((feature) => this.register.features.includes(feature));
    return {
      type: "register_success",
      payload: {
        cluster_id: clusterUuid,
        cluster_uuid: clusterUuid,
        name: cluster,
        tunnel_id: this.tunnelId,
        resumed,
        received: this.tunnel.received,
        protocol: PROTOCOL_VERSION,
        features,
        limits: announce(limits),
        gateway,
        gateways: [...gateways()],
        heartbeat_interval_ms: heartbeatMs,
        resume_ms: resumeMs,
      },
    };
  }
}
