import type { SecureContext } from "node:tls";
import type { Clock, TrustedProxies } from "@warren/host";
import type { RequestHead } from "@warren/http";
import type { Socket } from "node:net";
import type { Access } from "../access/access.ts";
import type { Events } from "../events.ts";
import type { ClientAddress, Dispatch, LimitRates, Limits, Registry } from "../ports.ts";

/** Which certificate answers; `Certificates` fits. */
export interface CertificateChoice {
  choose(serverName: string | undefined): { readonly context: SecureContext } | undefined;
  misdirected(host: string, serverName: string | undefined): boolean;
  /** One that may come within moments, for a name that has none yet; bounded in time and number. */
  find?(serverName: string): Promise<{ readonly context: SecureContext } | undefined>;
}

/** What a CA finds here when it looks whether a host is served; `Challenges` fits. */
export interface ChallengeAnswers {
  httpAnswer(host: string, token: string): Promise<string | undefined>;
  tlsAnswer(host: string): Promise<SecureContext | undefined>;
}

/** A request for one of the gateway's own paths. Whoever gets it owns the socket from then on. */
export interface ReservedRequest {
  head: RequestHead;
  socket: Socket;
  /** Bytes read behind the head. */
  rest: Uint8Array;
  client: ClientAddress;
  requestId: string;
}

export interface FrontDeps {
  registry: Pick<
    Registry,
    "lookup" | "lookupServerName" | "lookupPort" | "publicPorts" | "onPublicPorts"
  >;
  dispatch: Dispatch;
  limits: Limits;
  access: Access;
  trusted: TrustedProxies;
  /** Undefined where nothing is terminated here. */
  certificates: CertificateChoice | undefined;
  /** Undefined where no certificates are ordered. */
  challenges: ChallengeAnswers | undefined;
  clock: Clock;
  events: Events;
  newRequestId: () => string;
  /** Rates of the token under which a cluster is connected. */
  tokenRates: (clusterUuid: string) => Pick<LimitRates, "cluster" | "client">;
  /** Hears of requests under `RESERVED_PATH`, on whatever host. HTTP/1.1 only. */
  onReserved: (request: ReservedRequest) => void;
  /** What the public health path says; as /readyz. */
  ready: () => boolean;
}

export interface FrontSettings {
  /** To the final response head, from the last request body byte forwarded. 0: no limit. */
  headMs: number;
  /** A head or body slower than 1 KiB in this time is cut off. */
  slowMs: number;
  /** A connection between two requests is closed after this. */
  keepAliveMs: number;
  /** The same once a drain has begun. */
  drainIdleMs: number;
  /** After the last answer the client has this long to close, before it is cut. */
  lingerMs: number;
  /** How often deadlines are looked at: they are this coarse. */
  sweepMs: number;
  /** Answered where no route is; empty: none. */
  healthPath: string;
  /** Port that redirects to HTTPS name; undefined: the TLS listener's own, if there is one. */
  redirectPort: number | undefined;
  /** Plain HTTP redirects to HTTPS where a certificate exists. */
  redirect: boolean;
  /** Strict-Transport-Security max-age for routes that set none; 0 sends none. */
  hstsSeconds: number;
  /** Origin, maybe with `{host}`, where requests for clusters that are not served yet go; undefined: 404. */
  fallback: string | undefined;
  /** Trusted peers begin with a PROXY header. */
  acceptProxyProtocol: boolean;
}

export const FRONT_DEFAULTS: FrontSettings = {
  headMs: 30_000,
  slowMs: 30_000,
  keepAliveMs: 75_000,
  drainIdleMs: 2_000,
  lingerMs: 5_000,
  sweepMs: 1_000,
  healthPath: "/health",
  redirectPort: undefined,
  redirect: true,
  hstsSeconds: 0,
  fallback: undefined,
  acceptProxyProtocol: false,
};

/** What a peer must send in `slowMs` to go on, bytes. */
export const SLOW_BYTES = 1_024;
/** Paths of the gateway itself on every host. */
export const RESERVED_PATH = "/.well-known/warren/";

/** A client's connection as the front keeps it. All its timers are one sweep over all connections. */
export interface Connection {
  /** Looks at deadlines. */
  sweep(nowMs: number): void;
  /** A drain has begun: finish what is under way, take nothing new. */
  drain(): void;
  /** The drain's deadline: end as cleanly as can be done now. */
  cutOff(): void;
  /** Ends it at once. */
  destroy(): void;
}

/** What all connections of a front share. */
export class FrontContext {
  readonly deps: FrontDeps;
  readonly settings: FrontSettings;
  readonly connections = new Set<Connection>();
  draining = false;
  /** Requests and raw connections that have not ended. */
  inFlight = 0;
  readonly #unflushed: Flushed[] = [];
  #emptied: (() => void) | undefined;

  constructor(deps: FrontDeps, settings: FrontSettings) {
    this.deps = deps;
    this.settings = settings;
  }

  now(): number {
    return this.deps.clock.now();
  }

  opened(connection: Connection): void {
    this.connections.add(connection);
  }

  closed(connection: Connection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.#emptied?.();
  }

  /** Resolves when no connection is left. */
  empty(): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#emptied = resolve));
  }

  /** Flushes `side` once this turn's events are handled: what they wrote leaves in one system call. */
  flushSoon(side: Flushed): void {
    if (this.#unflushed.push(side) === 1) process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    const sides = this.#unflushed;
    // Flushing may lead to more: those are at the end of the same list.
    for (let i = 0; i < sides.length; i++) this.#flushOne(sides[i]!);
    sides.length = 0;
  };

  /** A bug in one costs that one: the others of this turn, and all later turns, are flushed. */
  #flushOne(side: Flushed): void {
    try {
      side.flush();
    } catch (error) {
      this.deps.events.broke("flush", error);
      side.destroy();
    }
  }
}

export interface Flushed {
  flush(): void;
  /** Ends it at once. */
  destroy(): void;
}
