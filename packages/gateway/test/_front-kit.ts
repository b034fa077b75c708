import { connect } from "node:net";
import { promMetrics, randomId, systemClock, TrustedProxies, type Clock } from "@warren/host";
import { RawEnd, recordingLog, Waiting } from "@warren/host/testing";
import type { Stream } from "@warren/tunnel";
import { Recorder, TunnelPair } from "@warren/tunnel/testing";
import {
  openingBytes,
  readOpening,
  Route,
  writeOpening,
  type Kind,
  type RouteInput,
} from "@warren/wire";
import * as v from "valibot";
import { Access } from "../src/access/access.ts";
import { BASIC_AUTH } from "../src/access/basic-auth.ts";
import { Events } from "../src/events.ts";
import type { FrontDeps, FrontSettings } from "../src/front/front-context.ts";
import { startFront, type Front, type FrontListeners } from "../src/front/front.ts";
import type {
  Dispatch,
  Errand,
  Opened,
  Registry,
  RouteChange,
  RouteVerdict,
} from "../src/ports.ts";
import { TokenBuckets } from "../src/limits/token-buckets.ts";
import { memoryRegistry } from "../src/registry/memory.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";

export const CLUSTER = "11111111-1111-4111-8111-111111111111";
export const ANY_PORT = {
  host: "127.0.0.1",
  port: 0,
  fd: undefined,
  said: { host: "--host", port: "--port" },
};

/** The agent's side of one stream, as a script. */
export class AgentStream extends Recorder {
  readonly opened: Stream;
  readonly kind: Kind;
  readonly head: string;
  readonly endedAtOnce: boolean;
  readonly #waiting = new Waiting();

  constructor(stream: Stream, opening: Uint8Array, ended: boolean) {
    super();
    const read = readOpening(opening)!;
    this.opened = stream;
    this.kind = read.kind;
    this.head = Buffer.from(opening.subarray(read.headAt)).toString("latin1");
    this.endedAtOnce = this.ended = ended;
    stream.owner = this;
    this.heard = () => this.#waiting.look();
  }

  get body(): Buffer {
    return Buffer.concat(this.chunks);
  }
  get target(): string {
    return this.head.split(" ")[1] ?? "";
  }
  /** First value of a field of the request. */
  field(name: string): string | undefined {
    return this.fields(name)[0];
  }
  fields(name: string): string[] {
    const lines = this.head.split("\r\n").slice(1);
    const starts = `${name}: `;
    return lines
      .filter((line) => line.toLowerCase().startsWith(starts))
      .map((line) => line.slice(starts.length));
  }

  until(seen: (stream: this) => boolean): Promise<this> {
    return this.#waiting.until(() => seen(this) && this);
  }
  requested(): Promise<this> {
    return this.until(() => this.ended);
  }

  say(head: string, end = false): void {
    this.opened.head(Buffer.from(`${head}\r\n\r\n`, "latin1"), end);
  }
  /** A whole answer. */
  answer(status: string, body = "", more = ""): void {
    this.say(`HTTP/1.1 ${status}\r\ncontent-length: ${body.length}${more}`);
    if (body === "") this.opened.end();
    else this.opened.write(Buffer.from(body, "latin1"), true);
  }
  write(text: string | Uint8Array, end = false): boolean {
    return this.opened.write(typeof text === "string" ? Buffer.from(text, "latin1") : text, end);
  }
}

export interface KitOptions {
  route: Partial<RouteInput>;
  routes: RouteInput[];
  clock: Clock;
  settings: Partial<FrontSettings>;
  deps: Partial<FrontDeps>;
  listeners: Partial<FrontListeners>;
  trusted: string[];
  /** Runs before a stream is opened. */
  gate: (errand: Errand) => Promise<void> | undefined;
}

/** A gate that lets the first stream open, and holds what is opened anew until `open` is called. */
export function moveGate() {
  const [moved, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let dispatches = 0;
  const gate = () => {
    if (++dispatches === 1) return undefined;
    moved.resolve();
    return opened.promise;
  };
  return { gate, moved: moved.promise, open: opened.resolve };
}

/** A front on real sockets, joined in memory to an agent that a test plays. */
export class FrontKit implements AsyncDisposable {
  readonly pair: TunnelPair;
  readonly log = recordingLog();
  readonly metrics = promMetrics();
  readonly streams: AgentStream[] = [];
  readonly clients: RawEnd[] = [];
  readonly errands: Errand[] = [];
  registry!: Registry;
  front!: Front;
  /** What the agent does with each request; absent: the test does it. */
  onStream: ((stream: AgentStream) => void) | undefined;
  /** As where the agent has its tunnel with another gateway. */
  isAway: Opened["isAway"];
  readonly #waiting = new Waiting();
  #taken = 0;

  private constructor(clock: Clock) {
    this.pair = new TunnelPair({
      clock,
      onStream: (stream, opening, ended) => {
        const scripted = new AgentStream(stream, opening, ended);
        this.streams.push(scripted);
        this.onStream?.(scripted);
        this.#waiting.look();
      },
      endOfTurn: (task) => {
        setImmediate(() => {
          task();
          this.pair.pipe.deliver();
        });
      },
    });
  }

  static async start(options: Partial<KitOptions> = {}): Promise<FrontKit> {
    const clock = options.clock ?? systemClock;
    const kit = new FrontKit(clock);
    kit.registry = memoryRegistry({
      clock,
      wallClock: Date.now,
      ttlMs: 3_600_000,
      ports: { from: 1, to: 65_535 },
      quotas: NO_QUOTAS,
      kept: undefined,
      keep: undefined,
    });
    await kit.publish(
      options.routes ?? [{ host: "app.test", service: "app", port: 80, ...options.route }],
    );
    const dispatch: Dispatch = {
      open: (errand) => {
        kit.errands.push(errand);
        const wait = options.gate?.(errand);
        return wait === undefined ? kit.#open(errand) : wait.then(() => kit.#open(errand));
      },
    };
    const deps: FrontDeps = {
      registry: kit.registry,
      dispatch,
      limits: new TokenBuckets({ now: () => clock.now(), gateways: 1, buckets: 1_000 }),
      access: new Access({ ...BASIC_AUTH, now: () => clock.now() }),
      trusted: new TrustedProxies(options.trusted ?? []),
      certificates: undefined,
      challenges: undefined,
      clock,
      events: new Events({
        log: kit.log,
        metrics: kit.metrics,
        requestLog: true,
        mostClusters: 10,
      }),
      newRequestId: () => randomId(9),
      tokenRates: () => ({ cluster: undefined, client: undefined }),
      onReserved: ({ socket }) => socket.destroy(),
      ready: () => true,
      ...options.deps,
    };
    kit.front = await startFront(
      { http: ANY_PORT, tls: undefined, tcpHost: "127.0.0.1", ...options.listeners },
      deps,
      options.settings,
    );
    return kit;
  }

  async publish(
    routes: RouteInput[],
    action: RouteChange["action"] = "add",
    clusterUuid = CLUSTER,
  ): Promise<RouteVerdict> {
    return this.registry.apply({
      clusterUuid,
      group: "group",
      tokenId: "token",
      allowed: ["*"],
      tcpAllowed: true,
      action,
      revision: undefined,
      routes: routes.map((route) => v.parse(Route, route)),
    });
  }

  #open(errand: Errand): Opened {
    const entry = errand.matched.entries[0]!;
    const opening = { kind: errand.kind, backend: 0, route: Buffer.from(entry.key, "latin1") };
    const bytes = new Uint8Array(openingBytes(opening, errand.head.length));
    bytes.set(Buffer.from(errand.head, "latin1"), writeOpening(bytes, opening));
    return {
      stream: this.pair.acceptor.open(bytes, errand.ended, errand.owner),
      clusterUuid: entry.clusterUuid,
      agentId: "agent",
      viaGateway: undefined,
      isAway: this.isAway,
      setSticky: errand.matched.policy.affinity === "cookie" ? "agent-cookie" : undefined,
      entry,
    };
  }

  connect(port = this.front.ports.http, allowHalfOpen = true): RawEnd {
    const client = new RawEnd(connect({ port, host: "127.0.0.1", allowHalfOpen, noDelay: true }));
    this.clients.push(client);
    return client;
  }

  /** Sends text on a new connection. */
  send(text: string): RawEnd {
    const client = this.connect();
    client.send(text);
    return client;
  }

  /** The next stream that was opened. */
  stream(): Promise<AgentStream> {
    const index = this.#taken++;
    return this.#waiting.until(() => this.streams[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.socket.destroy();
    await this.front[Symbol.asyncDispose]();
    await this.registry[Symbol.asyncDispose]();
  }
}
