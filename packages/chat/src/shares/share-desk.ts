import { ChatError } from "@warren/wire";
import { SealError } from "../keys/seal-error.ts";
import type { MasterKeys } from "../keys/master-keys.ts";
import { lookupDigests, openValue, sealValue } from "../keys/values.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Viewer } from "../sessions/viewer.ts";
import type { ShareEvents } from "./events.ts";
import type { ShareLink, ShareLinks } from "./ports.ts";

export interface ShareDeskOptions {
  links: ShareLinks;
  masters: MasterKeys;
  /** How long a link is good where its maker says nothing, and at most. */
  lifeMs: number;
  longestMs: number;
  /** Epoch milliseconds. */
  wallClock: () => number;
  randomHex: (bytes: number) => string;
  events: ShareEvents;
}

/** What share tokens are sealed for: rotating the master key asks for it by this name. */
export const SHARE_USE = "share token";
/** 32 hex characters, as the reference's (E-5). */
const TOKEN_BYTES = 16;
const TOKEN = /^[0-9a-f]{32}$/;
/** A link that ends at once is a mistake. */
const SHORTEST_MS = 60_000;
const MOST_SESSIONS = 1_000;

/** A link with its token open, as its maker sees it. */
export interface OpenLink extends SessionKey {
  readonly token: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Links by which anybody may read a session. A session has one at a time: who asks again gets the same
 * one, until it is revoked or has expired. Tokens are stored sealed and found by their digest, so what is
 * stored opens nothing.
 */
export class ShareDesk {
  readonly #options: ShareDeskOptions;

  constructor(options: ShareDeskOptions) {
    this.#options = options;
  }

  /** The session's link, made where there is none. `lifeMs` moves its end; undefined: as it is. */
  async share(viewer: Viewer, key: SessionKey, lifeMs: number | undefined): Promise<OpenLink> {
    if (viewer.userId !== key.userId) {
      throw new ChatError("FORBIDDEN", "only whose session it is may share it");
    }
    const { links, wallClock, longestMs, events } = this.#options;
    if (lifeMs !== undefined && !(lifeMs >= SHORTEST_MS && lifeMs <= longestMs)) {
      const bounds = `from ${SHORTEST_MS / 1_000} to ${Math.floor(longestMs / 1_000)}`;
      throw new ChatError("BAD_REQUEST", `expires_in must be ${bounds} seconds`);
    }
    for (;;) {
      const known = await this.#of(key);
      if (known === undefined) {
        const fresh = this.#make(key, lifeMs);
        const kept = await links.putIfAbsent(fresh);
        if (kept.id === fresh.id) events.created();
        if (kept.expiresAtMs > wallClock()) return this.#opened(kept);
      } else if (known.expiresAtMs <= wallClock()) await links.remove(known.id);
      else if (lifeMs === undefined) return this.#opened(known);
      else {
        const expiresAtMs = wallClock() + lifeMs;
        if (await links.setEnd(known.id, expiresAtMs)) {
          return this.#opened({ ...known, expiresAtMs });
        }
      }
    }
  }

  /** A link that another service gave out goes on, for as long as a new one would; unless there is one. */
  async adopt(key: SessionKey, token: string): Promise<void> {
    if (TOKEN.test(token)) await this.#options.links.putIfAbsent(this.#make(key, undefined, token));
  }

  /** The links of one's own that are good, newest first. */
  async list({ userId }: Pick<Viewer, "userId">): Promise<OpenLink[]> {
    const { links, wallClock } = this.#options;
    const all = await links.ofUser(userId);
    return all
      .filter(({ expiresAtMs }) => expiresAtMs > wallClock())
      .map((link) => this.#opened(link));
  }

  /** Tokens by session, of those that are shared. */
  async tokens(sessionIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { links, wallClock } = this.#options;
    if (sessionIds.length === 0) return new Map();
    const found = await links.ofSessions(sessionIds.slice(0, MOST_SESSIONS));
    const good = found.filter(({ expiresAtMs }) => expiresAtMs > wallClock());
    return new Map(good.flatMap((link) => this.#tokenIn(link) ?? []));
  }

  /** Whoever has the link reads nothing more by it. False: there was none. */
  async revoke(key: SessionKey): Promise<boolean> {
    const { links, events } = this.#options;
    const link = await this.#of(key);
    const isGone = link !== undefined && (await links.remove(link.id));
    if (isGone) events.revoked();
    return isGone;
  }

  /** The link that a token is of. Rejects with a ChatError: GONE once it has expired, else NOT_FOUND. */
  async read(token: string): Promise<ShareLink> {
    const { links, masters, wallClock, events } = this.#options;
    const digests = TOKEN.test(token) ? lookupDigests(masters, SHARE_USE, token) : [];
    const link = digests.length > 0 ? await links.find(digests) : undefined;
    if (link === undefined) throw new ChatError("NOT_FOUND", "there is nothing shared here");
    if (link.expiresAtMs <= wallClock()) {
      throw new ChatError("GONE", "this link has expired: ask whoever sent it for a new one");
    }
    events.read();
    return link;
  }

  /** Whether a link of this id is still good. */
  async stands(id: string): Promise<boolean> {
    const link = await this.#options.links.get(id);
    return link !== undefined && link.expiresAtMs > this.#options.wallClock();
  }

  async #of({ userId, sessionId }: SessionKey): Promise<ShareLink | undefined> {
    const [link] = await this.#options.links.ofSessions([sessionId]);
    return link?.userId === userId ? link : undefined;
  }

  #make(
    { userId, sessionId }: SessionKey,
    lifeMs = this.#options.lifeMs,
    token = this.#options.randomHex(TOKEN_BYTES),
  ): ShareLink {
    const { masters, randomHex, wallClock } = this.#options;
    const id = randomHex(16);
    const value = sealValue(token, { use: SHARE_USE, id }, masters);
    const createdAtMs = wallClock();
    return { ...value, userId, sessionId, createdAtMs, expiresAtMs: createdAtMs + lifeMs };
  }

  /** One that cannot be opened keeps nobody from a list. */
  #tokenIn(link: ShareLink): [[string, string]] | undefined {
    try {
      return [[link.sessionId, this.#opened(link).token]];
    } catch (reason) {
      if (reason instanceof ChatError) return undefined;
      throw reason;
    }
  }

  #opened({ id, sealed, userId, sessionId, createdAtMs, expiresAtMs }: ShareLink): OpenLink {
    try {
      const token = openValue(sealed, { use: SHARE_USE, id }, this.#options.masters);
      return { token, userId, sessionId, createdAtMs, expiresAtMs };
    } catch (cause) {
      if (!(cause instanceof SealError)) throw cause;
      throw new ChatError("INTERNAL_ERROR", "what is stored cannot be read", { cause });
    }
  }
}
