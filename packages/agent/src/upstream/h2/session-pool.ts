import type { Clock } from "@warren/tunnel";
import type { WireError } from "@warren/wire";
import type { Target } from "../../target.ts";
import type { Dialer, Dialling } from "../dialer.ts";
import { broken, connectError, connectTimeout, type UpstreamEvents } from "../failures.ts";
import { Session, type SessionOwner } from "./session.ts";

/** Who waits for a session with room for a stream. */
export interface SessionWaiter {
  onSession(session: Session): void;
  onNoSession(error: WireError): void;
}

/** More connections than this gain nothing; a service that takes few streams lets the rest wait. */
const MOST_SESSIONS = 8;

/**
 * HTTP/2 connections to one target: one carries all streams, more are opened only when the service
 * limits how many a connection may have. One that was told to go away gets no new streams.
 */
export class SessionPool implements SessionOwner, Dialling {
  readonly #target: Target;
  readonly #dialer: Dialer;
  readonly #clock: Clock;
  readonly #events: UpstreamEvents;
  readonly #idleMs: number;
  readonly #sessions = new Set<Session>();
  readonly #dials = new Map<Session, () => void>();
  #waiters: SessionWaiter[] = [];

  constructor(
    target: Target,
    deps: { dialer: Dialer; clock: Clock; idleMs: number; events: UpstreamEvents },
  ) {
    this.#target = target;
    this.#dialer = deps.dialer;
    this.#clock = deps.clock;
    this.#idleMs = deps.idleMs;
    this.#events = deps.events;
  }

  get idle(): number {
    let idle = 0;
    for (const session of this.#sessions) if (session.streams === 0) idle++;
    return idle;
  }
  get active(): number {
    return this.#sessions.size - this.idle;
  }
  get unused(): boolean {
    return this.#sessions.size + this.#dials.size + this.#waiters.length === 0;
  }

  /** Calls `waiter.onSession` once there is room, before this returns if there is some now. */
  wait(waiter: SessionWaiter): void {
    this.#waiters.push(waiter);
    this.#serve();
  }

  forget(waiter: SessionWaiter): void {
    const at = this.#waiters.indexOf(waiter);
    if (at !== -1) this.#waiters.splice(at, 1);
  }

  /** Closes sessions that were idle for too long, and asks the others whether they live. */
  sweep(): void {
    const now = this.#clock.now();
    for (const session of this.#sessions) {
      if (session.streams === 0 && now - session.idleSince >= this.#idleMs) session.close();
      else session.ping(now);
    }
  }

  /** Keeps no session any more: closes those without streams; called again until none is left. */
  leave(): void {
    for (const session of this.#sessions) if (session.streams === 0) session.close();
  }

  close(error: WireError): void {
    for (const session of this.#sessions) session.close();
    for (const waiter of this.#waiters.splice(0)) waiter.onNoSession(error);
  }

  onSlot(): boolean {
    if (this.#waiters.length === 0 || this.#dials.size > 0) return false;
    const session = new Session(this.#target, this);
    const forget = this.#clock.after(this.#target.connectTimeoutMs, () =>
      session.destroy(connectTimeout()),
    );
    this.#dials.set(session, forget);
    return true;
  }

  onRoom(session: Session): void {
    session.idleSince = this.#clock.now();
    if (this.#dials.has(session)) {
      this.#dialled(session);
      this.#sessions.add(session);
      this.#events.connected();
    }
    this.#serve();
  }

  onGone(session: Session, error: NodeJS.ErrnoException | undefined): void {
    this.#sessions.delete(session);
    if (this.#dials.has(session)) this.#dialFailed(session, error);
    this.#serve();
  }

  /** One dial serves all who wait, so its failure is everybody's. */
  #dialFailed(session: Session, cause: NodeJS.ErrnoException | undefined): void {
    const failure = connectError(cause);
    const slow = failure.reason === "timeout";
    if (session.connected && !slow)
      failure.error = broken("the service does not speak HTTP/2", cause);
    this.#dialled(session);
    this.#events.connectFailed(this.#target, failure);
    for (const waiter of this.#waiters.splice(0)) waiter.onNoSession(failure.error);
  }

  #dialled(session: Session): void {
    this.#dials.get(session)?.();
    this.#dials.delete(session);
    this.#dialer.done(this);
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      const session = this.#roomiest();
      if (session === undefined) break;
      this.#waiters.shift()!.onSession(session);
    }
    const more = this.#waiters.length > 0 && this.#dials.size === 0;
    if (more && this.#sessions.size < MOST_SESSIONS) this.#dialer.ask(this);
  }

  #roomiest(): Session | undefined {
    let best: Session | undefined;
    for (const session of this.#sessions) {
      if (session.hasRoom && (best === undefined || session.streams < best.streams)) best = session;
    }
    return best;
  }
}
