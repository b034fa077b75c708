import { ChatError } from "@warren/wire";
import { holderOf } from "../files/file-id.ts";
import { HERE } from "../files/file-links.ts";
import type { Bodies, MessageType, StoredFile } from "../log/body.ts";
import type { EntryKind, SessionKey } from "../log/entry.ts";
import type { Journal, Recorded } from "../log/journal.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Said } from "../log/said.ts";
import type { SessionRow } from "../log/session-row.ts";
import { numberOf, type Position } from "../log/versions.ts";
import type { Settling } from "../instances/settling.ts";
import type { ClusterRuns } from "../runs/cluster-runs.ts";
import { beginSession, unlessRepeated } from "./begin-session.ts";
import type { Folding } from "./folding.ts";
import { markOf, type Mark } from "./mark.ts";
import type { Sessions } from "./ports.ts";
import { sessionIdFor, sessionIdOf } from "./session-id.ts";
import { fileTitle, nameInUrl, sessionName } from "./session-name.ts";
import { allowed, authorOf, type Viewer } from "./viewer.ts";

export interface TalkOptions {
  log: MessageLog;
  journal: Journal;
  sessions: Sessions;
  folding: Folding;
  runs: ClusterRuns;
  /** Has a message answered unless it is, or is not the last question any more. */
  askIfOpen: (key: SessionKey, messageId: string) => Promise<void>;
  /** What is stored and not followed up. */
  settling: Settling;
  /** Does something again and again while the store is away. */
  patiently: <T>(task: () => Promise<T>) => Promise<T>;
  /** 16 hex characters of chance. */
  newHalf: () => string;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** A session in which nothing was said for this long is not gone back to by itself. */
  returnMs: number;
  /** True for a session that was erased: its id is not used again. */
  isErased: (key: SessionKey) => Promise<boolean>;
  /** The session names a file of ours from now on. False: it is gone. */
  holdFile: (fileId: string, holder: string) => Promise<boolean>;
  /** True for a model that sessions may choose. */
  isModel: (modelId: string) => boolean;
  /** What follows upon a message could not be begun. */
  failed: (cause: unknown) => void;
}

export interface Wording extends Mark {
  readonly type: MessageType;
  readonly text: string;
  readonly file: StoredFile | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly replyTo: string | undefined;
  /** It is stored and shown, and the AI says nothing to it. */
  readonly isUnasked: boolean;
}

/** What people do in sessions. Everything rejects with a `ChatError`. */
export class Talk {
  readonly #options: TalkOptions;
  readonly #following = new Set<Promise<void>>();
  /** The first of each session's messages that are followed: a session is called after it, whichever is done first. */
  readonly #firsts = new Map<string, Said<"message">>();

  constructor(options: TalkOptions) {
    this.#options = options;
  }

  /**
   * The session that has an id: one that was given to the viewer or that they made up, or, for an admin,
   * another user's. Undefined: there is none. Rejects with UNAUTHORIZED where it is another user's.
   */
  async known(viewer: Viewer, said: string): Promise<SessionKey | undefined> {
    const { log, folding } = this.#options;
    const { userId } = viewer;
    const key = { userId, sessionId: sessionIdFor(userId, said) };
    if ((await log.heads(key)).hlc > 0) return key;
    const owned = await folding.owner(said);
    return owned === undefined || owned.userId === userId ? undefined : allowed(viewer, owned);
  }

  /**
   * The session that a viewer writes to under an id, or without one: the one that has it, else the one that
   * they are in, or one that does not exist yet and gets its id of the one said.
   */
  async find(viewer: Viewer, said: string | undefined): Promise<Found> {
    const { log, newHalf } = this.#options;
    const { userId } = viewer;
    const key = said === undefined ? undefined : await this.known(viewer, said);
    if (key !== undefined) return { key, exists: true };
    const active = await this.#active(userId);
    if (active !== undefined) {
      // One that was chosen and not begun, as by a process that died between the two, is begun by us.
      return { key: active, exists: (await log.heads(active)).hlc > 0 };
    }
    const sessionId =
      said === undefined ? sessionIdOf(userId, newHalf()) : sessionIdFor(userId, said);
    return { key: { userId, sessionId }, exists: false };
  }

  /** Begins a session, or joins the one that another device of the user has just begun. */
  async open(viewer: Viewer, found: Found, modelId: string | undefined): Promise<SessionKey> {
    if (found.exists) return found.key;
    const { sessions } = this.#options;
    const key = await this.#unused(viewer, found.key);
    for (;;) {
      const was = await sessions.active(viewer.userId);
      if (was !== undefined && (await this.#isGoing(was)))
        return beginSession(this.#options, was, { modelId });
      if (await sessions.activate(viewer.userId, was, key))
        return beginSession(this.#options, key, { modelId });
    }
  }

  /** A client goes on to say the id of a session that was erased: it gets another one. */
  async #unused({ userId }: Viewer, key: SessionKey): Promise<SessionKey> {
    const { isErased, newHalf } = this.#options;
    return (await isErased(key)) ? { userId, sessionId: sessionIdOf(userId, newHalf()) } : key;
  }

  /** A message of the session's owner, or of an admin who has taken it; the AI answers where none has. */
  async message(viewer: Viewer, key: SessionKey, wording: Wording): Promise<Recorded<"message">> {
    const { journal, folding, settling } = this.#options;
    const isOwner = viewer.userId === key.userId;
    const row = isOwner ? folding.peek(key) : await folding.upToDate(key);
    if (!isOwner) holdsControl(viewer, row);
    await this.#hold(key, wording.file);
    // Whoever comes after this instance finds what is stored and not settled.
    const settled = await settling.begin();
    try {
      const recorded = await journal.say({
        ...this.#saying(viewer, key, wording),
        kind: "message",
        body: bodyOf(viewer, isOwner, wording),
        fence: isOwner ? undefined : row!.control.epoch,
      });
      // Nobody who waits for the acknowledgement waits for these.
      if (isOwner) this.#owned(this.#followFrom(key, row, { ...recorded, settled }));
      else settled();
      return recorded;
    } catch (reason) {
      settled();
      throw reason;
    }
  }

  /** Before anything names it: a crash leaves a file that is kept for nobody, and never a message without its file. */
  async #hold(key: SessionKey, file: StoredFile | undefined): Promise<void> {
    if (file?.url !== HERE || (await this.#options.holdFile(file.fileId, holderOf(key)))) return;
    throw new ChatError("NOT_FOUND", "no such file: upload it first");
  }

  /** Resolves once what follows upon messages has begun. */
  async idle(): Promise<void> {
    while (this.#following.size > 0) await Promise.all(this.#following);
  }

  note(viewer: Viewer, key: SessionKey, mark: Mark & { text: string }): Promise<Recorded> {
    if (!viewer.isAdmin) throw new ChatError("INSUFFICIENT_PERMISSIONS", "notes are for admins");
    const { userId, name } = viewer;
    return this.#options.journal.say({
      ...key,
      author: `admin:${userId}`,
      ...markOf(mark),
      kind: "message",
      body: { sender: "admin", type: "text", content: mark.text, name, isNote: true },
      fence: undefined,
    });
  }

  /** What a device has and its person has seen. */
  receipt(viewer: Viewer, key: SessionKey, receipt: Mark & Bodies["receipt"]): Promise<Recorded> {
    const { deviceId, delivered, read } = receipt;
    const body = { deviceId, ...(delivered && { delivered }), ...(read && { read }) };
    return this.#say(viewer, key, receipt, "receipt", body);
  }

  choose(viewer: Viewer, key: SessionKey, choice: Mark & { modelId: string }): Promise<Recorded> {
    const { modelId } = choice;
    if (!this.#options.isModel(modelId)) {
      throw new ChatError("INVALID_FORMAT", "model_id is none of the models offered");
    }
    return this.#say(viewer, key, choice, "model", { modelId });
  }

  /** Its name from now on, whatever it was called after its first message. */
  rename(viewer: Viewer, key: SessionKey, change: Mark & Bodies["named"]): Promise<Recorded> {
    return this.#say(viewer, key, change, "named", { name: change.name });
  }

  help(viewer: Viewer, key: SessionKey, mark: Mark): Promise<Recorded> {
    return this.#say(viewer, key, mark, "help", { isOpen: true });
  }

  /** Ends a session; it ends when it is ended first, and may be ended again. `mergedInto`: who goes on with it. */
  async end(
    viewer: Viewer,
    key: SessionKey,
    { mergedInto, ...mark }: Mark & Pick<Bodies["ended"], "mergedInto">,
  ): Promise<Recorded> {
    const { sessions, runs } = this.#options;
    const by = authorOf(viewer, key.userId);
    const body = { by, ...(mergedInto !== undefined && { mergedInto }) };
    const recorded = await this.#say(viewer, key, mark, "ended", body);
    await runs.stop(key, undefined);
    const active = await sessions.active(key.userId);
    // Another session that is active stays so.
    if (active?.sessionId === key.sessionId) await sessions.activate(key.userId, active, undefined);
    return recorded;
  }

  #say<K extends EntryKind>(
    viewer: Viewer,
    key: SessionKey,
    mark: Mark,
    kind: K,
    body: Bodies[K],
  ): Promise<Recorded<K>> {
    const saying = { ...this.#saying(viewer, key, mark), kind, body, fence: undefined };
    return this.#options.journal.say(saying);
  }

  #saying(viewer: Viewer, key: SessionKey, mark: Mark) {
    const author = authorOf(viewer, key.userId);
    return { userId: key.userId, sessionId: key.sessionId, author, ...markOf(mark) };
  }

  async #active(userId: string): Promise<SessionKey | undefined> {
    const active = await this.#options.sessions.active(userId);
    return active !== undefined && (await this.#isGoing(active)) ? active : undefined;
  }

  async #isGoing(key: SessionKey): Promise<boolean> {
    const { folding, returnMs, wallClock } = this.#options;
    const row = await folding.upToDate(key);
    if (row === undefined) return true;
    return row.endMs === undefined && wallClock() - row.lastActivityMs < returnMs;
  }

  #owned(following: Promise<void>): void {
    const owned = following
      .catch(this.#options.failed)
      .finally(() => this.#following.delete(owned));
    this.#following.add(owned);
  }

  /** Messages that were said at once are followed side by side: whichever is done first, the first of them is the name's. */
  async #followFrom(
    key: SessionKey,
    peeked: SessionRow | undefined,
    recorded: Recorded<"message"> & { settled: () => void },
  ): Promise<void> {
    const session = `${key.userId} ${key.sessionId}`;
    const first = this.#firsts.get(session) ?? recorded.said;
    this.#firsts.set(session, first);
    try {
      await this.#follow(key, peeked, { ...recorded, first });
    } finally {
      if (first === recorded.said) this.#firsts.delete(session);
    }
  }

  /**
   * The answer where no person answers, and the name after the first message. One that is said again may have
   * been stored by a try whose end nobody heard of: then nothing has followed upon it yet.
   */
  async #follow(
    key: SessionKey,
    peeked: SessionRow | undefined,
    {
      said,
      isRepeated,
      settled,
      first,
    }: Recorded<"message"> & {
      settled: () => void;
      first: Said<"message">;
    },
  ): Promise<void> {
    const { journal, folding, patiently, askIfOpen } = this.#options;
    const { entry } = said;
    const following = patiently(async () => {
      const known = isJustBefore(peeked, entry) ? peeked : await folding.upToDate(key);
      const isDue = !entry.isHeld && said.body.isUnasked !== true;
      if (isRepeated) await askIfOpen(key, said.messageId);
      else if (isDue) await this.#ask(key, said, known?.modelId);
      return known;
    });
    // What fails for another reason than the store is nobody's to mend.
    const row = await following.catch((reason: unknown) => {
      if (ChatError.from(reason).code !== "DATABASE_ERROR") settled();
      throw reason;
    });
    settled();
    if (row?.name !== undefined) return;
    await journal
      .say({
        ...key,
        kind: "named",
        author: "system",
        clientMessageId: "name",
        body: { name: firstName(first.body) },
        seen: undefined,
        fence: undefined,
      })
      .catch(unlessRepeated);
  }

  #ask(key: SessionKey, { entry, messageId }: Said, modelId: string | undefined): Promise<void> {
    return this.#options.runs.ask({
      key,
      messageId,
      number: entry.number,
      atMs: this.#options.wallClock(),
      attempt: 1,
      controlEpoch: entry.controlEpoch,
      modelId,
      begun: "",
    });
  }
}

/** True if the row has all that was said before the entry: then nothing has changed but by it. */
function isJustBefore(row: SessionRow | undefined, { origin, number }: Position): boolean {
  const origins = Object.keys(row?.versions ?? {});
  return origins.length === 1 && numberOf(row!.versions, origin) === number - 1;
}

/** After its words; of what came without any, after the file. */
function firstName({ content, type, file }: Bodies["message"]): string {
  const hasWords = content.trim() !== "";
  if (hasWords || file === undefined) return sessionName(content);
  return type === "voice" ? "Voice note" : fileTitle(file.name ?? nameInUrl(file.url));
}

export interface Found {
  readonly key: SessionKey;
  readonly exists: boolean;
}

function holdsControl({ userId }: Viewer, row: SessionRow | undefined): void {
  const { control } = row ?? {};
  if (control?.mode === "person" && control.adminId === userId) return;
  throw new ChatError("FORBIDDEN", "take the session over before you write in it");
}

function bodyOf(viewer: Viewer, isOwner: boolean, wording: Wording): Bodies["message"] {
  const { type, text, file, metadata, replyTo, isUnasked } = wording;
  return {
    sender: isOwner ? "user" : "admin",
    type,
    content: text,
    ...(!isOwner && { name: viewer.name }),
    ...(file && { file }),
    ...(metadata && { metadata }),
    ...(replyTo !== undefined && { replyTo }),
    ...(isUnasked && { isUnasked }),
  };
}
