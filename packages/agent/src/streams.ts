import { latin1Text } from "@warren/host";
import { proxyV2, readProxyHeader, Refusal } from "@warren/http";
import type { Clock, Stream } from "@warren/tunnel";
import {
  KIND,
  readOpening,
  WireError,
  type ErrorCode,
  type Kind,
  type Opening,
} from "@warren/wire";
import { clientAddress, clientName } from "./client-address.ts";
import type { AgentEvents } from "./events.ts";
import type { Published } from "./published.ts";
import type { Target } from "./target.ts";
import { Http2Exchange } from "./upstream/h2/exchange.ts";
import { Exchange } from "./upstream/h1/exchange.ts";
import { RunningSet } from "./running-set.ts";
import type { Origin, Outcome, Running, StreamHost } from "./upstream/host.ts";
import { Pools, type PoolsSettings } from "./upstream/pools.ts";
import { TcpOpening } from "./upstream/tcp.ts";

export interface StreamsSettings extends PoolsSettings {
  /** Streams at once, over all tunnels; more are refused with `overloaded`. */
  maxStreams: number;
  /**
   * What is said of a route that the table does not have: `refused`, unread, where the table follows a
   * cluster and may be behind that of another agent, which then takes the stream.
   */
  unknown: "no_route" | "refused";
}

export const STREAMS_DEFAULTS: StreamsSettings = {
  maxStreams: 20_000,
  unknown: "no_route",
  maxIdle: 100,
  idleMs: 90_000,
  maxDials: 256,
};

/** One finished stream, for who wants to show them (`warren expose`). */
export interface Seen {
  kind: Kind;
  routeKey: string;
  /** Request line without its version (`GET /x`); for tcp the PROXY line. */
  line: string;
  status: number;
  error: ErrorCode | undefined;
  durationMs: number;
}

export interface StreamsDeps {
  published: Published;
  clock: Clock;
  events: AgentEvents;
  /** Hears of each stream that ended; undefined costs nothing. */
  watch: ((seen: Seen) => void) | undefined;
}

const OVERLOADED_RETRY_MS = 1_000;
/** What is cut off gets this long to come to a boundary. */
const CUT_GRACE_MS = 2_000;

/**
 * What happens to the streams that gateways opened, from all tunnels of this agent: each is led to
 * the target that the table of publications names, and to no other address.
 */
export class AgentStreams implements StreamHost {
  readonly #published: Published;
  readonly #clock: Clock;
  readonly #events: AgentEvents;
  readonly #settings: StreamsSettings;
  readonly #pools: Pools;
  readonly #running = new RunningSet();
  readonly #watch: StreamsDeps["watch"];
  readonly #watched = new Map<Stream, { line: string; since: number }>();
  #draining = false;
  #empty: (() => void) | undefined;

  constructor(deps: StreamsDeps, settings: StreamsSettings) {
    this.#published = deps.published;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#watch = deps.watch;
    this.#settings = settings;
    this.#pools = new Pools({ clock: deps.clock, settings, events: this });
    deps.published.places.onLeft((target) => this.#pools.leave(target));
  }

  /** Streams that run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Open connections to services. */
  connections(): { idle: number; active: number } {
    return this.#pools.counts();
  }

  /** Takes a stream that a gateway opened; fits a tunnel's `onStream`. */
  accept(stream: Stream, opening: Uint8Array, ended: boolean): void {
    if (this.#draining) return refuse(stream, "refused", "the agent is shutting down");
    if (this.#running.size >= this.#settings.maxStreams) return overloaded(stream);
    const read = readOpening(opening);
    if (read === undefined) return refuse(stream, "bad_request", "the opening is malformed");
    const key = latin1Text(read.route);
    const publication = this.#published.get(key);
    const named = publication?.targets[read.backend];
    if (publication === undefined || named === undefined)
      return refuse(stream, this.#settings.unknown, "this agent publishes no such route");
    const target = named.endpoints === undefined ? named : endpointFor(named, opening, read);
    if (target === undefined)
      return refuse(stream, "upstream_unreachable", "no endpoint of the service is ready");
    const work = this.#open({ stream, opening, ended, read, target, key: publication.key });
    if (work === undefined) return;
    if (this.#watch !== undefined) this.#note(stream, opening, read.headAt);
    this.#events.opened(read.kind);
    this.#running.add(work);
    work.begin();
  }

  /**
   * Takes no new streams (they are refused unread, so that a gateway sends them elsewhere), lets
   * those that run come to their end, and ends what is left after `deadlineMs`: WebSockets at a frame
   * boundary. Resolves with how many were cut off, once nothing runs.
   */
  async drain(deadlineMs: number): Promise<number> {
    const first = !this.#draining;
    this.#draining = true;
    if (first) this.#events.draining(this.#running.size, deadlineMs);
    let cut = 0;
    const forget = this.#clock.after(deadlineMs, () => {
      cut = this.#running.size;
      const error = new WireError("draining", "the agent is shutting down");
      for (const work of this.#running) work.cutOff(error, CUT_GRACE_MS);
    });
    if (this.#running.size > 0) await new Promise<void>((done) => (this.#empty = done));
    forget();
    this.#pools.close();
    if (first || cut > 0) this.#events.drained(cut);
    return cut;
  }

  #open(job: Job): Work | undefined {
    const { stream, opening, ended, target } = job;
    const { kind, headAt } = job.read;
    const origin = { kind, routeKey: job.key };
    if ((kind === KIND.tcp) !== (target.protocol === "tcp")) {
      refuse(stream, "no_route", "the route speaks another protocol");
      return undefined;
    }
    if (target.protocol === "h2c" || target.protocol === "h2") return this.#openHttp2(job, origin);
    const pool = this.#pools.of(target);
    if (kind === KIND.tcp) {
      const preface = target.proxyProtocol ? prefaceOf(opening.subarray(headAt)) : undefined;
      return new TcpOpening({ stream, pool, host: this, preface, ended, origin });
    }
    const upgrade = kind === KIND.upgrade;
    return Exchange.create({ stream, opening, headAt, ended, upgrade, pool, host: this, origin });
  }

  #openHttp2(job: Job, origin: Origin): Work | undefined {
    const { stream, opening, ended, target } = job;
    if (origin.kind === KIND.upgrade) {
      refuse(stream, "not_implemented", "the service speaks HTTP/2, which has no such upgrade");
      return undefined;
    }
    return Http2Exchange.create({
      stream,
      opening,
      headAt: job.read.headAt,
      ended,
      scheme: target.protocol === "h2" ? "https" : "http",
      pool: this.#pools.sessionsOf(target),
      host: this,
      origin,
    });
  }

  // StreamHost

  handedOver(from: Running, to: Running): void {
    this.#running.delete(from);
    this.#running.add(to);
  }

  finished(work: Running, stream: Stream, outcome: Outcome): void {
    this.#running.delete(work);
    const { kind, routeKey } = work.origin;
    this.#events.ended(kind);
    if (outcome.error !== undefined) this.#events.failed(kind, routeKey, outcome.error);
    if (this.#watch !== undefined) this.#show(stream, work.origin, outcome);
    if (this.#running.size === 0) this.#empty?.();
  }

  toService(bytes: number): void {
    this.#events.toService(bytes);
  }
  fromService(bytes: number): void {
    this.#events.fromService(bytes);
  }
  after(ms: number, task: () => void): () => void {
    return this.#clock.after(ms, task);
  }
  connected(): void {
    this.#events.connected();
  }
  connectFailed(...[target, failure]: Parameters<StreamHost["connectFailed"]>): void {
    this.#events.connectFailed(target, failure.reason, failure.error.cause);
  }
  retried(): void {
    this.#events.retried();
  }
  broke(reason: unknown): void {
    this.#events.broke(reason);
  }

  #note(stream: Stream, opening: Uint8Array, headAt: number): void {
    const end = opening.indexOf(0x0d, headAt);
    const line = latin1Text(opening.subarray(headAt, end === -1 ? undefined : end));
    this.#watched.set(stream, {
      line: line.replace(/ HTTP\/1\.1$/, ""),
      since: this.#clock.now(),
    });
  }

  #show(stream: Stream, { kind, routeKey }: Origin, outcome: Outcome): void {
    const noted = this.#watched.get(stream);
    this.#watched.delete(stream);
    if (noted === undefined) return;
    this.#watch?.({
      kind,
      routeKey,
      line: noted.line,
      status: outcome.status,
      error: outcome.error?.code,
      durationMs: this.#clock.now() - noted.since,
    });
  }
}

/** A place of a service whose endpoints the agent chooses among. */
function endpointFor(
  { endpoints }: Target,
  opening: Uint8Array,
  { headAt, kind }: Job["read"],
): Target | undefined {
  return endpoints?.choose((by) => {
    const name = by === "cookie" ? clientName(opening, headAt) : undefined;
    return name ?? clientAddress(opening, headAt, kind);
  });
}

type Work = Running & { begin(): void };

interface Job {
  stream: Stream;
  opening: Uint8Array;
  ended: boolean;
  read: Opening & { headAt: number };
  target: Target;
  key: string;
}

function refuse(stream: Stream, code: ErrorCode, message: string): void {
  stream.reset(new WireError(code, message));
}

function overloaded(stream: Stream): void {
  const options = { retryAfterMs: OVERLOADED_RETRY_MS };
  stream.reset(new WireError("overloaded", "the agent has all the streams it may have", options));
}

/** The gateway says in version 1 who connects; a service that wants to know hears it in version 2. */
function prefaceOf(head: Uint8Array): Uint8Array {
  const said = readProxyHeader(head);
  const known = said !== "more" && !(said instanceof Refusal) ? said : undefined;
  // Written as LOCAL when unknown: the service must get a header in any case.
  const nobody = { address: "", port: 0 };
  return proxyV2(known?.source ?? nobody, known?.destination ?? nobody);
}
