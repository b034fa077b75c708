import type { Clock } from "@warren/host";
import type { Admin } from "./admin/start-admin.ts";
import type { GatewayConfig } from "./config.ts";
import type { Core } from "./core.ts";
import type { Front } from "./front/front.ts";
import type { PeerListener } from "./peers/peer-listener.ts";

export interface RunningGateway extends AsyncDisposable {
  readonly ports: {
    readonly http: number;
    readonly tls: number | undefined;
    readonly admin: number;
    readonly agents: number | undefined;
    readonly peers: number | undefined;
  };
  readonly adminUrl: string;
  /** Resolves when a drain was asked for, at the admin listener or by `drain`. */
  readonly drainAsked: Promise<void>;
  /**
   * Not ready; waits until balancers have seen it; stops accepting without touching what was
   * accepted; tells agents to go elsewhere; finishes what is under way; closes what is left at the
   * deadline. Twice is once.
   */
  drain(): Promise<void>;
}

/** How often a drain looks whether relayed streams have ended. */
const DRAIN_LOOK_MS = 100;

/** A gateway that runs. */
export class GatewayProcess implements RunningGateway {
  readonly ports: RunningGateway["ports"];
  readonly adminUrl: string;
  readonly drainAsked: Promise<void>;
  readonly #config: GatewayConfig;
  readonly #core: Core;
  readonly #front: Front;
  readonly #peers: PeerListener | undefined;
  readonly #owned: AsyncDisposableStack;
  #drained: Promise<void> | undefined;

  constructor(
    config: GatewayConfig,
    core: Core,
    parts: {
      front: Front;
      admin: Admin;
      peers: PeerListener | undefined;
      ports: RunningGateway["ports"];
    },
    owned: AsyncDisposableStack,
  ) {
    this.#config = config;
    this.#core = core;
    this.#front = parts.front;
    this.#peers = parts.peers;
    this.#owned = owned;
    this.ports = parts.ports;
    this.adminUrl = parts.admin.url;
    this.drainAsked = core.readiness.asked.promise;
  }

  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  async #drain(): Promise<void> {
    const { agents, clock, events, fleet, readiness } = this.#core;
    const { delayMs, deadlineMs } = this.#config.drain;
    readiness.asked.resolve();
    // 1. Not ready, and no longer among the gateways that agents and others should dial.
    readiness.ready = false;
    events.drainBegan(deadlineMs);
    await fleet.withdraw();
    // 2. Agents go elsewhere. Their tunnels here stay, and carry what still comes: the successor
    //    has them before it is alone.
    agents.drain(delayMs + deadlineMs);
    // 3. Balancers need a moment to see it; until they do, connections still come and are served.
    await pause(clock, delayMs);
    // 4. Accept no more; what is under way finishes, or is cut off.
    const untilMs = clock.now() + deadlineMs;
    await this.#front.drain(deadlineMs);
    // 5. Streams that other gateways sent through here.
    this.#peers?.drain();
    while (clock.now() < untilMs && (this.#peers?.relayed ?? 0) > 0)
      await pause(clock, DRAIN_LOOK_MS);
    await this.#peers?.cutOff();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
