import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { Flow } from "./flow.ts";
import { Link, linkLimits, type LinkLimits } from "./link.ts";
import { Waiting } from "./waiting.ts";

export interface FaultProxyOptions {
  /** Where connections go on to. */
  target: { port: number; host?: string };
  /** From the dialling side to the target. Nothing limited where left out. */
  up?: Partial<LinkLimits>;
  /** From the target to the dialling side. */
  down?: Partial<LinkLimits>;
}

/** What has happened so far; `live` is how many connections are up now. */
export interface FaultCounts {
  accepted: number;
  connected: number;
  live: number;
  refused: number;
  cut: number;
  upBytes: number;
  downBytes: number;
}

/**
 * A TCP proxy on 127.0.0.1 that is a slow line and breaks in all the ways that lines do. `heal` ends
 * every fault that is going on; what was cut stays cut. Connections that a fault killed count in
 * `cut`. Closing it resets what is open.
 */
export class FaultProxy implements AsyncDisposable {
  readonly counts: FaultCounts = {
    accepted: 0,
    connected: 0,
    live: 0,
    refused: 0,
    cut: 0,
    upBytes: 0,
    downBytes: 0,
  };
  readonly #server: Server;
  readonly #target: { port: number; host: string };
  readonly #limits: { up: LinkLimits; down: LinkLimits };
  readonly #up: Link;
  readonly #down: Link;
  readonly #passages = new Set<Passage>();
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Waiting();
  #tear: { depth: number; done: () => void } | undefined;
  #newcomers: "pass" | "hold" | "refuse" = "pass";

  constructor(server: Server, options: FaultProxyOptions) {
    this.#server = server;
    this.#target = { host: "127.0.0.1", ...options.target };
    this.#limits = { up: linkLimits(options.up), down: linkLimits(options.down) };
    this.#up = new Link(this.#limits.up);
    this.#down = new Link(this.#limits.down);
    server.on("connection", (client: Socket) => this.#accept(client));
  }

  /** Of 127.0.0.1. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when `atLeast` connections have reached the target since the start. */
  connected(atLeast = 1): Promise<void> {
    return this.until((counts) => counts.connected >= atLeast);
  }

  /** Resolves when `true` of the counts, which it looks at after every change but those of bytes. */
  async until(wanted: (counts: FaultCounts) => boolean): Promise<void> {
    await this.#waiting.until(() => wanted(this.counts));
  }

  /** Ends all connections on both sides; bytes under way are lost. Returns how many. */
  cut(how: "rst" | "fin"): number {
    const victims = [...this.#passages];
    for (const victim of victims) victim.cut(how);
    return victims.length;
  }

  /**
   * Lets `payloadBytes` more of a WebSocket frame through, then resets both sides: of the first
   * connection, now or later, that carries a frame longer than that, in either direction. Resolves
   * when that is done, or when `heal` called it off.
   */
  cutMidFrame(payloadBytes = 1): Promise<void> {
    this.#disarm();
    return new Promise((done) => {
      this.#tear = { depth: payloadBytes, done };
      for (const passage of this.#passages) this.#arm(passage);
    });
  }

  /**
   * Nothing moves any more and nobody is told. New connections are accepted and held too, unless
   * `newcomers` is "pass". After `heal` held connections go on without loss, as TCP would.
   */
  blackHole(options: { newcomers: "hold" | "pass" } = { newcomers: "hold" }): void {
    this.#newcomers = options.newcomers;
    for (const passage of this.#passages) passage.hold(true);
  }

  /** One side is reset; the other, the `survivor`, hears nothing until `heal` resets it too. */
  halfOpen(survivor: "client" | "target" = "client"): void {
    for (const passage of this.#passages) passage.halfOpen(survivor);
  }

  /** Slows both directions down to a trickle. */
  drip(bytesPerSecond: number): void {
    this.#up.change({ bytesPerSecond });
    this.#down.change({ bytesPerSecond });
  }

  /**
   * Resets new connections as soon as they are accepted. The listener stays, since a port that was
   * closed may be somebody else's when it is wanted back.
   */
  refuse(): void {
    this.#newcomers = "refuse";
  }

  /** Ends every fault: limits are those of the start, held connections go on, half-open ones are reset. */
  heal(): void {
    this.#newcomers = "pass";
    this.#disarm();
    this.#up.change(this.#limits.up);
    this.#down.change(this.#limits.down);
    for (const passage of this.#passages) passage.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server.close(), "close");
    this.#disarm();
    this.#up.close();
    this.#down.close();
    for (const socket of this.#sockets) reset(socket);
    await closed;
  }

  #accept(client: Socket): void {
    this.counts.accepted++;
    if (this.#newcomers === "refuse") {
      this.counts.refused++;
      client.on("error", ignore).resetAndDestroy();
    } else this.#openPassage(client);
    this.#waiting.look();
  }

  #openPassage(client: Socket): void {
    const passage = new Passage({
      client,
      target: this.#target,
      up: this.#up,
      down: this.#down,
      counts: this.counts,
      sockets: this.#sockets,
      changed: () => {
        if (passage.over) this.#passages.delete(passage);
        this.#waiting.look();
      },
    });
    this.#passages.add(passage);
    if (this.#newcomers === "hold") passage.hold(true);
    else passage.dial();
    if (this.#tear !== undefined) this.#arm(passage);
  }

  #arm(passage: Passage): void {
    passage.tear(this.#tear?.depth, () => this.#disarm());
  }

  #disarm(): void {
    const armed = this.#tear;
    this.#tear = undefined;
    for (const passage of this.#passages) this.#arm(passage);
    armed?.done();
  }
}

interface PassageOptions {
  client: Socket;
  target: { port: number; host: string };
  up: Link;
  down: Link;
  counts: FaultCounts;
  sockets: Set<Socket>;
  changed: () => void;
}

/** One proxied connection. */
class Passage {
  readonly #options: PassageOptions;
  readonly #client: Socket;
  #target: Socket | undefined;
  #flows: Flow[] = [];
  #survivor: Socket | undefined;
  #tear: { depth: number; torn: () => void } | undefined;
  #held = false;
  #connected = false;
  over = false;

  constructor(options: PassageOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#guard(this.#client);
  }

  dial(): void {
    const { target, up, down, counts, changed } = this.#options;
    const socket = connect({ ...target, noDelay: true, allowHalfOpen: true });
    this.#target = socket;
    this.#guard(socket);
    this.#flows = [
      new Flow(this.#client, socket, up, (bytes) => (counts.upBytes += bytes)),
      new Flow(socket, this.#client, down, (bytes) => (counts.downBytes += bytes)),
    ];
    for (const flow of this.#flows) flow.tearInsideFrame(this.#tear);
    socket.once("connect", () => {
      if (this.over) return;
      this.#connected = true;
      counts.connected++;
      counts.live++;
      changed();
    });
  }

  cut(how: "rst" | "fin"): void {
    this.#drop();
    this.#options.counts.cut++;
    for (const socket of [this.#client, this.#target]) {
      if (how === "rst") reset(socket);
      else socket?.end();
    }
    this.#finish();
  }

  /** Cuts inside the next frame that is deep enough; undefined: no longer. */
  tear(depth: number | undefined, done: () => void): void {
    const torn = () => {
      if (!this.over) this.cut("rst");
      done();
    };
    this.#tear = depth === undefined ? undefined : { depth, torn };
    for (const flow of this.#flows) flow.tearInsideFrame(this.#tear);
  }

  hold(held: boolean): void {
    this.#held = held;
    if (this.#survivor !== undefined) return;
    for (const flow of this.#flows) flow.hold(held);
    if (!held && this.#target === undefined) this.dial();
  }

  halfOpen(survivor: "client" | "target"): void {
    if (this.#target === undefined || this.#survivor !== undefined) return;
    const [kept, lost] =
      survivor === "client" ? [this.#client, this.#target] : [this.#target, this.#client];
    this.#survivor = kept;
    this.#drop();
    reset(lost);
  }

  heal(): void {
    if (this.#survivor !== undefined) this.cut("rst");
    else if (this.#held) this.hold(false);
  }

  /** What one side does the other one sees; a survivor of half-open is on its own. */
  #guard(socket: Socket): void {
    const { sockets } = this.#options;
    sockets.add(socket);
    socket.on("error", ignore);
    socket.on("close", (failed) => {
      sockets.delete(socket);
      if (this.over || (this.#survivor !== undefined && this.#survivor !== socket)) return;
      const other = socket === this.#client ? this.#target : this.#client;
      if (failed) {
        this.#drop();
        reset(other);
      } else if (other !== undefined && !other.destroyed) return;
      this.#finish();
    });
  }

  #drop(): void {
    for (const flow of this.#flows) flow.drop();
  }

  #finish(): void {
    if (this.over) return;
    this.over = true;
    if (this.#connected) this.#options.counts.live--;
    this.#options.changed();
  }
}

/** By RST; a socket that has sent its FIN is only closed, since libuv does not reset after a shutdown. */
function reset(socket: Socket | undefined): void {
  if (socket?.writableEnded) socket.destroy();
  else socket?.resetAndDestroy();
}

function ignore(): void {
  // A socket's error is followed by its close, which is where it is dealt with.
}

/** Opens the proxy on a free port of 127.0.0.1; dispose it to close it. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const proxy = new FaultProxy(server, options);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return proxy;
}
