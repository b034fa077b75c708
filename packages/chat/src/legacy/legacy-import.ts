import { wait, type Clock, untilClosed } from "@warren/host";
import { ChatError } from "@warren/wire";
import { readLegacy, type LegacyContent } from "../keys/legacy.ts";
import type { MasterKeys } from "../keys/master-keys.ts";
import { Journal } from "../log/journal.ts";
import type { SessionKey } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Texts } from "../log/said.ts";
import { Folding } from "../sessions/folding.ts";
import type { Sessions } from "../sessions/ports.ts";
import { sessionIdFor } from "../sessions/session-id.ts";
import { legacySayings, type DatedSaying } from "./legacy-sayings.ts";
import type { LegacySession, LegacySessions } from "./ports.ts";

export interface LegacyImportOptions {
  legacy: LegacySessions;
  log: MessageLog;
  sessions: Sessions;
  texts: Texts;
  masters: MasterKeys;
  /** How contents were stored. */
  content: LegacyContent;
  /** A link by which the session was shared goes on. */
  adopt: (key: SessionKey, shareToken: string) => Promise<void>;
  clock: Clock;
  events: LegacyEvents;
}

export interface LegacyEvents {
  legacyBegun(): void;
  /** It stays where it is, and is tried again at the next start. */
  legacyFailed(id: string, cause: unknown): void;
  legacyDone(counts: { brought: number; failed: number }): void;
}

const PAGE = 100;
/** Sessions at once: whoever talks meanwhile goes first. */
const AT_ONCE = 4;
const AWAY_MS = 5_000;

/**
 * Brings the sessions of the service before into the log, sealed anew. Each thing is said under an id
 * that follows from its place, so that an import which is repeated, after a crash or by another
 * instance, adds nothing. A session counts as brought over once its row is there as well.
 */
export function startLegacyImport(options: LegacyImportOptions): AsyncDisposable {
  return untilClosed((signal) => new LegacyImport(options, signal).run());
}

class LegacyImport {
  readonly #options: LegacyImportOptions;
  readonly #signal: AbortSignal;
  readonly #counts = { brought: 0, failed: 0 };

  constructor(options: LegacyImportOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { legacy, events } = this.#options;
    let last: string | undefined;
    while (!this.#signal.aborted) {
      const after = last;
      const ids = (await this.#steadily(() => legacy.next(after, PAGE))) ?? [];
      if (ids.length === 0) break;
      if (last === undefined) events.legacyBegun();
      const left = [...ids];
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.#each(left)));
      last = ids.at(-1);
    }
    if (last !== undefined && !this.#signal.aborted) events.legacyDone(this.#counts);
  }

  async #each(left: string[]): Promise<void> {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const one = id;
      try {
        await this.#steadily(() => this.#bring(one));
        this.#counts.brought += 1;
      } catch (cause) {
        this.#counts.failed += 1;
        this.#options.events.legacyFailed(id, cause);
      }
    }
  }

  /** Undefined: the service is closing. */
  async #steadily<T>(task: () => Promise<T>): Promise<T | undefined> {
    do {
      if (this.#signal.aborted) return undefined;
      try {
        return await task();
      } catch (error) {
        if (ChatError.from(error).code !== "DATABASE_ERROR") throw error;
      }
    } while (await wait(this.#options.clock, AWAY_MS, this.#signal));
    return undefined;
  }

  async #bring(id: string): Promise<void> {
    const { legacy, log, sessions, masters, content, adopt } = this.#options;
    const session = await legacy.read(id);
    if (session === undefined) return;
    const key = { userId: session.userId, sessionId: sessionIdFor(session.userId, id) };
    const open = (text: string) => readLegacy(text, content, masters);
    await this.#say(session, legacySayings(session, key, open));
    await new Folding({ log, sessions, failed: () => {} }).upToDate(key);
    if (session.shareToken !== undefined) await adopt(key, session.shareToken);
    await legacy.broughtOver(id);
  }

  async #say(session: LegacySession, all: readonly DatedSaying[]): Promise<void> {
    const { legacy, texts } = this.#options;
    let nowMs = session.startMs;
    const log = legacy.logDatedBy(() => nowMs);
    const journal = new Journal({ log, texts, linked: (said) => said, stored: () => {} });
    let isGoingOn = false;
    for (const { atMs, saying } of all) {
      nowMs = atMs;
      // Its user was here already: it is not over, and has the name that they gave it.
      if (isGoingOn && saying.kind !== "message") continue;
      isGoingOn = !(await isSaid(journal, saying)) || isGoingOn;
    }
  }
}

/** False: something else was said under this name. */
async function isSaid(journal: Journal, saying: DatedSaying["saying"]): Promise<boolean> {
  try {
    await journal.say(saying);
    return true;
  } catch (error) {
    if (ChatError.from(error).code === "CONFLICT") return false;
    throw error;
  }
}
