import type { Server, Socket } from "node:net";
import { listen, ListenError, type Listener } from "@warren/host";
import { addressOf } from "./peer.ts";
import type { FrontContext } from "./front-context.ts";
import { Peek } from "./peek.ts";
import { acceptProxied } from "./proxied.ts";
import { joinTcp } from "./tcp-arrival.ts";

/** A port that another program holds is tried again after this. */
const AGAIN_MS = 10_000;

export interface TcpPortsOptions {
  host: string | undefined;
  /** Makes a server of raw sockets. */
  createServer: (accept: (socket: Socket) => void) => Server;
}

/** Listens wherever there is a tcp route, and nowhere else. */
export class TcpPorts {
  readonly #context: FrontContext;
  readonly #options: TcpPortsOptions;
  readonly #listeners = new Map<number, Listener>();
  readonly #stopHearing: () => void;
  #working: Promise<void> = Promise.resolve();
  #again: (() => void) | undefined;
  #stopped = false;

  private constructor(context: FrontContext, options: TcpPortsOptions) {
    this.#context = context;
    this.#options = options;
    this.#stopHearing = context.deps.registry.onPublicPorts(() => void this.refresh());
  }

  static async open(context: FrontContext, options: TcpPortsOptions): Promise<TcpPorts> {
    const ports = new TcpPorts(context, options);
    await ports.refresh();
    return ports;
  }

  /** Makes the listeners what the routes ask for now. Never rejects. */
  refresh(): Promise<void> {
    const { events } = this.#context.deps;
    this.#working = this.#working
      .then(() => this.#refresh())
      .catch((reason: unknown) => events.broke("public ports", reason));
    return this.#working;
  }

  /** Accepts no more; what was accepted goes on. */
  stop(): void {
    this.#stopped = true;
    this.#stopHearing();
    this.#again?.();
    for (const listener of this.#listeners.values()) listener.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#working;
    for (const listener of this.#listeners.values()) await listener[Symbol.asyncDispose]();
  }

  async #refresh(): Promise<void> {
    const wanted = new Set(await this.#context.deps.registry.publicPorts());
    for (const [port, listener] of this.#listeners) {
      if (wanted.has(port)) continue;
      listener.stop();
      this.#listeners.delete(port);
    }
    for (const port of wanted) {
      if (this.#stopped) return;
      if (!this.#listeners.has(port)) await this.#listen(port);
    }
  }

  async #listen(port: number): Promise<void> {
    const server = this.#options.createServer((socket) => this.#accept(port, socket));
    const said = { host: "--tcp-host", port: "--tcp-ports" };
    try {
      const { host } = this.#options;
      this.#listeners.set(port, await listen(server, { host, port, fd: undefined, said }));
      this.#context.deps.events.portListening(port);
    } catch (reason) {
      if (!(reason instanceof ListenError)) throw reason;
      this.#context.deps.events.portProblem(port, reason.message);
      this.#again?.();
      this.#again = this.#context.deps.clock.after(AGAIN_MS, () => void this.refresh());
    }
  }

  #accept(port: number, socket: Socket): void {
    const context = this.#context;
    acceptProxied(context, socket, (accepted, proxy) => {
      const client = addressOf(accepted, proxy);
      const lookUp = () => context.deps.registry.lookupPort(port);
      void joinTcp(context, Peek.hold(context, accepted), { answer: lookUp(), client, lookUp });
    });
  }
}
