import { BOT, EMPTY_HEAD, type Draft, type Entry, type Head } from "./entry.ts";
import { tick } from "./hybrid-time.ts";

/** What became of a draft. */
export type Accepted =
  /** Durable where it was accepted. */
  | { readonly outcome: "stored"; readonly entry: Entry }
  /** The author used this id before: this is what was stored then, the same or something else. */
  | { readonly outcome: "existing"; readonly entry: Entry }
  /** The control of the session has changed since the draft was made. */
  | { readonly outcome: "fenced"; readonly controlEpoch: number }
  | { readonly outcome: "closed" };

export interface Acceptance {
  readonly origin: string;
  readonly head: Head;
  /** An entry of the same author and client message id, of whatever origin. */
  readonly existing: Entry | undefined;
  /** Epoch milliseconds. */
  readonly wallMs: number;
}

/** What may still be said in a session that is over. */
const AFTER_THE_END = new Set(["receipt", "ended", "delete", "reaction"]);

/**
 * Decides on a draft by the head of its log. The store that asks must then insert the entry under the
 * unique key (user, session, origin, number): where another was faster, the head has moved and it asks
 * again. So numbers are dense, there is no number without a row, and the fences hold without a
 * transaction.
 */
export function accept(draft: Draft, { origin, head, existing, wallMs }: Acceptance): Accepted {
  if (existing !== undefined) return { outcome: "existing", entry: existing };
  if (draft.fence !== undefined && head.controlEpoch !== draft.fence) {
    return { outcome: "fenced", controlEpoch: head.controlEpoch };
  }
  if (head.isClosed && !isForAfter(draft)) return { outcome: "closed" };
  return { outcome: "stored", entry: entryOf(draft, origin, head, wallMs) };
}

/** Also an answer that was being written: people have read what there is of it. */
function isForAfter({ kind, author }: Draft): boolean {
  return AFTER_THE_END.has(kind) || (kind === "message" && author === BOT);
}

function entryOf(draft: Draft, origin: string, head: Head, wallMs: number): Entry {
  const { userId, sessionId, kind, author, clientMessageId, body } = draft;
  return {
    userId,
    sessionId,
    origin,
    number: head.number + 1,
    // Never later than now: what is said next would have to come after it.
    hlc: tick(Math.min(draft.atMs ?? wallMs, wallMs), head.hlc, draft.seen),
    kind,
    author,
    clientMessageId,
    body,
    controlEpoch: head.controlEpoch + (draft.control === undefined ? 0 : 1),
    isHeld: draft.control === undefined ? head.isHeld : draft.control === "person",
    isClosed: head.isClosed || kind === "ended",
  };
}

/** The head once an entry is there, its own or one that came from another cluster. */
export function headWith(head: Head | undefined, entry: Entry, origin: string): Head {
  const was = head ?? EMPTY_HEAD;
  return {
    number: entry.origin === origin ? Math.max(was.number, entry.number) : was.number,
    hlc: Math.max(was.hlc, entry.hlc),
    controlEpoch: Math.max(was.controlEpoch, entry.controlEpoch),
    isHeld: heldAfter(was, entry),
    isClosed: was.isClosed || entry.isClosed,
  };
}

/** Of two clusters that began the same epoch apart, a person wins over the AI. */
function heldAfter(was: Head, entry: Entry): boolean {
  if (entry.controlEpoch === was.controlEpoch) return was.isHeld || entry.isHeld;
  return entry.controlEpoch > was.controlEpoch ? entry.isHeld : was.isHeld;
}
