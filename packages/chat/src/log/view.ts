import { createHash } from "node:crypto";
import { bodyOf, type Bodies, type Sealed } from "./body.ts";
import { inOrder, type Entry } from "./entry.ts";
import { merged, NO_VERSIONS, type Position, type Versions } from "./versions.ts";

/** A message as it stands after all that was said of it. */
export interface Message extends Position {
  readonly messageId: string;
  readonly clientMessageId: string;
  readonly author: string;
  readonly hlc: number;
  readonly said: Bodies["message"];
  /** The latest wording, undefined once deleted. */
  readonly content: Sealed | undefined;
  /** Name of the entry that `content` is of: the message's own, or an edit's. */
  readonly contentEntry: string;
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  /** Who reacted, by emoji. */
  readonly reactions: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Control {
  readonly epoch: number;
  readonly mode: "bot" | "person";
  readonly adminId: string | undefined;
  readonly adminName: string | undefined;
  readonly why: Bodies["control"]["why"] | undefined;
  readonly hlc: number;
}

export interface Cursors {
  readonly delivered: Versions;
  readonly read: Versions;
}

/** A session as everybody sees it who has the same entries, in whatever order they came. */
export interface View {
  readonly messages: readonly Message[];
  readonly control: Control;
  /** By author and device, as `deviceKey` says. */
  readonly cursors: ReadonlyMap<string, Cursors>;
}

/** The name of a message in every cluster: of the session, its author and the author's id for it. */
export function messageIdOf(of: {
  sessionId: string;
  author: string;
  clientMessageId: string;
}): string {
  const text = JSON.stringify([of.sessionId, of.author, of.clientMessageId]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

export function deviceKey(author: string, deviceId: string): string {
  return JSON.stringify([author, deviceId]);
}

/** What was said, once each: of several with one identity the least counts. In the session's order. */
export function canonical(entries: Iterable<Entry>): Entry[] {
  const least = new Map<string, Entry>();
  for (const entry of entries) {
    const identity = JSON.stringify([entry.author, entry.clientMessageId]);
    const known = least.get(identity);
    if (known === undefined || inOrder(entry, known) < 0) least.set(identity, entry);
  }
  return [...least.values()].toSorted(inOrder);
}

/** A pure function of the set of entries: equal sets, equal views. */
export function view(entries: Iterable<Entry>): View {
  const all = canonical(entries);
  const messages = new Map<string, Changing>();
  const cursors = new Map<string, Cursors>();
  let control = NO_CONTROL;
  for (const entry of all) {
    if (entry.kind === "message") messages.set(messageIdOf(entry), messageOf(entry));
    else if (entry.kind === "control") control = greater(control, controlOf(entry));
    else if (entry.kind === "receipt") move(cursors, entry);
  }
  // After all messages are there: a change may come before what it changes, from another cluster.
  for (const entry of all) change(messages, entry);
  return { messages: [...messages.values()], control, cursors };
}

type Changing = { -readonly [K in keyof Message]: Message[K] };

/** Before anybody took the session. */
export const NO_CONTROL: Control = {
  epoch: 0,
  mode: "bot",
  adminId: undefined,
  adminName: undefined,
  why: undefined,
  hlc: 0,
};

function messageOf(entry: Entry): Changing {
  const { origin, number, hlc, author, clientMessageId } = entry;
  const said = bodyOf({ ...entry, kind: "message" });
  return {
    origin,
    number,
    hlc,
    author,
    clientMessageId,
    messageId: messageIdOf(entry),
    said,
    content: said.content,
    contentEntry: messageIdOf(entry),
    isEdited: false,
    isDeleted: false,
    reactions: new Map(),
  };
}

export function controlOf(entry: Entry): Control {
  const { mode, adminId, adminName, why } = bodyOf({ ...entry, kind: "control" });
  return { epoch: entry.controlEpoch, mode, adminId, adminName, why, hlc: entry.hlc };
}

/** Two clusters that were apart may both begin an epoch: a person wins over the AI, then the later. */
export function greater(a: Control, b: Control): Control {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch ? a : b;
  if (a.mode !== b.mode) return a.mode === "person" ? a : b;
  return a.hlc > b.hlc ? a : b;
}

function change(messages: Map<string, Changing>, entry: Entry): void {
  switch (entry.kind) {
    case "edit": {
      const { messageId, content } = bodyOf({ ...entry, kind: "edit" });
      const message = messages.get(messageId);
      if (message === undefined || message.isDeleted) return;
      if (!mayEdit(entry.author, message.author)) return;
      message.content = content;
      message.contentEntry = messageIdOf(entry);
      message.isEdited = true;
      return;
    }
    case "delete": {
      const message = messages.get(bodyOf({ ...entry, kind: "delete" }).messageId);
      if (message === undefined || !mayDelete(entry.author, message.author)) return;
      message.content = undefined;
      message.isDeleted = true;
      return;
    }
    case "reaction":
      return react(messages, entry);
  }
}

/** Nobody changes another's words. */
export function mayEdit(by: string, author: string): boolean {
  return by === author;
}

/** One's own; admins also take away what should not stand there. */
export function mayDelete(by: string, author: string): boolean {
  return by === author || by.startsWith("admin:");
}

function react(messages: Map<string, Changing>, entry: Entry): void {
  const { messageId, emoji, isOn } = bodyOf({ ...entry, kind: "reaction" });
  const message = messages.get(messageId);
  if (message === undefined) return;
  const reactions = new Map(message.reactions);
  const who = new Set(reactions.get(emoji));
  if (isOn) who.add(entry.author);
  else who.delete(entry.author);
  if (who.size > 0) reactions.set(emoji, who);
  else reactions.delete(emoji);
  message.reactions = reactions;
}

function move(cursors: Map<string, Cursors>, entry: Entry): void {
  const { deviceId, delivered, read } = bodyOf({ ...entry, kind: "receipt" });
  const key = deviceKey(entry.author, deviceId);
  const was = cursors.get(key) ?? { delivered: NO_VERSIONS, read: NO_VERSIONS };
  cursors.set(key, {
    // Who has seen something has it.
    delivered: merged(merged(was.delivered, delivered ?? NO_VERSIONS), read ?? NO_VERSIONS),
    read: merged(was.read, read ?? NO_VERSIONS),
  });
}
