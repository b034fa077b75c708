import { LRUCache } from "lru-cache";
import type { Entry, SessionKey } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import { foldAll, foldOnto, type SessionRow } from "../log/session-row.ts";
import { covers, NO_VERSIONS, type Versions } from "../log/versions.ts";
import type { Sessions } from "./ports.ts";

const READ = 1_000;
/** Rows that are at hand for the next entry, some 500 bytes each. */
const ROWS_KEPT = 20_000;

export interface FoldingOptions {
  log: MessageLog;
  sessions: Sessions;
  /** A row stays behind its log until it is read, or something new comes. */
  failed: (cause: unknown) => void;
}

/**
 * Keeps the sessions' rows up with their logs. A row is behind for the time of a write, or longer after a
 * crash; whoever needs it exact asks for `upToDate`. Entries of a session that come while its row is
 * being written go into the next write together.
 */
export class Folding {
  readonly #options: FoldingOptions;
  readonly #rows = new LRUCache<string, SessionRow>({ max: ROWS_KEPT });
  readonly #busy = new Map<string, Promise<SessionRow | undefined>>();
  readonly #again = new Set<string>();
  /** What was stored here and is not in its row yet: it need not be read. */
  readonly #fresh = new Map<string, Entry[]>();

  constructor(options: FoldingOptions) {
    this.#options = options;
  }

  /** This was stored here. */
  note(entry: Entry): void {
    const fresh = this.#fresh.get(entry.sessionId);
    if (fresh === undefined) this.#fresh.set(entry.sessionId, [entry]);
    else fresh.push(entry);
    this.#fold(entry).catch(this.#options.failed);
  }

  /** The row as it was last written here, if it is at hand. */
  peek({ sessionId }: SessionKey): SessionRow | undefined {
    return this.#rows.get(sessionId);
  }

  /** Whose session it is, also of one that has just begun here and has no row yet. */
  async owner(sessionId: string): Promise<SessionKey | undefined> {
    const { sessions } = this.#options;
    const found = await sessions.find(sessionId);
    if (found !== undefined) return found;
    // Whoever had it folded is told of what failed; here it counts that it is over.
    await this.#busy.get(sessionId)?.catch(() => undefined);
    return this.#rows.get(sessionId) && sessions.find(sessionId);
  }

  /** The row with all that the log had when it was asked for; undefined: there is no such session. */
  async upToDate(key: SessionKey): Promise<SessionRow | undefined> {
    const { versions } = await this.#options.log.heads(key);
    // Another instance may have erased the session: what is at hand of it here is of before.
    if (Object.keys(versions).length === 0) this.#rows.delete(key.sessionId);
    for (;;) {
      const row = (await this.#busy.get(key.sessionId)) ?? (await this.#known(key));
      if (covers(row?.versions ?? NO_VERSIONS, versions)) return row;
      await this.#fold(key);
    }
  }

  /** Forgets the row of a session whose log is gone. */
  async forget(key: SessionKey): Promise<void> {
    // A row that could not be written is gone all the same.
    await this.#busy.get(key.sessionId)?.catch(() => undefined);
    this.#rows.delete(key.sessionId);
    await this.#options.sessions.forget(key);
  }

  /** Resolves once nothing is being folded. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy.values());
  }

  #fold(key: SessionKey): Promise<SessionRow | undefined> {
    const { sessionId } = key;
    const busy = this.#busy.get(sessionId);
    if (busy !== undefined) {
      this.#again.add(sessionId);
      return busy;
    }
    const folding = this.#run(key).finally(() => this.#busy.delete(sessionId));
    this.#busy.set(sessionId, folding);
    return folding;
  }

  async #run(key: SessionKey): Promise<SessionRow | undefined> {
    let row: SessionRow | undefined;
    do {
      this.#again.delete(key.sessionId);
      row = await this.#write(key);
    } while (this.#again.has(key.sessionId));
    return row;
  }

  async #write(key: SessionKey): Promise<SessionRow | undefined> {
    const { sessions } = this.#options;
    for (;;) {
      const row = await this.#known(key);
      const next = await this.#next(key, row);
      if (next === undefined || next === row) return row;
      if (await sessions.fold(next, row?.versions)) {
        this.#rows.set(key.sessionId, next);
        return next;
      }
      // Another instance was faster: what it wrote is the base.
      this.#rows.delete(key.sessionId);
    }
  }

  async #known(key: SessionKey): Promise<SessionRow | undefined> {
    const known = this.#rows.get(key.sessionId) ?? (await this.#options.sessions.get(key));
    if (known !== undefined) this.#rows.set(key.sessionId, known);
    return known;
  }

  async #next(key: SessionKey, row: SessionRow | undefined): Promise<SessionRow | undefined> {
    const fresh = this.#fresh.get(key.sessionId);
    this.#fresh.delete(key.sessionId);
    let next = row && fresh && foldOnto(row, fresh);
    if (next !== undefined) return next;
    for (next = row; ;) {
      const lacking = await this.#options.log.after(key, next?.versions ?? NO_VERSIONS, READ);
      if (lacking.length === 0) return next;
      next = (next && foldOnto(next, lacking)) ?? foldAll(key, await this.#whole(key));
    }
  }

  async #whole(key: SessionKey): Promise<Entry[]> {
    const all: Entry[] = [];
    let versions: Versions = NO_VERSIONS;
    for (;;) {
      const some = await this.#options.log.after(key, versions, READ);
      if (some.length === 0) return all;
      all.push(...some);
      const reached: Record<string, number> = { ...versions };
      for (const { origin, number } of some) reached[origin] = number;
      versions = reached;
    }
  }
}
