import { Dialler, type DiallerOptions, type Tunnel, type TunnelWorld } from "@warren/tunnel";
import {
  WireError,
  type Control,
  type GatewayAddress,
  type Limits,
  type RegisterSuccess,
} from "@warren/wire";
import type { AgentConfig } from "../config.ts";
import type { Published } from "../published.ts";
import type { AgentStreams } from "../streams.ts";
import { Announcer } from "./announcer.ts";
import type { ControlEvents } from "./control-events.ts";
import type { GatewayDial } from "./dial-gateway.ts";

/** A gateway that does not confirm a farewell in this time is not waited for. */
const FAREWELL_MS = 2_000;

/** What every tunnel of an agent shares. */
export interface GatewayTunnelDeps {
  config: AgentConfig;
  version: string;
  world: TunnelWorld;
  limits: Limits;
  pool: DiallerOptions["pool"];
  dial: GatewayDial;
  published: Published;
  streams: AgentStreams;
  events: ControlEvents;
}

/** What the set of tunnels hears from one of them. */
export interface GatewayTunnelOwner {
  onUp(one: GatewayTunnel, info: RegisterSuccess): void;
  /** The gateway goes away: whoever replaces it may be dialled after `waitMs`. */
  onDrain(one: GatewayTunnel, waitMs: number): void;
  onGateways(gateways: readonly GatewayAddress[]): void;
  onReplaced(one: GatewayTunnel, error: WireError): void;
  onRetired(one: GatewayTunnel): void;
}

/** This agent's association with one gateway: registration, heartbeats, routes, farewell. */
export class GatewayTunnel {
  readonly urls: readonly string[];
  readonly #deps: GatewayTunnelDeps;
  readonly #owner: GatewayTunnelOwner;
  readonly #dialler: Dialler;
  readonly #announcer: Announcer;
  #cancelHeartbeat: (() => void) | undefined;
  #farewell: (() => void) | undefined;
  #gatewayId: string | undefined;

  constructor(urls: readonly string[], deps: GatewayTunnelDeps, owner: GatewayTunnelOwner) {
    this.urls = urls;
    this.#deps = deps;
    this.#owner = owner;
    this.#announcer = new Announcer({
      published: deps.published,
      clock: deps.world.clock,
      random: deps.world.random,
      send: (message) => this.#dialler.send(message),
      events: deps.events,
    });
    this.#dialler = new Dialler(this.#diallerOptions());
  }

  /** The gateway at the other end, once known. */
  get gatewayId(): string | undefined {
    return this.#gatewayId;
  }
  get serving(): boolean {
    return this.#dialler.phase === "serving";
  }
  get retiring(): boolean {
    return this.#dialler.retiring;
  }
  get tunnel(): Tunnel | undefined {
    return this.#dialler.tunnel;
  }

  start(delayMs: number): void {
    this.#dialler.start(delayMs);
  }

  /** Only finishes what it carries. */
  retire(): void {
    this.#dialler.retire();
  }

  /** Asks the gateway for no more streams; resolves when it has understood, or is not there. */
  sayFarewell(deadlineMs: number): Promise<void> {
    const message = {
      type: "drain",
      request_id: "farewell",
      payload: { deadline_ms: deadlineMs },
    } as const;
    if (!this.#dialler.send(message)) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#deps.world.clock.after(FAREWELL_MS, resolve);
      this.#farewell = () => {
        cancel();
        resolve();
      };
    });
  }

  close(error: WireError): void {
    this.#cancelHeartbeat?.();
    this.#announcer.close();
    this.#dialler.close(error);
  }

  #diallerOptions(): DiallerOptions {
    const { config, dial, events, limits, pool, streams, version, world } = this.#deps;
    return {
      world,
      urls: this.urls,
      dial: (url, heard) => dial.dial(url, heard),
      registration: () => ({
        agentId: config.id,
        name: config.name,
        version,
        labels: config.labels,
        place: config.place,
      }),
      pool,
      limits,
      detectMs: config.tunnels.detectMs,
      owner: {
        onUp: (_tunnel, info, resumed) => this.#up(info, resumed),
        onDown: (_tunnel, reason) => {
          this.#down();
          events.down(this.name, reason);
        },
        onGone: (_tunnel, error) => {
          this.#down();
          events.gone(this.name, error);
        },
        onRetry: (error, retryInMs) => events.retry(this.name, error, retryInMs),
        onReplaced: (error) => this.#owner.onReplaced(this, error),
        onRetired: () => this.#owner.onRetired(this),
        onControl: (message) => this.#hear(message),
        onStream: (stream, opening, ended) => streams.accept(stream, opening, ended),
      },
    };
  }

  /** For logs: the gateway's id once known, else what is dialled. */
  get name(): string {
    return this.#gatewayId ?? this.urls[0] ?? "";
  }

  #up(info: RegisterSuccess, resumed: boolean): void {
    this.#gatewayId = info.gateway.id;
    this.#deps.events.up(this.name, info, resumed);
    this.#announcer.up(resumed);
    this.#beat(info.heartbeat_interval_ms);
    this.#owner.onUp(this, info);
  }

  #down(): void {
    this.#cancelHeartbeat?.();
    this.#announcer.down();
    this.#farewell?.();
  }

  /** At once after a connect, then at the gateway's interval. */
  #beat(everyMs: number): void {
    const { config, published, version, world } = this.#deps;
    this.#cancelHeartbeat?.();
    this.#dialler.send({
      type: "heartbeat",
      payload: {
        agent_id: config.id,
        status: "healthy",
        tunnel_status: "connected",
        metadata: {
          agent_version: version,
          is_private: config.isPrivate,
          gateway_routes: published.size,
        },
      },
    });
    const wait = Math.max(1_000, everyMs);
    this.#cancelHeartbeat = world.clock.after(wait, () => this.#beat(everyMs));
  }

  #hear(message: Control): void {
    switch (message.type) {
      case "ingress_routes_ack":
        return this.#announcer.acknowledged(message.request_id, message.payload);
      case "gateways":
        return this.#owner.onGateways(message.payload.gateways);
      case "drain":
        if (message.request_id === "farewell") this.#farewell?.();
        else this.#owner.onDrain(this, message.payload.reconnect_after_ms);
        return;
      case "error":
        this.#announcer.failed(message.request_id, message.payload.code);
        return this.#deps.events.refused(this.name, message.payload.code, message.payload.message);
      default:
        return;
    }
  }
}
