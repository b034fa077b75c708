import type { FileEvents } from "../files/events.ts";
import { ownerOf } from "../files/file-desk.ts";
import { holderOf } from "../files/file-id.ts";
import { HERE } from "../files/file-links.ts";
import type { Files, FileUpkeep } from "../files/ports.ts";
import type { Quota } from "../files/quota.ts";
import { eraseOwner } from "../files/retention.ts";
import type { SessionKeys } from "../keys/session-keys.ts";
import { bodyOf } from "../log/body.ts";
import type { Entry, SessionKey } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import { including, NO_VERSIONS, type Versions } from "../log/versions.ts";
import { dropCounter } from "../leases/lease-counters.ts";
import type { Leases } from "../leases/ports.ts";
import type { Runs } from "../runs/runs.ts";
import type { Folding } from "../sessions/folding.ts";
import type { Sessions } from "../sessions/ports.ts";
import { queryAll } from "../sessions/query-all.ts";
import type { ShareLinks } from "../shares/ports.ts";
import type { Erased, ErasedBy, PrivacyEvents } from "./events.ts";
import type { Erasure, Erasures, Leaving, LogErasure } from "./ports.ts";

export interface EraserOptions {
  log: MessageLog;
  logErasure: LogErasure;
  erasures: Erasures;
  shareLinks: ShareLinks;
  sessions: Sessions;
  folding: Folding;
  runs: Runs;
  leases: Leases;
  keys: SessionKeys;
  files: Files & FileUpkeep;
  quota: Quota;
  fileEvents: FileEvents;
  events: PrivacyEvents;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** Ends what a user had open by then, here and on the other instances that follow the session. */
  leave: (who: Leaving) => void;
}

/** Entries, sessions and erasures that are taken at once. */
const ENTRIES = 500;
const SESSIONS = 100;
const JOBS = 100;
/**
 * An instance that never heard of an erasure seals under a held key for some minutes more (SESSION_KEYS_LIMITS):
 * what it adds opens nowhere, and is taken away by a second look.
 */
const SECOND_LOOK_MS = 600_000;
/** What was asked for this long ago may have been followed by uploads that are none of it. */
const AT_ONCE_MS = 60_000;

/**
 * Takes away what a session or a user has here.
 *
 * 1. What is to be erased is written down first and struck out last: a crash in between ends nothing.
 * 2. The keys go first. From then on nothing can be read, whatever else is still there, and nothing said.
 * 3. All steps may be done again, also twice at once.
 * 4. What a session goes on with, of the guest who its user was, goes too.
 */
export class Eraser {
  readonly #options: EraserOptions;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** Rejects as the stores do; it is then gone on with by itself. */
  async session(key: SessionKey, by: ErasedBy): Promise<Erased> {
    const { wallClock, events } = this.#options;
    const sinceMs = wallClock();
    const erased = await this.#asked({ ...key, sinceMs }, (signal) => this.#session(key, signal));
    events.erased(by, erased);
    return erased;
  }

  /** All that a user has: sessions that began by now, files, links. Their sockets are closed. */
  async user(userId: string, by: ErasedBy): Promise<Erased> {
    const { wallClock, events, leave } = this.#options;
    const erasure = { userId, sessionId: undefined, sinceMs: wallClock() };
    leave(erasure);
    const erased = await this.#asked(erasure, (signal) => this.#user(erasure, signal));
    events.erased(by, erased);
    return erased;
  }

  /** Goes on with what is due; resolves when nothing is, or `signal` aborts. */
  async resume(signal: AbortSignal): Promise<void> {
    const { erasures, wallClock, events } = this.#options;
    const due = await erasures.due(wallClock(), JOBS);
    for (const erasure of due) {
      if (signal.aborted) return;
      const { userId, sessionId, sinceMs } = erasure;
      try {
        const key = sessionId === undefined ? undefined : { userId, sessionId };
        await (key === undefined ? this.#user(erasure, signal) : this.#session(key, signal));
        if (signal.aborted) return;
        if (wallClock() - sinceMs < SECOND_LOOK_MS) await this.#lookAgain(erasure);
        else await erasures.remove(erasure);
      } catch (cause) {
        events.failed("something could not be erased", cause);
      }
    }
  }

  async #asked(erasure: Erasure, erase: (signal: AbortSignal) => Promise<Erased>): Promise<Erased> {
    await this.#options.erasures.put(erasure, erasure.sinceMs);
    const erased = await erase(new AbortController().signal);
    await this.#lookAgain(erasure);
    return erased;
  }

  #lookAgain(erasure: Erasure): Promise<void> {
    return this.#options.erasures.put(erasure, erasure.sinceMs + SECOND_LOOK_MS);
  }

  async #session(key: SessionKey, signal: AbortSignal): Promise<Erased> {
    const { runs, leases, keys, folding, shareLinks } = this.#options;
    runs.stop(key, undefined);
    const before = await this.#guestsSession(key, signal);
    await keys.destroy(key);
    for (const { id, userId } of await shareLinks.ofSessions([key.sessionId])) {
      if (userId === key.userId) await shareLinks.remove(id);
    }
    const erased = await this.#log(key, signal);
    // The instance that watched a takeover of it may be gone; one that still does is looked after again.
    await dropCounter(leases, key);
    await folding.forget(key);
    return sumOf({ ...erased, sessions: 1 }, before);
  }

  /** (4) Written down before the entry goes that tells of it (1). */
  async #guestsSession(key: SessionKey, signal: AbortSignal): Promise<Erased> {
    const { erasures, wallClock } = this.#options;
    const mergedFrom = await this.#mergedFrom(key);
    if (mergedFrom === undefined) return NOTHING;
    const erasure = { ...mergedFrom, sinceMs: wallClock() };
    await erasures.put(erasure, erasure.sinceMs);
    const erased = await this.#session(mergedFrom, signal);
    await this.#lookAgain(erasure);
    return erased;
  }

  async #mergedFrom(key: SessionKey): Promise<SessionKey | undefined> {
    const [first] = await this.#options.log.after(key, NO_VERSIONS, 1);
    if (first?.kind !== "opened") return undefined;
    return bodyOf<"opened">({ kind: "opened", body: first.body }).mergedFrom;
  }

  /** The entries, each page of them after the files that it names: a crash leaves none that nobody knows. */
  async #log(key: SessionKey, signal: AbortSignal): Promise<{ entries: number; files: number }> {
    const { log, logErasure, files, fileEvents, quota } = this.#options;
    const sum = { entries: 0, files: 0 };
    while (!signal.aborted) {
      const page = await log.after(key, NO_VERSIONS, ENTRIES);
      if (page.length === 0) break;
      for (const id of page.flatMap(fileIdsOf)) {
        if (await files.release(id, holderOf(key))) sum.files += 1;
      }
      const upTo = page.reduce((had: Versions, entry) => including(had, entry), NO_VERSIONS);
      sum.entries += await logErasure.erase(key, upTo);
    }
    // What a store has of it besides its entries, also where a try before this one took those.
    if (!signal.aborted) await logErasure.erase(key, NO_VERSIONS);
    fileEvents.removed("erased", sum.files);
    quota.recount(ownerOf(key));
    return sum;
  }

  async #user({ userId, sinceMs }: Erasure, signal: AbortSignal): Promise<Erased> {
    const { sessions, erasures, leave, wallClock } = this.#options;
    const guests = new Set<string>();
    let sum = NOTHING;
    while (!signal.aborted) {
      // Those before them are gone by then.
      const begun = queryAll({ userId, toMs: sinceMs, limit: SESSIONS, nowMs: sinceMs });
      const { rows } = await sessions.list(begun);
      if (rows.length === 0) break;
      for (const { sessionId } of rows) {
        await erasures.put({ userId, sessionId, sinceMs }, sinceMs);
        const mergedFrom = await this.#mergedFrom({ userId, sessionId });
        if (mergedFrom !== undefined) {
          await erasures.put(allOf(mergedFrom.userId, sinceMs), sinceMs);
          guests.add(mergedFrom.userId);
        }
        // Not whoever has come back since.
        if (wallClock() - sinceMs < AT_ONCE_MS) leave({ userId, sessionId, sinceMs });
        const erased = await this.#session({ userId, sessionId }, signal);
        await this.#lookAgain({ userId, sessionId, sinceMs });
        sum = sumOf(sum, erased);
      }
    }
    const files = await this.#files(userId, sinceMs);
    sum = { ...sum, files: sum.files + files };
    // (4) With what was not the user's yet.
    for (const guest of guests) {
      leave(allOf(guest, sinceMs));
      sum = sumOf(sum, await this.#user(allOf(guest, sinceMs), signal));
      await this.#lookAgain(allOf(guest, sinceMs));
    }
    return sum;
  }

  async #files(userId: string, sinceMs: number): Promise<number> {
    const { files, fileEvents, quota, wallClock } = this.#options;
    const owner = ownerOf({ userId });
    let removed = 0;
    if (wallClock() - sinceMs < AT_ONCE_MS) removed = await eraseOwner(files, owner, fileEvents);
    else {
      for await (const { id, storedAtMs } of files.ofOwner(owner)) {
        if (storedAtMs <= sinceMs && (await files.remove(id))) removed += 1;
      }
      fileEvents.removed("erased", removed);
    }
    quota.recount(owner);
    return removed;
  }
}

function allOf(userId: string, sinceMs: number): Erasure {
  return { userId, sessionId: undefined, sinceMs };
}

const NOTHING: Erased = { sessions: 0, entries: 0, files: 0 };

function sumOf(one: Erased, other: Erased): Erased {
  return {
    sessions: one.sessions + other.sessions,
    entries: one.entries + other.entries,
    files: one.files + other.files,
  };
}

/** Of files that were their sender's own when they were sent: an id beside another address is anybody's words. */
function fileIdsOf({ kind, body }: Entry): string[] {
  const file = kind === "message" ? bodyOf({ kind, body }).file : undefined;
  return file?.url === HERE ? [file.fileId] : [];
}
