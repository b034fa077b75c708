import { LIMITS, WireError, type Control, type RegisterSuccess } from "@warren/wire";
import { Acceptor } from "../acceptor.ts";
import type { Association, Identity } from "../association.ts";
import { Dialler, type TunnelWorld } from "../dialler.ts";
import type { Heard } from "../carrier.ts";
import { Pool } from "../pool.ts";
import type { Stream, Transport } from "../ports.ts";
import type { Tunnel } from "../tunnel.ts";
import { ManualClock, rethrow } from "./pair.ts";
import { Pipe } from "./pipe.ts";

/** Acceptors and diallers joined in memory, on a clock that moves when told. */
export class House {
  readonly clock = new ManualClock();
  readonly #tasks: (() => void)[] = [];
  readonly pipes = new Set<Pipe>();
  /** What `dial` does; tests make it fail. */
  door: "open" | "shut" | "unauthorized" | "later" = "open";
  /** The same by address, where it matters. */
  doors: ((url: string) => House["door"]) | undefined;
  /** Changes what gateways say. */
  forge: ((text: string) => string) | undefined;
  acceptor: Acceptor<Identity>;
  readonly said: string[] = [];
  readonly accepted: { stream: Stream; opening: string }[] = [];
  onStream: (stream: Stream, opening: Uint8Array, ended: boolean) => void = () => {};
  elsewhere: (transport: Transport) => Promise<Heard | undefined> = async () => undefined;
  /** Other gateways that diallers know. */
  others: readonly string[] = [];
  #ids = 0;

  constructor() {
    this.acceptor = this.newAcceptor();
  }

  get world(): TunnelWorld {
    return {
      clock: this.clock,
      endOfTurn: (task) => void this.#tasks.push(task),
      allocate: (bytes) => new Uint8Array(bytes),
      toText: (bytes) => String.fromCharCode(...bytes),
      toBytes: (text) => Uint8Array.from(text, (char) => char.charCodeAt(0)),
      random: () => 0.5,
      broke: rethrow,
      timestamp: () => "2026-01-01T00:00:00Z",
    };
  }

  /** A gateway that knows nothing, as after a restart. */
  newAcceptor(): Acceptor<Identity> {
    const say = (what: string, one: Association, more = "") =>
      void this.said.push(`${what} ${one.register.agent_id}${more}`);
    return new Acceptor<Identity>({
      world: this.world,
      newTunnelId: () => `tunnel-${++this.#ids}`,
      gateway: { id: "g1", url: "ws://g1" },
      gateways: () => [{ id: "g1", url: "ws://g1" }],
      pool: () => new Pool(1_048_576),
      limits: LIMITS,
      opens: LIMITS.streams,
      detectMs: 30_000,
      resumeMs: 60_000,
      heartbeatMs: 30_000,
      owner: {
        onUp: (one, resumed) => say("up", one, resumed ? " resumed" : ""),
        onDown: (one) => say("down", one),
        onGone: (one, error) => say("gone", one, ` ${error.code}`),
        onControl: (one, message) => say(message.type, one),
        onStream: (_one, stream, opening, ended) => this.onStream(stream, opening, ended),
        elsewhere: (_register, _identity, transport) => this.elsewhere(transport),
      },
    });
  }

  dialler(agentId: string, identity: Partial<Identity> = {}, instance?: string) {
    const heard: string[] = [];
    const ups: RegisterSuccess[] = [];
    const gone: { tunnel: Tunnel; error: WireError }[] = [];
    const controls: Control[] = [];
    const waits: number[] = [];
    const who = { tokenId: "t1", clusterUuid: "c1", cluster: "home", ...identity };
    const dialler = new Dialler({
      world: this.world,
      urls: ["ws://one", "ws://two"],
      others: () => this.others,
      dial: (url, line) => this.#dial(url, line, who, heard),
      registration: () => ({
        agentId,
        instance,
        name: agentId,
        version: "0",
        labels: {},
        place: {},
        ready: true,
      }),
      pool: () => new Pool(1_048_576),
      limits: LIMITS,
      detectMs: 30_000,
      owner: {
        onUp: (_tunnel, info, resumed) => {
          ups.push(info);
          heard.push(resumed ? "resumed" : "up");
        },
        onDown: () => void heard.push("down"),
        onGone: (tunnel, error) => void gone.push({ tunnel, error }),
        onRetry: (error, retryInMs) => {
          waits.push(retryInMs);
          heard.push(`retry ${error.code}`);
        },
        onReplaced: () => void heard.push("replaced"),
        onRetired: () => void heard.push("retired"),
        onControl: (message) => void controls.push(message),
        onStream: (stream, opening) =>
          void this.accepted.push({ stream, opening: String.fromCharCode(...opening) }),
      },
    });
    return { dialler, heard, ups, gone, controls, waits, who };
  }

  async #dial(url: string, line: Heard, who: Identity, heard: string[]): Promise<Transport> {
    heard.push(`dial ${url}`);
    const door = this.doors?.(url) ?? this.door;
    if (door === "unauthorized") throw new WireError("unauthorized", "bad token");
    if (door === "shut") throw new WireError("upstream_unreachable", "refused");
    if (door === "later")
      throw new WireError("overloaded", "come back in a day", { retryAfterMs: 86_400_000 });
    const pipe = new Pipe();
    this.pipes.add(pipe);
    const gateway = this.acceptor.accept(pipe.right, who);
    pipe.right.onBinary = (message) => gateway.onBinary(message);
    pipe.right.onText = (message) => gateway.onText(message);
    pipe.right.onClose = (code, reason) => gateway.onClose(code, reason);
    pipe.left.onBinary = (message) => line.onBinary(message);
    pipe.left.onText = (message) => line.onText(this.forge?.(message) ?? message);
    pipe.left.onClose = (code, reason) => line.onClose(code, reason);
    return pipe.left;
  }

  /** Delivers and runs ends of turns until nothing moves. */
  async settle(): Promise<void> {
    for (let still = 0; still < 5;) {
      await Promise.resolve();
      const tasks = this.#tasks.splice(0);
      for (const task of tasks) task();
      let moved = tasks.length;
      for (const pipe of this.pipes) moved += pipe.deliver(1);
      still = moved === 0 ? still + 1 : 0;
    }
  }

  /** Moves time in steps, settling at each, so that timers set on the way fire too. */
  async pass(ms: number, stepMs = 100): Promise<void> {
    for (let done = 0; done < ms; done += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - done));
      await this.settle();
    }
  }

  /** Cuts every transport. */
  cutAll(): void {
    for (const pipe of this.pipes) pipe.cut();
    this.pipes.clear();
  }

  /** Every transport goes silent without closing. */
  blackHole(): void {
    for (const pipe of this.pipes) {
      pipe.left.onText = pipe.left.onBinary = pipe.right.onText = pipe.right.onBinary = () => {};
    }
  }
}
