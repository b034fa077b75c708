import { errorMessage, FEATURES, PROTOCOL_VERSION, WireError } from "@warren/wire";
import type { ControlInput, Register } from "@warren/wire";
import type { Acceptor } from "./acceptor.ts";
import { announce, limitsOf } from "./announce.ts";
import type { Association, Identity } from "./association.ts";
import type { Carrier } from "./carrier.ts";
import { Tunnel } from "./tunnel.ts";

/** An association as its acceptor holds it; its transports come and go. */
export class Held<I extends Identity> implements Association<I> {
  readonly tunnelId: string;
  readonly register: Register;
  readonly identity: I;
  readonly tunnel: Tunnel;
  draining = false;
  retiring = false;
  readonly #acceptor: Acceptor<I>;
  #carrier: Carrier | undefined;
  #cancelWait: (() => void) | undefined;
  #over = false;

  constructor(acceptor: Acceptor<I>, tunnelId: string, register: Register, identity: I) {
    this.#acceptor = acceptor;
    this.tunnelId = tunnelId;
    this.register = register;
    this.identity = identity;
    const { world, limits, opens, pool, owner } = acceptor.options;
    const peerLimits = limitsOf(register);
    this.tunnel = new Tunnel({
      ...world,
      side: "acceptor",
      limits,
      peerLimits: { ...peerLimits, streams: Math.min(opens, peerLimits.streams) },
      pool: pool(identity),
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
    this.tunnel.refuseUndeparted();
  }

  end(error: WireError): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelWait?.();
    this.#acceptor.forget(this);
    const carrier = this.#carrier;
    this.#carrier = undefined;
    this.tunnel.detach();
    this.tunnel.refuseUndeparted();
    this.tunnel.fail(error);
    carrier?.send(errorMessage(error.code, error.message, error.retryAfterMs));
    carrier?.close(error.close, error.code);
    this.#acceptor.options.owner.onGone(this, error);
  }

  #success(resumed: boolean): ControlInput {
    const { gateway, gateways, limits, resumeMs, heartbeatMs } = this.#acceptor.options;
    const { clusterUuid, cluster, names = [] } = this.identity;
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
        ...(names.length > 0 && { names: [...names] }),
      },
    };
  }
}
