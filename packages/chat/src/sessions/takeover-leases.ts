import { wait, type Clock } from "@warren/host";
import { bodyOf } from "../log/body.ts";
import type { Entry, SessionKey } from "../log/entry.ts";
import type { SessionRow } from "../log/session-row.ts";
import { EVERY, everyRow, type ListSessions } from "./every-row.ts";
import type { HeldCounters } from "./held-counters.ts";

export interface TakeoverLeasesOptions {
  counters: HeldCounters;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** An admin who is not seen for so long has lost what they hold. */
  leaseMs: number;
  /** True while an admin follows the session here. */
  isThere: (sessionId: string, adminId: string) => boolean;
  row: (key: SessionKey) => Promise<SessionRow | undefined>;
  list: ListSessions;
  /** Gives the session back to the AI, if this control is still in force. */
  end: (key: SessionKey, epoch: number) => Promise<void>;
  /** What was to be done is tried again. */
  failed: (cause: unknown) => void;
}

/** A session that a person holds, as this instance sees it. */
interface Watched {
  readonly key: SessionKey;
  readonly epoch: number;
  readonly adminId: string;
  count: number | undefined;
  /** When the counter, or the admin, was last seen to move, by this instance's clock. */
  movedMs: number;
  /** When it was last seen to be there at all. */
  foundMs: number;
}

/** Looks in the time of a lease. */
const LOOKS = 10;
const LEAST_LOOK_MS = 50;
/** Sessions that are looked through for takeovers at the start, the latest first. */
const MOST_LOOKED = 10_000;

/**
 * Ends takeovers whose admins are gone: a closed laptop would keep the AI from a user for good.
 *
 * 1. The instance where the admin follows the session, or does something in it, moves its counter.
 * 2. Every instance that knows of the takeover watches the counter by its own clock. When it has been
 *    still for the lease, the session goes back to the AI, under the takeover's own epoch: an admin who
 *    came back meanwhile, or another, keeps it.
 * 3. A takeover is heard of when it is stored, of another instance a moment later; one that began before this
 *    process is found at its start, or when something is said in it, and has a whole lease from then on.
 */
export class TakeoverLeases implements AsyncDisposable {
  readonly #options: TakeoverLeasesOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #closing = new AbortController();
  readonly #looking: Promise<void>;

  constructor(options: TakeoverLeasesOptions) {
    this.#options = options;
    this.#looking = this.#run();
  }

  /** How many are watched. */
  get size(): number {
    return this.#watched.size;
  }

  /** True while this admin has the session, as far as it was heard of. */
  isHeldBy(sessionId: string, adminId: string): boolean {
    return this.#watched.get(sessionId)?.adminId === adminId;
  }

  /** Something was stored in a session here. */
  note(entry: Entry): void {
    const watched = this.#watched.get(entry.sessionId);
    if (watched !== undefined && entry.author === `admin:${watched.adminId}`) this.#seen(watched);
    this.heard(entry);
  }

  /** Something was stored, by whichever instance; it may be told twice, and late. */
  heard(entry: Entry): void {
    const { sessionId, controlEpoch, isHeld, isClosed } = entry;
    const watched = this.#watched.get(sessionId);
    if (entry.kind === "control") {
      if (controlEpoch <= (watched?.epoch ?? 0)) return;
      const { mode, adminId } = bodyOf<"control">({ kind: "control", body: entry.body });
      if (mode === "person" && adminId !== undefined) this.#watch(entry, controlEpoch, adminId);
      else this.#forget(sessionId);
    } else if (isClosed) this.#forget(sessionId);
    else if (watched === undefined && isHeld) void this.#find(entry);
  }

  /** Its admin has said again that they hold it. */
  renew({ sessionId }: SessionKey): void {
    const watched = this.#watched.get(sessionId);
    if (watched !== undefined) this.#seen(watched);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#looking;
  }

  #watch({ userId, sessionId }: SessionKey, epoch: number, adminId: string): void {
    const movedMs = this.#options.clock.now();
    const key = { userId, sessionId };
    const watched = { key, epoch, adminId, count: undefined, movedMs, foundMs: movedMs };
    this.#watched.set(sessionId, watched);
  }

  #forget(sessionId: string): void {
    const watched = this.#watched.get(sessionId);
    if (watched === undefined) return;
    this.#watched.delete(sessionId);
    const { counters, failed } = this.#options;
    counters.forget(watched.key, watched.epoch).catch(failed);
  }

  /** (1) */
  #seen(watched: Watched): void {
    const { counters, clock, failed } = this.#options;
    watched.movedMs = clock.now();
    counters.move(watched.key, watched.epoch).catch(failed);
  }

  /** (3) */
  async #find(key: SessionKey): Promise<void> {
    try {
      const row = await this.#options.row(key);
      if (row !== undefined) this.#take(row);
    } catch (cause) {
      this.#options.failed(cause);
    }
  }

  #take({ userId, sessionId, control, endMs }: SessionRow): void {
    const { mode, adminId, epoch } = control;
    if (mode !== "person" || adminId === undefined || endMs !== undefined) return;
    if (!this.#watched.has(sessionId)) this.#watch({ userId, sessionId }, epoch, adminId);
  }

  async #run(): Promise<void> {
    const { clock, leaseMs } = this.#options;
    const { signal } = this.#closing;
    const everyMs = Math.max(LEAST_LOOK_MS, leaseMs / LOOKS);
    await this.#recover().catch((cause: unknown) => this.#options.failed(cause));
    while (await wait(clock, everyMs, signal)) {
      for (const watched of this.#watched.values()) {
        if (signal.aborted) return;
        await this.#look(watched).catch((cause: unknown) => this.#options.failed(cause));
      }
    }
  }

  /** (2) */
  async #look(watched: Watched): Promise<void> {
    const { counters, clock, leaseMs, isThere, end } = this.#options;
    const { key, epoch, adminId } = watched;
    if (await this.#isErased(watched)) return this.#forget(key.sessionId);
    if (isThere(key.sessionId, adminId)) this.#seen(watched);
    const count = await counters.read(key, epoch);
    if (count !== watched.count) {
      watched.count = count;
      watched.movedMs = clock.now();
    }
    if (clock.now() - watched.movedMs < leaseMs) return;
    await end(key, epoch);
    // Unless it has become another takeover meanwhile.
    if (this.#watched.get(key.sessionId) === watched) this.#forget(key.sessionId);
  }

  /** An admin may go on to look at a session that was erased, and nothing more is heard of it. */
  async #isErased(watched: Watched): Promise<boolean> {
    const { clock, leaseMs, row } = this.#options;
    if (clock.now() - watched.foundMs < leaseMs) return false;
    watched.foundMs = clock.now();
    return (await row(watched.key)) === undefined;
  }

  /** (3) */
  async #recover(): Promise<void> {
    const { list, wallClock } = this.#options;
    const assisted = { ...EVERY, isActive: true, adminAssisted: true, nowMs: wallClock() };
    for await (const row of everyRow(list, assisted, MOST_LOOKED)) {
      if (this.#closing.signal.aborted) return;
      this.#take(row);
    }
  }
}
