import type { Clock, Stream } from "@warren/tunnel";
import { KIND } from "@warren/wire";
import type { Target } from "./target.ts";
import { Exchange } from "./upstream/h1/exchange.ts";
import type { StreamHost } from "./upstream/host.ts";
import { Pools, type PoolsSettings } from "./upstream/pools.ts";

/** An HTTP/1.1 request on its way to a target that its caller answers for. */
export interface UpstreamJob {
  stream: Stream;
  /** Request head as in an opening, latin-1. */
  head: Uint8Array;
  /** No body follows. */
  ended: boolean;
  upgrade: boolean;
}

export interface UpstreamsOptions {
  clock: Clock;
  settings: PoolsSettings;
  broke: (reason: unknown) => void;
}

/**
 * The agent's way to services without an agent: no table, no tunnel; whoever has streams and knows
 * where they may lead gets connections kept and shared, exchanges and relays. Failures are said on
 * the streams.
 */
export class Upstreams {
  readonly #pools: Pools;
  readonly #host: StreamHost;

  constructor({ clock, settings, broke }: UpstreamsOptions) {
    this.#host = {
      handedOver() {},
      finished() {},
      toService() {},
      fromService() {},
      connected() {},
      connectFailed() {},
      retried() {},
      broke,
      after: (ms, task) => clock.after(ms, task),
    };
    this.#pools = new Pools({ clock, settings, events: this.#host });
  }

  /** `target` speaks http or https. */
  serve({ stream, head, ended, upgrade }: UpstreamJob, target: Target): void {
    const origin = { kind: upgrade ? KIND.upgrade : KIND.http, routeKey: "" };
    const pool = this.#pools.of(target);
    const errand = { stream, opening: head, headAt: 0, ended, upgrade, origin };
    Exchange.create({ ...errand, pool, host: this.#host })?.begin();
  }

  counts(): { idle: number; active: number } {
    return this.#pools.counts();
  }

  /** Closes what is idle and fails who waits; what is in use ends with its streams. */
  close(): void {
    this.#pools.close();
  }
}
