import { named } from "../session/content.ts";
import type { Outgoing } from "../session/outbox.ts";
import type { ClientStorage } from "../storage/storage.ts";
import type { LeavingVisitor } from "./visitors.ts";

/** What the service says of a visitor who is a user now. */
export interface Joined {
  /** Undefined: the service was not asked, or gives the visitor to nobody. */
  readonly userId: string | undefined;
  /** The visitor's sessions, the latest first, and what they are called now. */
  readonly sessions: readonly { readonly from: string; readonly session_id: string }[];
}

export interface AskOptions {
  /** Of the chat, without a slash at the end. */
  url: string;
  /** Of the user. */
  token: string;
  /** Epoch milliseconds. */
  wallClock: () => number;
  fetch: typeof fetch;
  signal: AbortSignal;
}

const NOTHING: Joined = { userId: undefined, sessions: [] };

/** Has the service make a visitor's conversations the user's; asking twice is asking once. Undefined: not now. */
export async function askToJoin(
  visitor: LeavingVisitor,
  { url, token, wallClock, fetch, signal }: AskOptions,
): Promise<Joined | undefined> {
  if (visitor.token === undefined || visitor.expiresAtMs <= wallClock()) return NOTHING;
  const answer = await fetch(`${url}/guest/merge`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ guest_token: visitor.token }),
    signal,
  });
  // 401 may be about the user's token, which is another one the next time; the visitor's ends by itself.
  if (answer.status === 400 || answer.status === 403) return NOTHING;
  if (!answer.ok) return undefined;
  const { user_id: userId, sessions } = (await answer.json()) as {
    user_id?: string;
    sessions?: Joined["sessions"];
  };
  return sessions && { userId, sessions };
}

/**
 * Gives the user what the visitor had not sent, under the ids that it had: what the service heard already is not
 * said twice. It may be done again. Resolves with the session of the last of it.
 */
export async function moveOutbox(
  from: ClientStorage,
  to: ClientStorage,
  { sessions }: Joined,
): Promise<string | undefined> {
  const names = new Map(sessions.map((one) => [one.from, one.session_id]));
  let last: string | undefined;
  for (const [key, value] of await from.list("out:")) {
    const [kind, sessionId = "", id] = key.split(":");
    last = names.get(sessionId) ?? named(sessionId);
    // Where the service had put it was a place in the visitor's session: it tells again.
    const item: Outgoing = { ...(value as Outgoing), acknowledged: undefined };
    await to.set([kind, last, id].join(":"), item);
  }
  return last;
}
