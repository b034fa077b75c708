import type { Clock, Stream } from "@warren/tunnel";
import { KIND, WireError } from "@warren/wire";
import type { Target } from "./target.ts";
import { Http2Exchange, type Http2Errand } from "./upstream/h2/exchange.ts";
import { Exchange } from "./upstream/h1/exchange.ts";
import type { StreamHost } from "./upstream/host.ts";
import { Pools, type PoolsSettings } from "./upstream/pools.ts";

/** A request on its way to a target that its caller answers for. */
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

  /** `target` speaks HTTP, in whichever version. */
  serve(job: UpstreamJob, target: Target): void {
    const { stream, head, ended, upgrade } = job;
    const http2 = target.protocol === "h2" || target.protocol === "h2c";
    if (http2 && upgrade)
      return stream.reset(new WireError("not_implemented", "HTTP/2 has no such upgrade"));
    const origin = { kind: upgrade ? KIND.upgrade : KIND.http, routeKey: "" };
    const errand = { stream, opening: head, headAt: 0, ended, origin, host: this.#host };
    if (http2) return this.#serveHttp2(errand, target);
    Exchange.create({ ...errand, upgrade, pool: this.#pools.of(target) })?.begin();
  }

  #serveHttp2(errand: Omit<Http2Errand, "scheme" | "pool">, target: Target): void {
    const scheme = target.protocol === "h2" ? "https" : "http";
    const pool = this.#pools.sessionsOf(target);
    Http2Exchange.create({ ...errand, scheme, pool })?.begin();
  }

  counts(): { idle: number; active: number } {
    return this.#pools.counts();
  }

  /** Closes what is idle and fails who waits; what is in use ends with its streams. */
  close(): void {
    this.#pools.close();
  }
}
