import { ChatError } from "@warren/wire";
import { wallMsOf } from "../log/hybrid-time.ts";
import type { StoredFile } from "../log/body.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { Said, Texts } from "../log/said.ts";
import type { SessionRow } from "../log/session-row.ts";
import { spokenOf, type Spoken } from "../sessions/conversation.ts";
import type { Folding } from "../sessions/folding.ts";
import type { HelpQueue } from "../sessions/help-queue.ts";
import type { SessionMetrics, SessionQuery, Sessions } from "../sessions/ports.ts";
import type { Takeovers } from "../sessions/takeovers.ts";
import type { Talk } from "../sessions/talk.ts";
import { sessionIdFor } from "../sessions/session-id.ts";
import type { Viewer } from "../sessions/viewer.ts";

export interface SessionDeskOptions {
  sessions: Sessions;
  folding: Folding;
  journal: Journal;
  texts: Texts;
  talk: Talk;
  takeovers: Takeovers;
  queue: HelpQueue;
  /** Share tokens by session, of those that are shared. */
  tokensOf: (sessionIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** Messages of one session that are read at once for HTTP. */
const READ = 1_000;
/** The messages of one answer: the newest, for nobody scrolls through more at once. */
const MOST_MESSAGES = 10_000;

/** Sessions as HTTP shows them. */
export class SessionDesk {
  readonly options: SessionDeskOptions;

  constructor(options: SessionDeskOptions) {
    this.options = options;
  }

  /**
   * The session, if the viewer may see it, also under the name that their client gave it; unknown and
   * another's are not told apart.
   */
  async find(viewer: Viewer, said: string): Promise<SessionKey> {
    const { folding } = this.options;
    const own = sessionIdFor(viewer.userId, said);
    const key =
      (await folding.owner(said)) ?? (own === said ? undefined : await folding.owner(own));
    if (key !== undefined && (key.userId === viewer.userId || viewer.isAdmin)) return key;
    throw new ChatError("NOT_FOUND", "there is no such session");
  }

  async row(key: SessionKey): Promise<SessionRow> {
    const row = await this.options.folding.upToDate(key);
    if (row === undefined) throw new ChatError("NOT_FOUND", "there is no such session");
    return row;
  }

  async list(query: SessionQuery) {
    const { rows, ...page } = await this.options.sessions.list(query);
    const tokens = await this.options.tokensOf(rows.map(({ sessionId }) => sessionId));
    const told = rows.map((row) => this.summary(row, tokens.get(row.sessionId)));
    return { summaries: await Promise.all(told), ...page };
  }

  /** Who waits for a person, the longest first. */
  async waiting(most: number) {
    const { queue, folding } = this.options;
    const first = queue.first(most);
    const rows = await Promise.all(first.map(({ key }) => folding.upToDate(key)));
    const known = rows.filter((row) => row !== undefined);
    const tokens = await this.options.tokensOf(known.map(({ sessionId }) => sessionId));
    const told = known.map((row) => this.summary(row, tokens.get(row.sessionId)));
    return { queue: await Promise.all(told), total: queue.size };
  }

  async summaryOf(key: SessionKey) {
    const [row, tokens] = await Promise.all([
      this.row(key),
      this.options.tokensOf([key.sessionId]),
    ]);
    return this.summary(row, tokens.get(key.sessionId));
  }

  metrics(fromMs: number, toMs: number): Promise<SessionMetrics> {
    return this.options.sessions.metrics(fromMs, toMs);
  }

  /** A session in a list, in the words of the reference. */
  async summary(row: SessionRow, shareToken: string | undefined) {
    const { startMs, endMs, answers, control, help } = row;
    const { wallClock, queue } = this.options;
    const place = queue.placeOf(row.sessionId);
    const isActive = endMs === undefined;
    return {
      id: row.sessionId,
      session_id: row.sessionId,
      user_id: row.userId,
      name: await this.name(row),
      last_activity: timeOf(row.lastActivityMs),
      message_count: row.messageCount,
      admin_assisted: row.adminAssisted,
      start_time: timeOf(startMs),
      ...(!isActive && { end_time: timeOf(endMs) }),
      is_active: isActive,
      duration: Math.max(0, Math.floor(((endMs ?? wallClock()) - startMs) / 1_000)),
      total_tokens: row.totalTokens,
      max_response_time: answers.maxMs,
      avg_response_time: answers.count === 0 ? 0 : Math.round(answers.sumMs / answers.count),
      help_requested: help.isOpen,
      ...(help.sinceMs !== undefined && { help_since: timeOf(help.sinceMs) }),
      ...(place !== undefined && {
        queue_position: place.position,
        waiting_ms: Math.max(0, wallClock() - place.sinceMs),
      }),
      ...(row.modelId !== undefined && { model_id: row.modelId }),
      ...(shareToken !== undefined && { share_token: shareToken }),
      ...(control.mode === "person" && {
        assisting_admin_id: control.adminId,
        assisting_admin_name: control.adminName,
      }),
    };
  }

  async name(row: SessionRow): Promise<string> {
    if (row.name === undefined || row.nameEntry === undefined) return "";
    return this.options.texts.openName(row, row.name, row.nameEntry).catch((reason: unknown) => {
      // One that is just being erased does not keep the others from whoever lists them.
      if (ChatError.from(reason).code === "GONE") return "";
      throw reason;
    });
  }

  /** What was said in a session, as it stands now. Notes are for admins. */
  async messages(viewer: Pick<Viewer, "isAdmin">, key: SessionKey) {
    const spoken = await this.spoken(key);
    return spoken.filter(({ said }) => viewer.isAdmin || said.isNote !== true).map(messageOf);
  }

  /** All that was said, notes among it, up to a bound. */
  async spoken(key: SessionKey): Promise<Spoken[]> {
    return spokenOf(await this.#all(key));
  }

  async #all(key: SessionKey): Promise<Said[]> {
    const { journal } = this.options;
    let all: Said[] = [];
    let page = await journal.latest(key, undefined, READ);
    for (;;) {
      all = [...page.said, ...all];
      if (Object.keys(page.older).length === 0 || all.length >= MOST_MESSAGES) return all;
      page = await journal.latest(key, page.older, READ);
    }
  }
}

/** RFC 3339. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

export function fileFields({ fileId, url, name, contentType, bytes }: StoredFile) {
  return {
    file_id: fileId,
    file_url: url,
    ...(name !== undefined && { file_name: name }),
    ...(contentType !== undefined && { content_type: contentType }),
    ...(bytes !== undefined && { bytes }),
  };
}

/** A message as whoever may read the session sees it. */
export function messageOf(spoken: Spoken) {
  const { said, messageId, hlc, text, file, isEdited, isDeleted, reactions } = spoken;
  const { metadata, answer, replyTo, name } = said;
  return {
    id: messageId,
    type: said.type,
    content: text,
    timestamp: timeOf(wallMsOf(hlc)),
    sender: said.sender,
    ...(name !== undefined && { name }),
    ...(file && fileFields(file)),
    ...(metadata && { metadata }),
    ...(replyTo !== undefined && { reply_to: replyTo }),
    ...(answer && { model_id: answer.modelId, status: answer.status }),
    ...(isEdited && { edited: true }),
    ...(isDeleted && { deleted: true }),
    ...(said.isNote && { is_note: true }),
    ...(reactions.size > 0 && {
      reactions: Object.fromEntries([...reactions].map(([emoji, who]) => [emoji, [...who]])),
    }),
  };
}
