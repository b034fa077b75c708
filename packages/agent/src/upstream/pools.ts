import type { Clock } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import type { Target } from "../target.ts";
import { Dialer } from "./dialer.ts";
import type { UpstreamEvents } from "./failures.ts";
import { SessionPool } from "./h2/session-pool.ts";
import { Pool, type PoolSettings } from "./pool.ts";

export interface PoolsSettings extends PoolSettings {
  /** Connects under way at once, over all targets. */
  maxDials: number;
}

const SWEEP_MS = 5_000;
const NO_IDLE = { maxIdle: 0, idleMs: 0 };

/** The pools of all targets, swept by one timer. */
export class Pools {
  readonly #pools = new Map<string, Pool>();
  readonly #sessions = new Map<string, SessionPool>();
  /** Those that only finish what they have. */
  readonly #left = new Set<Pool | SessionPool>();
  readonly #dialer: Dialer;
  readonly #clock: Clock;
  readonly #settings: PoolsSettings;
  readonly #events: UpstreamEvents;
  #forgetSweep: () => void;

  constructor(deps: { clock: Clock; settings: PoolsSettings; events: UpstreamEvents }) {
    this.#clock = deps.clock;
    this.#settings = deps.settings;
    this.#events = deps.events;
    this.#dialer = new Dialer(deps.settings.maxDials);
    this.#forgetSweep = this.#clock.after(SWEEP_MS, this.#sweep);
  }

  /** For targets of HTTP/1.1 and TCP. */
  of(target: Target): Pool {
    return this.#pools.get(target.key) ?? this.#open(target);
  }

  /** For targets of HTTP/2. */
  sessionsOf(target: Target): SessionPool {
    return this.#sessions.get(target.key) ?? this.#openSessions(target);
  }

  /**
   * Nothing new goes to `target` for now: what is idle is closed, and what is in use ends with its
   * use. Others that lead there too open what they need anew.
   */
  leave(target: Target): void {
    for (const pools of [this.#pools, this.#sessions]) {
      const pool = pools.get(target.key);
      if (pool === undefined) continue;
      pools.delete(target.key);
      this.#left.add(pool);
      pool.leave();
    }
  }

  counts(): { idle: number; active: number } {
    const counts = { idle: 0, active: 0 };
    for (const pool of this.#all()) {
      counts.idle += pool.idle;
      counts.active += pool.active;
    }
    return counts;
  }

  /** Closes idle connections and fails who waits. Connections in use are their users' to end. */
  close(): void {
    this.#forgetSweep();
    const error = new WireError("draining", "the agent is shutting down");
    for (const pool of this.#all()) pool.close(error);
  }

  *#all(): IterableIterator<Pool | SessionPool> {
    yield* this.#pools.values();
    yield* this.#sessions.values();
    yield* this.#left;
  }

  #open(target: Target): Pool {
    const pool = new Pool(target, {
      dialer: this.#dialer,
      clock: this.#clock,
      settings: target.protocol === "tcp" ? NO_IDLE : this.#settings,
      events: this.#events,
    });
    this.#pools.set(target.key, pool);
    return pool;
  }

  #openSessions(target: Target): SessionPool {
    const pool = new SessionPool(target, {
      dialer: this.#dialer,
      clock: this.#clock,
      idleMs: this.#settings.idleMs,
      events: this.#events,
    });
    this.#sessions.set(target.key, pool);
    return pool;
  }

  readonly #sweep = (): void => {
    for (const pools of [this.#pools, this.#sessions]) {
      for (const [key, pool] of pools) {
        pool.sweep();
        if (pool.unused) pools.delete(key);
      }
    }
    for (const pool of this.#left) {
      pool.leave();
      if (pool.unused) this.#left.delete(pool);
    }
    this.#forgetSweep = this.#clock.after(SWEEP_MS, this.#sweep);
  };
}
