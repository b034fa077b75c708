import type { Collection } from "mongodb";
import type { SessionKey } from "../../log/entry.ts";
import type { SessionRow } from "../../log/session-row.ts";
import type { Versions } from "../../log/versions.ts";
import { hourOf } from "../../sessions/hours.ts";
import { pageOf, planList } from "../../sessions/list-plan.ts";
import type { SessionQuery, Sessions } from "../../sessions/ports.ts";
import { checkSessionId, checkWindow, sessionIsTaken } from "../../sessions/refusals.ts";
import { untilDecided, type Chance } from "./attempts.ts";
import type { MongoCalls } from "./calls.ts";
import { isInserted } from "./inserts.ts";
import type { MongoHours } from "./mongo-hours.ts";
import {
  documentOfRow,
  rowOf,
  summedOf,
  versionsText,
  type SessionDocument,
} from "./session-document.ts";
import { countListed, listed } from "./session-lists.ts";
import { claim, ownerOf, type OwnerDocument } from "./session-owners.ts";
import { movePointer, pointerOf, type UserDocument } from "./user-pointers.ts";

export interface SessionCollections {
  sessions: Collection<SessionDocument>;
  owners: Collection<OwnerDocument>;
  users: Collection<UserDocument>;
}

export interface MongoSessionsOptions extends Chance {
  /** As the primary has it now: what a compare-and-set is made from. */
  latest: SessionCollections;
  /** What a majority has. */
  durable: SessionCollections;
  hours: MongoHours;
  calls: MongoCalls;
  /** Resolves once the unique indexes are there. */
  ready: () => Promise<void>;
  /** How long an operation took, in milliseconds. */
  timed: (operation: TimedOperation, ms: number) => void;
}

/** Those that `chatbox_mongodb_operation_seconds` tells apart (`reference/chatbox.md` §8). */
export type TimedOperation =
  | "create_session"
  | "end_session"
  | "list_all_sessions_with_options"
  | "get_session_metrics";

/** What became of a row that was to be written. */
type Folded = "begun" | "ended" | "folded" | "behind";

/** The sessions' rows in MongoDB. */
export class MongoSessions implements Sessions {
  readonly #options: MongoSessionsOptions;

  constructor(options: MongoSessionsOptions) {
    this.#options = options;
  }

  get(key: SessionKey): Promise<SessionRow | undefined> {
    const { calls, durable } = this.#options;
    return calls.read(async () => {
      const document = await durable.sessions.findOne(filterOf(key));
      return document === null ? undefined : rowOf(document);
    });
  }

  find(sessionId: string): Promise<SessionKey | undefined> {
    const { calls, durable } = this.#options;
    return calls.read(async () => {
      const userId = await ownerOf(durable.owners, sessionId);
      return userId === undefined ? undefined : { userId, sessionId };
    });
  }

  async fold(row: SessionRow, was: Versions | undefined): Promise<boolean> {
    checkSessionId(row.sessionId);
    const beganMs = this.#options.clock.now();
    const folded = await this.#fold(row, was);
    if (folded === "begun") this.#took("create_session", beganMs);
    if (folded === "ended") this.#took("end_session", beganMs);
    return folded !== "behind";
  }

  async list(query: SessionQuery) {
    const plan = planList(query);
    const { sessions } = this.#options.durable;
    const beganMs = this.#options.clock.now();
    const [rows, total] = await Promise.all([
      this.#options.calls.read(() => listed(sessions, plan)),
      this.#options.calls.read(() => countListed(sessions, plan)),
    ]);
    this.#took("list_all_sessions_with_options", beganMs);
    return pageOf(plan, rows, total);
  }

  async metrics(fromMs: number, toMs: number) {
    checkWindow(fromMs, toMs);
    const beganMs = this.#options.clock.now();
    const metrics = await this.#options.hours.metrics(fromMs, toMs);
    this.#took("get_session_metrics", beganMs);
    return metrics;
  }

  active(userId: string): Promise<SessionKey | undefined> {
    const { calls, durable } = this.#options;
    return calls.read(async () => {
      const sessionId = await pointerOf(durable.users, userId);
      if (sessionId === undefined || (await isOver(durable, { userId, sessionId }))) return;
      return { userId, sessionId };
    });
  }

  activate(userId: string, was: SessionKey | undefined, next: SessionKey | undefined) {
    let isRepeated = false;
    return this.#write(async (signal) => {
      const { users } = this.#options.latest;
      return untilDecided(this.#options, signal, async () => {
        const stored = await pointerOf(users, userId);
        if (isRepeated && stored === next?.sessionId) return true;
        if (!(await this.#isStill(userId, stored, was))) return false;
        isRepeated = true;
        const change = { userId, was: stored, next: next?.sessionId };
        return (await movePointer(users, change)) || undefined;
      });
    });
  }

  forget(key: SessionKey): Promise<void> {
    const { sessions, owners, users } = this.#options.latest;
    const { userId, sessionId } = key;
    return this.#write(async () => {
      const stored = await sessions.findOne(filterOf(key));
      if (stored !== null) await this.#options.hours.mark(hoursOf(stored));
      await sessions.deleteOne(filterOf(key));
      await owners.deleteOne({ _id: sessionId, user_id: userId });
      await users.deleteOne({ user_id: userId, active: sessionId });
    });
  }

  #took(operation: TimedOperation, beganMs: number): void {
    const { timed, clock } = this.#options;
    timed(operation, clock.now() - beganMs);
  }

  #fold(row: SessionRow, was: Versions | undefined): Promise<Folded> {
    const document = documentOfRow(row);
    let isRepeated = false;
    return this.#write(async () => {
      if (isRepeated && (await this.#isThere(row, document))) return "folded";
      isRepeated = true;
      if (was === undefined) return this.#begin(row, document);
      return this.#replace(row, document, versionsText(was));
    });
  }

  #write<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#options.calls.write(async (signal) => {
      await this.#options.ready();
      return call(signal);
    });
  }

  /** The first row of a session, once its id is known to be the user's. */
  async #begin(key: SessionKey, document: SessionDocument): Promise<Folded> {
    const { sessions, owners } = this.#options.latest;
    await claim(owners, key);
    if ((await sessions.findOne(filterOf(key))) !== null) return "behind";
    await this.#options.hours.mark(hoursOf(document));
    return (await isInserted(sessions, document)) ? "begun" : "behind";
  }

  async #replace(key: SessionKey, document: SessionDocument, versions: string): Promise<Folded> {
    const { sessions, owners } = this.#options.latest;
    const stored = await sessions.findOne(filterOf(key));
    if (stored === null) {
      const owner = await ownerOf(owners, key.sessionId);
      if (owner !== undefined && owner !== key.userId) throw sessionIsTaken();
      return "behind";
    }
    if (stored.versions !== versions) return "behind";
    if (!isSummedAlike(stored, document)) {
      await this.#options.hours.mark([...hoursOf(stored), ...hoursOf(document)]);
    }
    const replaced = await sessions.replaceOne({ ...filterOf(key), versions }, document);
    if (replaced.matchedCount !== 1) return "behind";
    return stored.end_time === null && document.end_time !== null ? "ended" : "folded";
  }

  /** The answer to an earlier try was lost. */
  async #isThere(key: SessionKey, { versions, row }: SessionDocument): Promise<boolean> {
    const stored = await this.#options.latest.sessions.findOne(filterOf(key));
    return stored?.versions === versions && stored.row === row;
  }

  async #isStill(userId: string, stored: string | undefined, was: SessionKey | undefined) {
    if (stored === was?.sessionId) return true;
    if (stored === undefined || was !== undefined) return false;
    return isOver(this.#options.latest, { userId, sessionId: stored });
  }
}

async function isOver({ sessions }: SessionCollections, key: SessionKey): Promise<boolean> {
  const projection = { end_time: 1 };
  const document = await sessions.findOne(filterOf(key), { projection });
  return document !== null && document.end_time !== null;
}

function filterOf({ userId, sessionId }: SessionKey) {
  return { user_id: userId, session_id: sessionId };
}

/** The hours whose sums a row is part of. */
function hoursOf(document: SessionDocument): number[] {
  const { startMs, endMs } = summedOf(document);
  return [startMs, endMs].filter((atMs) => atMs !== undefined).map(hourOf);
}

function isSummedAlike(a: SessionDocument, b: SessionDocument): boolean {
  return JSON.stringify(summedOf(a)) === JSON.stringify(summedOf(b));
}
