import type { Socket } from "node:net";
import { sharedReads, unpinned } from "@warren/host";
import type { Target } from "../target.ts";
import { connectTo, isTls, readyEvent } from "./connect.ts";
import type { UpstreamEvents } from "./failures.ts";

/**
 * Who hears what a service says. One long-lived object that is swapped as the connection changes
 * hands (a dial, a pool, an exchange, a relay), never a set of closures per request.
 */
export interface SocketOwner {
  /** Connected, and for TLS verified. */
  onConnected(socket: ServiceSocket): void;
  /**
   * Bytes. When `kept` is false they are in a buffer that the next read overwrites: an owner that
   * needs them after it returns copies them.
   */
  onBytes(socket: ServiceSocket, chunk: Buffer, kept: boolean): void;
  /** The kernel has taken so many of the bytes written since this owner took over. */
  onTaken(socket: ServiceSocket, bytes: number): void;
  /** The service will send no more; this side may go on sending. */
  onFin(socket: ServiceSocket): void;
  /** The connection is gone; `error` if it did not end well. Nothing comes after this. */
  onClosed(socket: ServiceSocket, error: NodeJS.ErrnoException | undefined): void;
}

const EMPTY = Buffer.alloc(0);
/**
 * A raw TCP or TLS connection to a service, read without Node's stream queues. A sender of bulk
 * gets buffers of its own, which are given away full instead of being copied.
 */
export class ServiceSocket {
  owner: SocketOwner;
  /** When a pool lets go of it, by the pool's clock. */
  expiresAt = 0;
  readonly #socket: Socket;
  readonly #events: Pick<UpstreamEvents, "broke">;
  readonly #secure: boolean;
  #reading = true;
  #closed = false;
  #connected = false;
  #error: NodeJS.ErrnoException | undefined;
  /** Written since the owner took over, and how many of those it knows to be taken. */
  #written = 0;
  #taken = 0;
  #fenced = false;

  private constructor(target: Target, owner: SocketOwner, events: Pick<UpstreamEvents, "broke">) {
    this.owner = owner;
    this.#events = events;
    this.#secure = isTls(target);
    const reads = sharedReads((bytes, kept) => {
      this.#onRead(bytes, kept);
      return this.#reading;
    });
    this.#socket = connectTo(target, reads);
    this.#socket.once(readyEvent(target), () => {
      this.#connected = true;
      this.owner.onConnected(this);
    });
    this.#socket.on("end", () => this.owner.onFin(this));
    this.#socket.on("error", (error) => (this.#error ??= error));
    this.#socket.on("close", () => this.#onClose());
  }

  /** Begins to connect; `owner.onConnected` or `owner.onClosed` follows, later. */
  static dial(
    target: Target,
    owner: SocketOwner,
    events: Pick<UpstreamEvents, "broke">,
  ): ServiceSocket {
    return new ServiceSocket(target, owner, events);
  }

  /** False from the moment it is destroyed, which is before `onClosed`: a pool must not lend it. */
  get connected(): boolean {
    return this.#connected && !this.#socket.destroyed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Hands the connection to `owner`, reading, with a count of taken bytes that begins at zero. */
  give(owner: SocketOwner): void {
    this.owner = owner;
    // The last bytes of a message may come after a pause: they were already on their way.
    this.resume();
    // What a former owner wrote and the kernel has not taken counts for nobody.
    this.#written = this.#socket.writableLength;
    this.#taken = this.#written;
  }

  /** Sends bytes, which must not change; `onTaken` follows, before this returns if it can. */
  write(chunk: Uint8Array): void {
    this.#socket.write(this.#socket.writableLength > 0 ? unpinned(chunk) : chunk);
    this.#wrote(chunk.length);
  }

  /** Sends bytes that nobody gets credit for: heads, chunk sizes. */
  writeUncounted(chunk: Uint8Array): void {
    this.#socket.write(chunk);
  }

  /** What is written until `uncork` leaves together. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
    this.#report();
  }

  /** Sends FIN after what is queued; reading goes on. */
  end(): void {
    this.#socket.end();
  }

  /** Reads no more until `resume`: the kernel's window closes and the service waits. */
  pause(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#socket.resume();
  }

  /** Ends the connection at once, in both directions; `onClosed` follows. */
  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  /** Ends it with a RST, so that the service does not take what it has for all there is. */
  abort(): void {
    // Without close_notify a TLS peer knows a cut by itself; Node has no reset for TLS.
    if (this.connected && !this.#secure) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** What a service says may find a bug of ours: that costs its connection, not all others. */
  #onRead(bytes: Buffer, kept: boolean): void {
    try {
      this.owner.onBytes(this, bytes, kept);
    } catch (reason) {
      this.#events.broke(reason);
      this.destroy(reason instanceof Error ? reason : new Error(String(reason)));
    }
  }

  #wrote(bytes: number): void {
    this.#written += bytes;
    if (this.#socket.writableCorked === 0) this.#report();
  }

  #report(): void {
    const waiting = this.#socket.writableLength;
    // Uncounted bytes may wait too, so this may say less than is true; never more.
    const taken = Math.max(this.#taken, this.#written - waiting);
    const fresh = taken - this.#taken;
    this.#taken = taken;
    if (taken < this.#written) this.#fence();
    if (fresh > 0) this.owner.onTaken(this, fresh);
  }

  /** An empty write behind what is queued comes back when the kernel has taken that. */
  #fence(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#socket.write(EMPTY, () => {
      this.#fenced = false;
      if (!this.#closed) this.#report();
    });
  }

  #onClose(): void {
    this.#closed = true;
    this.owner.onClosed(this, this.#error);
  }
}
