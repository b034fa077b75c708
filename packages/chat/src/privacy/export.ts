import { ChatError } from "@warren/wire";
import { messageOf, timeOf, type SessionDesk } from "../api/session-desk.ts";
import { ownerOf } from "../files/file-desk.ts";
import type { FileUpkeep, StoredFile } from "../files/ports.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { Said } from "../log/said.ts";
import type { SessionRow } from "../log/session-row.ts";
import { including, NO_VERSIONS, type Versions } from "../log/versions.ts";
import { spokenOf } from "../sessions/conversation.ts";
import type { SessionPage, Sessions } from "../sessions/ports.ts";
import { queryAll } from "../sessions/query-all.ts";
import type { ShareDesk } from "../shares/share-desk.ts";
import type { PrivacyEvents } from "./events.ts";

export interface ExporterOptions {
  sessions: Sessions;
  journal: Journal;
  desk: SessionDesk;
  shares: ShareDesk;
  files: FileUpkeep;
  /** Epoch milliseconds. */
  wallClock: () => number;
  events: PrivacyEvents;
}

const SESSIONS = 100;
const ENTRIES = 500;

/** All that a user has here, as JSON that is written while it is read. */
export class Exporter {
  readonly #options: ExporterOptions;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /**
   * The pieces of one JSON object. Admins' private notes are not in it. Throws in its midst where a store
   * fails: what was written then is no JSON, and nobody takes it for the whole.
   */
  async *of(userId: string): AsyncGenerator<string> {
    const { wallClock, events } = this.#options;
    let isWhole = false;
    try {
      const head = { user_id: userId, exported_at: timeOf(wallClock()) };
      yield `${JSON.stringify(head).slice(0, -1)},"sessions":`;
      yield* listOf(this.#sessions(userId));
      yield ',"files":';
      yield* listOf(this.#files(userId));
      yield ',"share_links":';
      yield JSON.stringify(await this.#links(userId));
      yield "}\n";
      isWhole = true;
      events.exported();
    } catch (cause) {
      isWhole = true;
      events.exportBroke(cause);
      throw cause;
    } finally {
      // Whoever asked has left.
      if (!isWhole) events.exportBroke(undefined);
    }
  }

  async *#sessions(userId: string): AsyncGenerator<string> {
    const { desk } = this.#options;
    for await (const row of this.#rows(userId)) {
      const summary = JSON.stringify(await desk.summary(row, undefined)).slice(0, -1);
      yield `${summary},"messages":`;
      yield* listOf(this.#messages(row));
      yield "}";
      yield NEXT;
    }
  }

  async *#rows(userId: string): AsyncGenerator<SessionRow> {
    const { sessions, wallClock } = this.#options;
    const nowMs = wallClock();
    let from: { offset: number } | { cursor: string } = { offset: 0 };
    for (;;) {
      const query = queryAll({ userId, limit: SESSIONS, from, nowMs });
      const { rows, next }: SessionPage = await sessions.list(query);
      yield* rows;
      if (next === undefined) return;
      from = { cursor: next };
    }
  }

  /**
   * A session of any length: what changes messages is read first and kept, then the messages page by page.
   * One that is erased meanwhile ends where it is.
   */
  async *#messages(key: SessionKey): AsyncGenerator<string> {
    try {
      const changes = new Map<string, Said[]>();
      for await (const page of this.#pages(key)) {
        for (const said of page) {
          const target = targetOf(said);
          if (target === undefined) continue;
          const known = changes.get(target) ?? [];
          changes.set(target, [...known, said]);
        }
      }
      const seen = new Set<string>();
      for await (const page of this.#pages(key)) {
        const fresh = page.filter(({ kind, messageId }) => {
          const isNew = kind === "message" && !seen.has(messageId);
          if (isNew) seen.add(messageId);
          return isNew;
        });
        const of = fresh.flatMap(({ messageId }) => changes.get(messageId) ?? []);
        for (const spoken of spokenOf([...fresh, ...of])) {
          if (spoken.said.isNote === true) continue;
          yield JSON.stringify({ author: spoken.author, ...messageOf(spoken) });
          yield NEXT;
        }
      }
    } catch (reason) {
      if (ChatError.from(reason).code !== "GONE") throw reason;
    }
  }

  async *#pages(key: SessionKey): AsyncGenerator<readonly Said[]> {
    const { journal } = this.#options;
    let versions: Versions = NO_VERSIONS;
    for (;;) {
      const page = await journal.after(key, versions, ENTRIES);
      if (page.length === 0) return;
      yield page;
      versions = page.reduce((had, { entry }) => including(had, entry), versions);
    }
  }

  async *#files(userId: string): AsyncGenerator<string> {
    for await (const file of this.#options.files.ofOwner(ownerOf({ userId }))) {
      yield JSON.stringify(describe(file));
      yield NEXT;
    }
  }

  async #links(userId: string) {
    const links = await this.#options.shares.list({ userId });
    return links.map(({ sessionId, createdAtMs, expiresAtMs }) => ({
      session_id: sessionId,
      created_at: timeOf(createdAtMs),
      expires_at: timeOf(expiresAtMs),
    }));
  }
}

/** Between two items of a list. */
const NEXT = "\n";

/** Items in pieces, each ended by `NEXT`, as a JSON list. */
async function* listOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let between = "[";
  let isOpen = false;
  for await (const piece of pieces) {
    if (piece === NEXT) {
      between = ",\n";
      isOpen = false;
      continue;
    }
    yield isOpen ? piece : between + piece;
    isOpen = true;
  }
  yield between === "[" ? "[]" : "]";
}

function targetOf({ kind, body }: Said): string | undefined {
  const isChange = kind === "edit" || kind === "delete" || kind === "reaction";
  return isChange ? (body as { messageId: string }).messageId : undefined;
}

function describe({ id, name, type, kind, bytes, storedAtMs }: StoredFile) {
  return { file_id: id, name, content_type: type, kind, bytes, stored_at: timeOf(storedAtMs) };
}
