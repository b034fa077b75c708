import { WireError, type GatewayAddress, type RegisterSuccess } from "@warren/wire";
import {
  GatewayTunnel,
  type GatewayTunnelDeps,
  type GatewayTunnelOwner,
} from "./gateway-tunnel.ts";

/** A takeover by our own second tunnel to the same gateway shows within this time. */
const SELF_MS = 2_000;

export interface GatewaysOptions {
  deps: GatewayTunnelDeps;
  /** The first registration anywhere. */
  onFirstUp: (info: RegisterSuccess) => void;
  /** Another process has this agent's id. */
  onReplaced: (error: WireError) => void;
}

/**
 * The tunnels of an agent: one to each configured gateway, more to gateways learnt from them until
 * there are enough, replacements for those that go away.
 */
export class Gateways implements GatewayTunnelOwner {
  readonly #options: GatewaysOptions;
  readonly #tunnels = new Set<GatewayTunnel>();
  #known = new Map<string, string>();
  #isUp = false;
  #closed = false;

  constructor(options: GatewaysOptions) {
    this.#options = options;
  }

  get tunnels(): Iterable<GatewayTunnel> {
    return this.#tunnels;
  }
  /** True while at least one tunnel is connected. */
  get connected(): boolean {
    return [...this.#tunnels].some((one) => one.serving);
  }

  start(): void {
    for (const url of this.#options.deps.config.gateways) this.#add([url], 0);
  }

  /** Every gateway is told to send nothing new; resolves when all have understood. */
  async sayFarewell(deadlineMs: number): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#tunnels].map((one) => one.sayFarewell(deadlineMs)));
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
    this.#dropDoubles(one);
    this.onGateways(info.gateways);
  }

  onGateways(gateways: readonly GatewayAddress[]): void {
    this.#known = new Map(gateways.filter(({ url }) => url !== "").map(({ id, url }) => [id, url]));
    this.#keepEnough();
  }

  onDrain(one: GatewayTunnel, waitMs: number): void {
    one.retire();
    if (one.gatewayId !== undefined) this.#known.delete(one.gatewayId);
    this.#keepEnough();
    // Whoever takes its place answers at the configured address: a new process, or a balancer.
    const configured = this.#options.deps.config.gateways.find((url) => one.urls.includes(url));
    if (configured !== undefined && !this.#closed) this.#add([configured], waitMs);
  }

  onReplaced(one: GatewayTunnel, error: WireError): void {
    const { deps, onReplaced } = this.#options;
    // Two configured addresses may lead to one gateway: then the newer tunnel is our own.
    deps.world.clock.after(SELF_MS, () => {
      const own = [...this.#tunnels].some(
        (other) => other !== one && other.serving && other.gatewayId === one.gatewayId,
      );
      this.#drop(one, error);
      if (own || this.#closed) return;
      deps.events.replaced(one.name);
      onReplaced(error);
    });
  }

  onRetired(one: GatewayTunnel): void {
    this.#drop(one, new WireError("draining", "the gateway went away"));
    this.#keepEnough();
  }

  #add(urls: readonly string[], delayMs: number): void {
    const one = new GatewayTunnel(urls, this.#options.deps, this);
    this.#tunnels.add(one);
    one.start(delayMs);
  }

  #drop(one: GatewayTunnel, error: WireError): void {
    this.#tunnels.delete(one);
    one.close(error);
  }

  /** A tunnel to a learnt gateway is not needed twice once a configured address leads there too. */
  #dropDoubles(newer: GatewayTunnel): void {
    for (const one of this.#tunnels)
      if (one !== newer && !one.serving && !one.retiring && one.gatewayId === newer.gatewayId)
        this.#drop(one, new WireError("replaced", "a newer tunnel leads to the same gateway"));
  }

  /** Dials learnt gateways until there are tunnels to enough different ones. */
  #keepEnough(): void {
    if (this.#closed || !this.#isUp) return;
    const { config, world } = this.#options.deps;
    const live = [...this.#tunnels].filter((one) => !one.retiring);
    const there = new Set(live.map((one) => one.gatewayId));
    let count = live.length;
    for (const [id, url] of this.#known) {
      if (count >= config.minGateways) return;
      if (there.has(id) || live.some((one) => one.urls.includes(url))) continue;
      this.#add([url], world.random() * 1_000);
      count++;
    }
  }
}
