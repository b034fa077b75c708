import { SecretError } from "@warren/host";
import {
  Dialler,
  type DiallerOptions,
  type Heard,
  type Transport,
  type Tunnel,
  type TunnelWorld,
} from "@warren/tunnel";
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
import { CertificateAnnouncer } from "./certificate-announcer.ts";
import type { ControlEvents } from "./control-events.ts";
import { Credential } from "./credential.ts";
import type { GatewayDial } from "./dial-gateway.ts";
import { StandIn } from "./stand-in.ts";

/** A gateway that does not confirm a farewell in this time is not waited for. */
const FAREWELL_MS = 2_000;
/** How often a tunnel that is left looks whether its last stream has ended. */
const LEAVE_LOOK_MS = 1_000;
/** A gateway that failed so often in a row is not counted on. */
const HOPELESS = 2;

/** What every tunnel of an agent shares. */
export interface GatewayTunnelDeps {
  config: AgentConfig;
  version: string;
  /** Of this run of the process. */
  instance: string;
  world: TunnelWorld;
  limits: Limits;
  pool: DiallerOptions["pool"];
  dial: GatewayDial;
  published: Published;
  streams: AgentStreams;
  events: ControlEvents;
  /** Said in heartbeats. */
  isPrivate: () => boolean;
  /** Said too: what the cluster publishes is known here. */
  isReady: () => boolean;
}

/** Whether an agent that leaves leaves its routes behind, for others of its cluster or its return. */
export type RoutesAfter = "kept" | "withdrawn";

/** What the set of tunnels hears from one of them. */
export interface GatewayTunnelOwner {
  onUp(one: GatewayTunnel, info: RegisterSuccess): void;
  /** Its transport was lost. */
  onDown(): void;
  /** The gateway goes away: whoever replaces it may be dialled after `waitMs`. */
  onDrain(one: GatewayTunnel, waitMs: number): void;
  onGateways(gateways: readonly GatewayAddress[]): void;
  /** Other gateways that may know whose a tunnel is. */
  others(one: GatewayTunnel): readonly string[];
  /** Its gateway was not reached several times in a row. It goes on trying. */
  onHopeless(one: GatewayTunnel): void;
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
  readonly #certificates: CertificateAnnouncer;
  readonly #standIn: StandIn;
  #isUp = false;
  #cancelHeartbeat: (() => void) | undefined;
  #beatMs = 0;
  #farewell: (() => void) | undefined;
  #gatewayId: string | undefined;
  readonly #credential: Credential;
  #failures: number;
  #cancelLeave: (() => void) | undefined;

  /** `hopeful`: it is counted on before it is up. */
  constructor(
    { urls, hopeful }: { urls: readonly string[]; hopeful: boolean },
    deps: GatewayTunnelDeps,
    owner: GatewayTunnelOwner,
  ) {
    this.urls = urls;
    this.#deps = deps;
    this.#owner = owner;
    this.#failures = hopeful ? 0 : HOPELESS;
    this.#credential = new Credential(() => deps.config.token());
    this.#announcer = new Announcer({
      published: deps.published,
      clock: deps.world.clock,
      random: deps.world.random,
      send: (message) => this.#dialler.send(message),
      events: deps.events,
    });
    this.#certificates = new CertificateAnnouncer({
      certificates: deps.published.certificates,
      voice: deps.published.voice,
      clock: deps.world.clock,
      random: deps.world.random,
      send: (message) => this.#dialler.send(message),
      rejected: (name, code, message) => deps.events.certificateRejected(name, code, message),
    });
    this.#standIn = new StandIn({
      voice: deps.published.voice,
      clock: deps.world.clock,
      random: deps.world.random,
      ask: () => this.beatNow(),
      say: (revision) => this.#announcer.standIn(revision),
      onChange: (standsIn) => this.#certificates.standIn(standsIn),
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
  /** Its transport is there: new streams come, or what it carries ends over it. */
  get isUp(): boolean {
    return this.#isUp;
  }
  /** It serves, or may well do so soon. */
  get hopeful(): boolean {
    return this.#failures < HOPELESS;
  }
  /** Streams that it carries. */
  get streams(): number {
    return this.#dialler.tunnel?.streams ?? 0;
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

  /** Asks for nothing new, and ends with what it carries. */
  async leave(): Promise<void> {
    this.#dialler.retire();
    await this.sayFarewell(FAREWELL_MS, "kept");
    const look = (): void => {
      if (this.streams === 0) return this.#owner.onRetired(this);
      this.#cancelLeave = this.#deps.world.clock.after(LEAVE_LOOK_MS, look);
    };
    look();
  }

  /**
   * Asks the gateway for no more streams, and takes back what was published where that is wanted;
   * resolves when it has understood, is not there, or does not answer.
   */
  async sayFarewell(deadlineMs: number, routes: RoutesAfter): Promise<void> {
    const words = [this.#sayDrain(deadlineMs)];
    // After it: only a leaving agent asks whether it is the last one that serves these routes.
    if (routes === "withdrawn") words.push(this.#announcer.withdraw());
    const patience = Promise.withResolvers<void>();
    const cancel = this.#deps.world.clock.after(FAREWELL_MS, patience.resolve);
    await Promise.race([Promise.all(words), patience.promise]);
    cancel();
  }

  #sayDrain(deadlineMs: number): Promise<void> {
    const message = {
      type: "drain",
      request_id: "farewell",
      payload: { deadline_ms: deadlineMs },
    } as const;
    if (!this.#dialler.send(message)) return Promise.resolve();
    return new Promise((resolve) => (this.#farewell = resolve));
  }

  close(error: WireError): void {
    this.#cancelHeartbeat?.();
    this.#cancelLeave?.();
    this.#standIn.stop();
    this.#announcer.close();
    this.#certificates.close();
    this.#dialler.close(error);
  }

  #diallerOptions(): DiallerOptions {
    const { config, events, instance, isReady, limits, pool, streams, version, world } = this.#deps;
    return {
      world,
      urls: this.urls,
      others: () => this.#owner.others(this),
      dial: (url, heard) => this.#dial(url, heard),
      registration: () => ({
        agentId: config.id,
        instance,
        name: config.name,
        version,
        labels: config.labels,
        place: config.place,
        ready: isReady(),
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
        onRetry: (error, retryInMs) => {
          events.retry(this.name, error, retryInMs);
          if (++this.#failures === HOPELESS) this.#owner.onHopeless(this);
        },
        onReplaced: (error) => this.#owner.onReplaced(this, error),
        onRetired: () => this.#owner.onRetired(this),
        onControl: (message) => this.#hear(message),
        onStream: (stream, opening, ended) => streams.accept(stream, opening, ended),
      },
    };
  }

  async #dial(url: string, heard: Heard): Promise<Transport> {
    const { dial } = this.#deps;
    const resuming = this.tunnel !== undefined;
    const token = await this.#token(resuming);
    try {
      return await dial.dial(url, token, heard);
    } catch (reason) {
      // The tunnel cannot be had with a token that does not count any more: a new one can.
      const again = resuming && isRefusal(reason) && (await this.#credential.refused());
      if (!again) throw reason;
      return dial.dial(url, await this.#token(false), heard);
    }
  }

  /** What to show. A file that went away is told by name, and looked for again with the next dial. */
  async #token(resuming: boolean): Promise<string> {
    try {
      return await this.#credential.show(resuming);
    } catch (cause) {
      const why = cause instanceof SecretError ? `: ${cause.message}` : "";
      throw new WireError("internal", `the token cannot be read${why}`, { cause });
    }
  }

  /** For logs: the gateway's id once known, else what is dialled. */
  get name(): string {
    return this.#gatewayId ?? this.urls[0] ?? "";
  }

  #up(info: RegisterSuccess, resumed: boolean): void {
    this.#gatewayId = info.gateway.id;
    this.#isUp = true;
    this.#failures = 0;
    if (!resumed) this.#credential.began();
    this.#deps.events.up(this.name, info, resumed);
    this.#beatMs = Math.max(1_000, info.heartbeat_interval_ms);
    // First: it says what kind of cluster the routes are of.
    this.#beat();
    this.#announcer.up(resumed, info.features);
    this.#certificates.up(info.features, resumed);
    this.#owner.onUp(this, info);
  }

  #down(): void {
    this.#cancelHeartbeat?.();
    this.#announcer.down();
    this.#certificates.down();
    this.#standIn.stop();
    this.#farewell?.();
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#owner.onDown();
  }

  /** Says at once what is in heartbeats; nothing while the tunnel is down. */
  beatNow(): void {
    if (this.serving) this.#beat();
  }

  /** At once after a connect, then at the gateway's interval. */
  #beat(): void {
    const { config, isPrivate, isReady, published, version, world } = this.#deps;
    this.#cancelHeartbeat?.();
    this.#dialler.send({
      type: "heartbeat",
      payload: {
        agent_id: config.id,
        status: "healthy",
        tunnel_status: "connected",
        metadata: {
          agent_version: version,
          is_private: isPrivate(),
          gateway_routes: published.size,
          ready: isReady(),
        },
      },
    });
    this.#cancelHeartbeat = world.clock.after(this.#beatMs, () => this.#beat());
  }

  #hear(message: Control): void {
    switch (message.type) {
      case "heartbeat_ack":
        this.#announcer.heard(message.payload.revision);
        return this.#standIn.heard(message.payload.revision);
      case "ingress_routes_ack":
        return this.#announcer.acknowledged(message.request_id, message.payload);
      case "certificates_ack":
        return this.#certificates.acknowledged(message.request_id, message.payload);
      case "gateways":
        return this.#owner.onGateways(message.payload.gateways);
      case "drain":
        if (message.request_id === "farewell") this.#farewell?.();
        else this.#owner.onDrain(this, message.payload.reconnect_after_ms);
        return;
      case "error":
        if (!this.#certificates.failed(message.request_id))
          this.#announcer.failed(message.request_id, message.payload.code);
        return this.#deps.events.refused(this.name, message.payload.code, message.payload.message);
      default:
        return;
    }
  }
}

function isRefusal(reason: unknown): boolean {
  return reason instanceof WireError && (reason.http === 401 || reason.http === 403);
}
