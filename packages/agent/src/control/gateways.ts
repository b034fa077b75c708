import { WireError, type GatewayAddress, type RegisterSuccess } from "@warren/wire";
import {
  GatewayTunnel,
  type GatewayTunnelDeps,
  type GatewayTunnelOwner,
  type RoutesAfter,
} from "./gateway-tunnel.ts";

/** A learnt gateway is dialled within this, so that not all agents come at once. */
const SPREAD_MS = 1_000;
/** An address that led where a tunnel was already is asked again after this: it may be a balancer's. */
const LOOK_AGAIN_MS = 60_000;

export interface GatewaysOptions {
  deps: GatewayTunnelDeps;
  /** The first registration anywhere. */
  onFirstUp: (info: RegisterSuccess) => void;
  /** Each registration and resume, the first one too; `url`: what the tunnel was made to dial. */
  onUp: (info: RegisterSuccess, url: string) => void;
  /** The addresses that are dialled, each time that some may be none of them any more. Never without a gateway. */
  onAddresses: (urls: ReadonlySet<string>) => void;
  /** Some tunnel is connected, or none any more. */
  onConnected: (connected: boolean) => void;
  /** Another process has this agent's id. */
  onReplaced: (error: WireError) => void;
}

/**
 * The tunnels of an agent: one to each configured address, more to gateways learnt from them until
 * there are enough, others in place of those that go away. Invariants:
 *
 * G1. A tunnel that carries streams is never ended here: one that is not wanted is left with a
 *     farewell and ends with its last stream.
 * G2. Only tunnels that serve, or have not failed twice in a row, count as tunnels to a gateway.
 */
export class Gateways implements GatewayTunnelOwner {
  readonly #options: GatewaysOptions;
  readonly #tunnels = new Set<GatewayTunnel>();
  #known = new Map<string, string>();
  #isUp = false;
  #wasConnected = false;
  #closed = false;

  constructor(options: GatewaysOptions) {
    this.#options = options;
  }

  get tunnels(): Iterable<GatewayTunnel> {
    return this.#tunnels;
  }
  /** True while at least one tunnel is connected. */
  get connected(): boolean {
    return [...this.#tunnels].some((one) => one.isUp);
  }

  start(): void {
    for (const url of this.#configured) this.#add([url], { delayMs: 0, hopeful: true });
  }

  /** What heartbeats say has changed: every gateway hears of it now. */
  beatNow(): void {
    for (const one of this.#tunnels) one.beatNow();
  }

  /** Every gateway is told to send nothing new; resolves when all have understood. */
  async sayFarewell(deadlineMs: number, routes: RoutesAfter): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#tunnels].map((one) => one.sayFarewell(deadlineMs, routes)));
  }

  close(error: WireError): void {
    this.#closed = true;
    for (const one of this.#tunnels) one.close(error);
    this.#tunnels.clear();
  }

  // GatewayTunnelOwner

  onUp(one: GatewayTunnel, info: RegisterSuccess): void {
    if (!this.#isUp) {
      this.#isUp = true;
      this.#options.onFirstUp(info);
    }
    this.#options.onUp(info, one.urls[0] ?? "");
    this.onDown();
    this.#sayAddresses();
    this.#leaveDoubles(one);
    this.onGateways(info.gateways);
  }

  onDown(): void {
    if (this.connected === this.#wasConnected) return;
    this.#wasConnected = !this.#wasConnected;
    this.#options.onConnected(this.#wasConnected);
  }

  onGateways(gateways: readonly GatewayAddress[]): void {
    this.#known = new Map(gateways.filter(({ url }) => url !== "").map(({ id, url }) => [id, url]));
    for (const one of this.#tunnels) this.#forgetIfGone(one);
    this.#keepEnough();
  }

  others(one: GatewayTunnel): readonly string[] {
    return [...this.#known].filter(([id]) => id !== one.gatewayId).map(([, url]) => url);
  }

  onHopeless(one: GatewayTunnel): void {
    this.#forgetIfGone(one);
    this.#keepEnough();
  }

  onDrain(one: GatewayTunnel, waitMs: number): void {
    if (one.retiring) return; // it was said before
    one.retire();
    if (this.#closed) return;
    // Whoever takes its place answers at the same address: a new process, or a balancer; or it was
    // this tunnel's token that came to its end. Not counted on, so that others are dialled as well.
    this.#add(one.urls, { delayMs: waitMs, hopeful: false });
    this.#keepEnough();
  }

  onReplaced(one: GatewayTunnel, error: WireError): void {
    this.#drop(one, error);
    if (this.#closed) return;
    this.#options.deps.events.replaced(one.name);
    this.#options.onReplaced(error);
  }

  onRetired(one: GatewayTunnel): void {
    this.#drop(one, new WireError("draining", "the gateway went away"));
    this.#keepEnough();
  }

  get #configured(): readonly string[] {
    return this.#options.deps.config.gateways;
  }

  #isConfigured(one: GatewayTunnel): boolean {
    return one.urls.some((url) => this.#configured.includes(url));
  }

  #add(urls: readonly string[], how: { delayMs: number; hopeful: boolean }): void {
    const one = new GatewayTunnel({ urls, hopeful: how.hopeful }, this.#options.deps, this);
    this.#tunnels.add(one);
    one.start(how.delayMs);
  }

  #drop(one: GatewayTunnel, error: WireError): void {
    this.#tunnels.delete(one);
    one.close(error);
    this.onDown();
    this.#sayAddresses();
  }

  #sayAddresses(): void {
    if (!this.connected) return;
    this.#options.onAddresses(new Set([...this.#tunnels].flatMap(({ urls }) => urls)));
  }

  /** Two addresses may lead to one gateway, and one of the tunnels is then enough. */
  #leaveDoubles(newer: GatewayTunnel): void {
    for (const older of this.#tunnels) {
      if (older === newer || older.retiring || older.gatewayId !== newer.gatewayId) continue;
      // One that waits to resume may still save its streams, and ends with them (G1).
      if (!older.serving) older.retire();
      else if (this.#isConfigured(newer) && !this.#isConfigured(older)) void older.leave();
      else void newer.leave();
    }
  }

  /** A learnt gateway that does not answer and that nobody knows any more. */
  #forgetIfGone(one: GatewayTunnel): void {
    if (one.hopeful || one.retiring || this.#isConfigured(one)) return;
    if ([...this.#known.values()].some((url) => one.urls.includes(url))) return;
    one.retire();
  }

  /** Dials learnt gateways until there are tunnels to enough different ones (G2). */
  #keepEnough(): void {
    if (this.#closed || !this.#isUp) return;
    const { config, world } = this.#options.deps;
    const live = [...this.#tunnels].filter((one) => !one.retiring);
    let missing = config.minGateways - live.filter((one) => one.hopeful).length;
    const there = new Set(live.map((one) => one.gatewayId));
    const dialled = new Set(live.flatMap((one) => one.urls));
    for (const [id, url] of this.#known) {
      if (missing <= 0) return;
      if (there.has(id) || dialled.has(url)) continue;
      this.#add([url], { delayMs: world.random() * SPREAD_MS, hopeful: true });
      missing--;
    }
    for (const url of this.#configured) {
      if (missing <= 0 || dialled.has(url)) continue;
      const delayMs = LOOK_AGAIN_MS * (0.5 + world.random());
      this.#add([url], { delayMs, hopeful: false });
    }
  }
}
