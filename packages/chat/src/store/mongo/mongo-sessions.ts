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
import { isInserted, movePointer, pointerOf, type UserDocument } from "./user-pointers.ts";

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
}

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
    const document = documentOfRow(row);
    let isRepeated = false;
    return this.#write(async () => {
      if (isRepeated && (await this.#isThere(row, document))) return true;
      isRepeated = true;
      if (was === undefined) return this.#begin(row, document);
      return this.#replace(row, document, versionsText(was));
    });
  }

  async list(query: SessionQuery) {
    const plan = planList(query);
    const { sessions } = this.#options.durable;
    const [rows, total] = await Promise.all([
      this.#options.calls.read(() => listed(sessions, plan)),
      this.#options.calls.read(() => countListed(sessions, plan)),
    ]);
    return pageOf(plan, rows, total);
  }

  async metrics(fromMs: number, toMs: number) {
    checkWindow(fromMs, toMs);
    return this.#options.hours.metrics(fromMs, toMs);
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

  #write<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#options.calls.write(async (signal) => {
      await this.#options.ready();
      return call(signal);
    });
  }

  /** The first row of a session, once its id is known to be the user's. */
  async #begin(key: SessionKey, document: SessionDocument): Promise<boolean> {
    const { sessions, owners } = this.#options.latest;
    await claim(owners, key);
    if ((await sessions.findOne(filterOf(key))) !== null) return false;
    await this.#options.hours.mark(hoursOf(document));
    return isInserted(sessions, document);
  }

  async #replace(key: SessionKey, document: SessionDocument, versions: string): Promise<boolean> {
    const { sessions, owners } = this.#options.latest;
    const stored = await sessions.findOne(filterOf(key));
    if (stored === null) {
      const owner = await ownerOf(owners, key.sessionId);
      if (owner !== undefined && owner !== key.userId) throw sessionIsTaken();
      return false;
    }
    if (stored.versions !== versions) return false;
    if (!isSummedAlike(stored, document)) {
      await this.#options.hours.mark([...hoursOf(stored), ...hoursOf(document)]);
    }
    const replaced = await sessions.replaceOne({ ...filterOf(key), versions }, document);
    return replaced.matchedCount === 1;
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
