import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { MessageLog } from "../log/ports.ts";
import { beginSession, type Opening } from "./begin-session.ts";
import type { Folding } from "./folding.ts";
import type { Sessions } from "./ports.ts";
import { sessionIdFor } from "./session-id.ts";
import type { Found } from "./talk.ts";
import { allowed, type Viewer } from "./viewer.ts";

export interface NamedSessionsOptions {
  log: MessageLog;
  journal: Journal;
  sessions: Sessions;
  folding: Folding;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** Sessions by the names that users give them: as many at once as they like. Everything rejects with a `ChatError`. */
export class NamedSessions {
  readonly #options: NamedSessionsOptions;

  constructor(options: NamedSessionsOptions) {
    this.#options = options;
  }

  /** The session that a user calls so, whichever else of theirs goes on; or one of another user, for an admin. */
  async find(viewer: Viewer, said: string): Promise<Found> {
    const { log, folding } = this.#options;
    const { userId } = viewer;
    const key = { userId, sessionId: sessionIdFor(userId, said) };
    if ((await log.heads(key)).hlc > 0) return { key, exists: true };
    const owned = await folding.owner(said);
    if (owned === undefined || owned.userId === userId) return { key, exists: false };
    return { key: allowed(viewer, owned), exists: true };
  }

  /** Begins it where there is none; it becomes the user's active one where they have none. */
  async open({ key, exists }: Found, opening: Opening): Promise<SessionKey> {
    if (exists) return key;
    await this.#options.sessions.activate(key.userId, undefined, key);
    return beginSession(this.#options, key, opening);
  }

  /** A user's sessions that are not over, those first in which something was said last. */
  async recent({ userId }: Viewer, limit: number): Promise<readonly SessionKey[]> {
    const { sessions, wallClock } = this.#options;
    const { rows } = await sessions.list({
      userId,
      isActive: true,
      adminAssisted: undefined,
      helpOpen: undefined,
      fromMs: undefined,
      toMs: undefined,
      sortBy: "last_activity",
      descending: true,
      limit,
      from: { offset: 0 },
      nowMs: wallClock(),
    });
    return rows.map(({ sessionId }) => ({ userId, sessionId }));
  }

  /** The model that was chosen for it, if one was. */
  async modelOf(key: SessionKey): Promise<string | undefined> {
    return (await this.#options.folding.upToDate(key))?.modelId;
  }
}
