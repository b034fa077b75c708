import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { GuestTokens, MintedGuest } from "../auth/guest-tokens.ts";
import type { Identity } from "../auth/identity.ts";
import type { SessionKey } from "../log/entry.ts";
import { ownerOf } from "../files/file-desk.ts";
import { holderOf } from "../files/file-id.ts";
import { HERE } from "../files/file-links.ts";
import type { Files, FileUpkeep } from "../files/ports.ts";
import type { Leaving } from "../privacy/ports.ts";
import type { Quota } from "../files/quota.ts";
import type { Journal } from "../log/journal.ts";
import type { Said } from "../log/said.ts";
import { NO_VERSIONS, type Versions, including } from "../log/versions.ts";
import type { ClusterRuns } from "../runs/cluster-runs.ts";
import { EVERY, everyRow, type ListSessions } from "./every-row.ts";
import type { Folding } from "./folding.ts";
import { lastAnswer } from "./last-answer.ts";
import { MERGED, SessionCopy } from "./session-copy.ts";
import { sessionIdFor } from "./session-id.ts";
import type { Sessions } from "./ports.ts";
import type { Talk } from "./talk.ts";

export interface GuestsOptions {
  tokens: GuestTokens;
  sessions: Sessions;
  folding: Folding;
  journal: Journal;
  talk: Talk;
  runs: Pick<ClusterRuns, "of" | "stop">;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  files: Pick<Files & FileUpkeep, "hold" | "give">;
  quota: Pick<Quota, "recount">;
  /** Ends what a user had open by then, here and on the other instances that follow the session. */
  leave: (who: Leaving) => void;
}

export interface MergedSession {
  readonly from: string;
  readonly to: string;
}

/** Entries that are read at once. */
const READ = 300;
/** Sessions of one guest. */
const MOST_SESSIONS = 1_000;

/**
 * Visitors without an account: one per device, known by a token of ours. When they say who they are, what they
 * said becomes the user's.
 */
export class Guests {
  readonly #options: GuestsOptions;

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  /** A token of a new guest; of the same one for a token that is still good. Throws a `ChatError` for another. */
  token(former: string | undefined): MintedGuest {
    const { tokens, wallClock } = this.#options;
    const nowMs = wallClock();
    return tokens.mint(nowMs, former === undefined ? undefined : tokens.prove(former, nowMs));
  }

  /**
   * Gives a user the sessions of the guest whose token they hold, but for those that another user has, and ends
   * these for the guest, whose sockets are closed. What is there after a crash is not done again: doing it twice
   * is doing it once. Rejects with a `ChatError`: a retryable one where an answer is not stored yet, which would
   * be lost to the user.
   */
  async merge(user: Identity, token: string): Promise<MergedSession[]> {
    const { tokens, wallClock, talk, sessions, leave } = this.#options;
    const guestId = tokens.mergeable(token, user, wallClock());
    const guest = { userId: guestId, name: guestId, isAdmin: false };
    const merged: MergedSession[] = [];
    let isAnothers = false;
    await this.#settle(guestId);
    const list: ListSessions = (query) => sessions.list(query);
    const theirs = { ...EVERY, userId: guestId, nowMs: wallClock() };
    // The latest first: that is the one that the user goes on in.
    for await (const { userId, sessionId } of everyRow(list, theirs, MOST_SESSIONS)) {
      const key = { userId, sessionId };
      // First the end: nothing is said in it from then on that would not be copied, and nobody else gets it.
      const mark = { clientMessageId: MERGED, seen: undefined, mergedInto: user.userId };
      const isTheirs = await talk.end(guest, key, mark).then(() => true, unlessTaken);
      if (!isTheirs) {
        isAnothers = true;
        continue;
      }
      const to = { userId: user.userId, sessionId: sessionIdFor(user.userId, key.sessionId) };
      await lastAnswer(this.#options, key);
      await this.#copy(key, to);
      merged.push({ from: key.sessionId, to: to.sessionId });
    }
    await this.#goOn(user, merged[0]?.to);
    if (!isAnothers) await this.#giveFiles(guestId, user.userId);
    // Other pages of the device begin anew, as another guest.
    leave({ userId: guestId, sessionId: merged[0]?.from, sinceMs: wallClock() });
    return merged;
  }

  /** What was said a moment ago is in a list once its row is up to it. */
  async #settle(userId: string): Promise<void> {
    const { sessions, folding } = this.#options;
    const active = await sessions.active(userId);
    if (active !== undefined) await folding.upToDate(active);
  }

  async #copy(from: SessionKey, to: SessionKey): Promise<void> {
    const { journal } = this.#options;
    const copy = new SessionCopy(from, to);
    let versions: Versions = NO_VERSIONS;
    for (;;) {
      const page = await journal.unaddressed(from, versions, READ);
      for (const said of page) {
        versions = including(versions, said.entry);
        const saying = copy.of(said);
        if (saying === undefined) continue;
        await this.#hold(said, to);
        await journal.say(saying).catch(unlessThere);
      }
      if (page.length < READ) return;
    }
  }

  /** A file of ours stays as long as either session has it. */
  async #hold({ kind, body }: Said, to: SessionKey): Promise<void> {
    const file = kind === "message" ? body.file : undefined;
    if (file?.url === HERE) await this.#options.files.hold(file.fileId, holderOf(to));
  }

  /** Also what was uploaded and is not sent yet. */
  async #giveFiles(guestId: string, userId: string): Promise<void> {
    const { files, quota } = this.#options;
    const [from, to] = [ownerOf({ userId: guestId }), ownerOf({ userId })];
    await files.give(from, to);
    for (const owner of [from, to]) quota.recount(owner);
  }

  /** The user goes on in the guest's latest session, unless they are in one of their own. */
  async #goOn({ userId, name, isAdmin }: Identity, sessionId: string | undefined): Promise<void> {
    const { sessions, talk } = this.#options;
    if (sessionId === undefined) return;
    const current = await talk.find({ userId, name, isAdmin }, undefined);
    if (current.exists) return;
    await sessions.activate(userId, await sessions.active(userId), { userId, sessionId });
  }
}

/** Another user had it first. */
function unlessTaken(reason: unknown): false {
  if (ChatError.from(reason).code !== "CONFLICT") throw reason;
  return false;
}

/** It was copied before, or the user has ended the copy since. */
function unlessThere(reason: unknown): void {
  const { code } = ChatError.from(reason);
  if (code !== "CONFLICT" && code !== "SESSION_ENDED") throw reason;
}
