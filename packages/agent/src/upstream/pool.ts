import type { Clock } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import type { Target } from "../target.ts";
import type { Dialer, Dialling } from "./dialer.ts";
import { connectError, connectTimeout, type UpstreamEvents } from "./failures.ts";
import { ServiceSocket, type SocketOwner } from "./service-socket.ts";

/** Who waits for a connection. */
export interface Waiter {
  /** Takes no connection that served before: the last such one just died. */
  readonly freshOnly: boolean;
  /** Yours, until it is released or destroyed. The waiter makes itself the owner with `give`. */
  onSocket(socket: ServiceSocket, reused: boolean): void;
  onNoSocket(error: WireError): void;
}

export interface PoolSettings {
  /** Connections kept open per target while no request needs them. */
  maxIdle: number;
  /** How long such a connection is kept. */
  idleMs: number;
}

/**
 * Connections to one target. The last one released is the first one taken, so that few stay warm and
 * the rest age away. A connection that says anything while idle is out of step and is discarded.
 * Waiters are served in order by whichever comes first, a dial or a release.
 */
export class Pool implements SocketOwner, Dialling {
  readonly target: Target;
  readonly #dialer: Dialer;
  readonly #clock: Clock;
  readonly #settings: PoolSettings;
  readonly #events: UpstreamEvents;
  readonly #idle: ServiceSocket[] = [];
  readonly #dials = new Map<ServiceSocket, () => void>();
  #waiters: Waiter[] = [];
  /** Handed out and not released or closed. */
  #active = 0;
  #isLeft = false;

  constructor(
    target: Target,
    deps: { dialer: Dialer; clock: Clock; settings: PoolSettings; events: UpstreamEvents },
  ) {
    this.target = target;
    this.#dialer = deps.dialer;
    this.#clock = deps.clock;
    this.#settings = deps.settings;
    this.#events = deps.events;
  }

  get idle(): number {
    return this.#idle.length;
  }
  get active(): number {
    return this.#active;
  }
  get unused(): boolean {
    return this.#idle.length + this.#dials.size + this.#waiters.length + this.#active === 0;
  }

  /** A connection that is ready now, or undefined: then `wait` for one. */
  takeIdle(): ServiceSocket | undefined {
    for (let socket = this.#idle.pop(); socket !== undefined; socket = this.#idle.pop()) {
      if (socket.connected && socket.expiresAt > this.#clock.now()) {
        this.#active++;
        return socket;
      }
      socket.destroy();
    }
    return undefined;
  }

  wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.#dialer.ask(this);
  }

  /** The waiter needs no connection any more. A dial that is under way for it goes on. */
  forget(waiter: Waiter): void {
    const at = this.#waiters.indexOf(waiter);
    if (at !== -1) this.#waiters.splice(at, 1);
  }

  /** Gives back a connection that is between two messages. The service keeps it for `keepMs`. */
  release(socket: ServiceSocket, keepMs: number): void {
    this.#active--;
    socket.give(this);
    if (!socket.connected) return;
    const at = this.#waiters.findIndex((waiter) => !waiter.freshOnly);
    if (at !== -1) return this.#hand(socket, this.#waiters.splice(at, 1)[0]!, true);
    const full = this.#idle.length >= this.#settings.maxIdle;
    if (full || keepMs <= 0 || this.#isLeft) return socket.destroy();
    socket.expiresAt = this.#clock.now() + Math.min(this.#settings.idleMs, keepMs);
    this.#idle.push(socket);
  }

  /** A connection that was handed out is of no more use. */
  discard(socket: ServiceSocket): void {
    this.#active--;
    socket.destroy();
  }

  /** Closes connections that were idle for too long. */
  sweep(): void {
    const now = this.#clock.now();
    // Destroying tells `onClosed` later, so the array does not move under this loop.
    for (const socket of this.#idle) if (socket.expiresAt <= now) socket.destroy();
  }

  /** Keeps no connection any more: what is in use, and who waits, is seen to its end. */
  leave(): void {
    this.#isLeft = true;
    for (const socket of this.#idle) socket.destroy();
  }

  /** Closes what is idle and fails what waits. */
  close(error: WireError): void {
    for (const socket of this.#idle) socket.destroy();
    for (const waiter of this.#waiters.splice(0)) waiter.onNoSocket(error);
  }

  onSlot(): boolean {
    if (this.#dials.size >= this.#waiters.length) return false;
    const socket = ServiceSocket.dial(this.target, this, this.#events);
    const forget = this.#clock.after(this.target.connectTimeoutMs, () =>
      socket.destroy(connectTimeout()),
    );
    this.#dials.set(socket, forget);
    if (this.#dials.size < this.#waiters.length) this.#dialer.ask(this);
    return true;
  }

  onConnected(socket: ServiceSocket): void {
    this.#dialled(socket);
    this.#events.connected();
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return this.#hand(socket, waiter, false);
    this.#active++;
    this.release(socket, this.#settings.idleMs);
  }

  onClosed(socket: ServiceSocket, error: NodeJS.ErrnoException | undefined): void {
    if (!this.#dials.has(socket)) {
      const at = this.#idle.indexOf(socket);
      if (at !== -1) this.#idle.splice(at, 1);
      return;
    }
    this.#dialled(socket);
    const failure = connectError(error);
    this.#events.connectFailed(this.target, failure);
    this.#waiters.shift()?.onNoSocket(failure.error);
    if (this.#dials.size < this.#waiters.length) this.#dialer.ask(this);
  }

  onBytes(socket: ServiceSocket): void {
    socket.destroy();
  }
  onFin(socket: ServiceSocket): void {
    socket.destroy();
  }
  onTaken(): void {}

  #dialled(socket: ServiceSocket): void {
    this.#dials.get(socket)?.();
    this.#dials.delete(socket);
    this.#dialer.done(this);
  }

  #hand(socket: ServiceSocket, waiter: Waiter, reused: boolean): void {
    this.#active++;
    waiter.onSocket(socket, reused);
  }
}
