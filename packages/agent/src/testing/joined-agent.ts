import { promMetrics, systemClock } from "@warren/host";
import { silentLog, Waiting } from "@warren/host/testing";
import type { Clock, Stream } from "@warren/tunnel";
import { Recorder, TunnelPair } from "@warren/tunnel/testing";
import {
  KIND,
  openingBytes,
  Route,
  routeKey,
  writeOpening,
  type Kind,
  type RouteInput,
} from "@warren/wire";
import * as v from "valibot";
import { AgentEvents } from "../events.ts";
import { Published } from "../published.ts";
import { AgentStreams, STREAMS_DEFAULTS, type Seen, type StreamsSettings } from "../streams.ts";
import { createTarget, type TargetInput } from "../target.ts";
import { clockVoice } from "../voice.ts";

/** The gateway's side of one stream: what came back, and ways to wait for it. */
export class Answer extends Recorder {
  readonly #waiting = new Waiting();
  override heard = (): void => this.#waiting.look();

  /** Resolves as soon as `seen` is true of what was heard so far. */
  until(seen: (answer: this) => boolean): Promise<this> {
    return this.#waiting.until(() => seen(this) && this);
  }
  /** Resolves at the end of the answer or at a reset. */
  done(): Promise<this> {
    return this.until(() => this.ended || this.error !== undefined);
  }
  get buffer(): Buffer {
    return Buffer.concat(this.chunks);
  }
  /** The final head. */
  get head(): string {
    return this.heads.at(-1) ?? "";
  }
  get status(): number {
    return Number(this.head.slice(9, 12));
  }
}

export interface OpenOptions {
  kind: Kind;
  ended: boolean;
  backend: number;
  key: string;
}

/** An agent's streams behind a tunnel in memory; the test plays the gateway. */
export class JoinedAgent {
  readonly clock: Clock;
  readonly metrics = promMetrics();
  readonly published = new Published(clockVoice(() => 1_000));
  readonly streams: AgentStreams;
  readonly pair: TunnelPair;
  readonly seen: Seen[] = [];
  readonly #waiting = new Waiting();
  #key = "";

  constructor(settings: Partial<StreamsSettings> = {}, clock: Clock = systemClock) {
    this.clock = clock;
    this.streams = new AgentStreams(
      {
        published: this.published,
        clock,
        events: new AgentEvents(silentLog(), this.metrics),
        watch: (seen) => {
          this.seen.push(seen);
          this.#waiting.look();
        },
      },
      { ...STREAMS_DEFAULTS, ...settings },
    );
    this.pair = new TunnelPair({
      clock,
      onStream: (stream, opening, ended) => this.streams.accept(stream, opening, ended),
      endOfTurn: (task) => {
        setImmediate(() => {
          task();
          this.pair.pipe.deliver();
        });
      },
    });
  }

  /** Resolves when `count` streams have come to their end. */
  async finished(count: number): Promise<void> {
    await this.#waiting.until(() => this.seen.length >= count);
  }

  /** Publishes one route and makes it the one that `open` uses. Returns its key. */
  publish(targets: readonly TargetInput[], route: Partial<RouteInput> = {}): string {
    const backends = targets.map((target, i) => ({ service: `s${i}`, port: target.port }));
    const full = v.parse(Route, {
      host: "app.test",
      service: "s0",
      port: targets[0]!.port,
      ...(targets.length > 1 ? { backends } : {}),
      ...route,
    });
    this.published.change("test", [{ route: full, targets: targets.map(createTarget) }], []);
    this.#key = routeKey(full);
    return this.#key;
  }

  /** Opens a stream as a gateway would; `head` gets its empty line here. */
  open(head: string, options: Partial<OpenOptions> = {}): { stream: Stream; answer: Answer } {
    const { kind = KIND.http, ended = true, backend = 0, key = this.#key } = options;
    const text = Buffer.from(kind === KIND.tcp ? head : `${head}\r\n\r\n`, "latin1");
    const opening = { kind, backend, route: Buffer.from(key, "latin1") };
    const bytes = new Uint8Array(openingBytes(opening, text.length));
    bytes.set(text, writeOpening(bytes, opening));
    const answer = new Answer();
    const stream = this.pair.acceptor.open(bytes, ended, answer);
    answer.stream = stream;
    return { stream, answer };
  }

  get(path = "/", more = ""): Promise<Answer> {
    return this.open(`GET ${path} HTTP/1.1\r\nHost: app.test${more}`).answer.done();
  }
}
