import type { WireEntry } from "@warren/wire";
import { has, merged, type Position, type Versions } from "./versions.ts";

type Entry<K extends WireEntry["kind"]> = Extract<WireEntry, { kind: K }>;
type Said = Entry<"message">;

/** Who reacted: a person, or a person's role where nobody is named. */
export interface Reactor {
  readonly sender: WireEntry["sender"];
  readonly authorId: string | undefined;
}

/** A message after all that was said of it. */
export interface Spoken extends Position {
  readonly entry: Said;
  /** The latest wording; empty once deleted. */
  readonly content: string;
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  readonly reactions: ReadonlyMap<string, readonly Reactor[]>;
}

/** Who answers in the session. */
export interface Control {
  readonly epoch: number;
  readonly mode: "bot" | "person";
  readonly adminId: string | undefined;
  readonly adminName: string | undefined;
  readonly why: Entry<"control">["why"] | undefined;
}

export interface Cursors {
  readonly authorId: string | undefined;
  readonly deviceId: string;
  readonly delivered: Versions;
  readonly read: Versions;
}

/** A session as everybody sees it who has the same entries, in whatever order they came. */
export interface View {
  readonly messages: readonly Spoken[];
  readonly control: Control;
  readonly cursors: readonly Cursors[];
  readonly name: string | undefined;
  readonly modelId: string | undefined;
  readonly isHelpOpen: boolean;
  readonly isEnded: boolean;
}

/** `least (hlc, origin, number)` first: the one order of a session, the same in every cluster. */
export function inOrder(a: WireEntry, b: WireEntry): number {
  if (a.hlc !== b.hlc) return a.hlc - b.hlc;
  if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1;
  return a.number - b.number;
}

/** What was said, once each: of several with one identity the least counts. In the session's order. */
export function canonical(entries: Iterable<WireEntry>): WireEntry[] {
  const least = new Map<string, WireEntry>();
  for (const entry of entries) {
    const known = least.get(entry.message_id);
    if (known === undefined || inOrder(entry, known) < 0) least.set(entry.message_id, entry);
  }
  return [...least.values()].sort(inOrder);
}

/** A pure function of the set of entries: equal sets, equal views. The rules are the service's own. */
export function view(entries: Iterable<WireEntry>): View {
  const all = canonical(entries);
  const state = emptyState();
  for (const entry of all) {
    if (entry.kind === "message") state.messages.set(entry.message_id, spokenOf(entry));
  }
  // After all messages are there: a change may come before what it changes, from another cluster.
  for (const entry of all) apply(state, entry);
  const { messages, cursors, control, ...rest } = state;
  const { hlc: _hlc, ...shown } = control;
  return {
    ...rest,
    control: shown,
    messages: [...messages.values()],
    cursors: [...cursors.values()],
  };
}

type Changing = { -readonly [K in keyof Spoken]: Spoken[K] };
type Governing = Control & { readonly hlc: number };
type State = ReturnType<typeof emptyState>;

function emptyState() {
  return {
    messages: new Map<string, Changing>(),
    cursors: new Map<string, Cursors>(),
    control: NO_CONTROL,
    name: undefined as string | undefined,
    modelId: undefined as string | undefined,
    isHelpOpen: false,
    isEnded: false,
  };
}

/** Before anybody took the session. */
const NO_CONTROL: Governing = {
  epoch: 0,
  mode: "bot",
  adminId: undefined,
  adminName: undefined,
  why: undefined,
  hlc: 0,
};

function spokenOf(entry: Said): Changing {
  return {
    entry,
    origin: entry.origin,
    number: entry.number,
    content: entry.content,
    isEdited: false,
    isDeleted: false,
    reactions: new Map(),
  };
}

function apply(state: State, entry: WireEntry): void {
  switch (entry.kind) {
    case "edit":
      return edit(state, entry);
    case "delete":
      return remove(state, entry);
    case "reaction":
      return react(state, entry);
    case "receipt":
      return move(state, entry);
    case "control":
      state.control = greater(state.control, controlOf(entry));
      // Whoever takes the session has answered the call for help.
      if (entry.mode === "person") state.isHelpOpen = false;
      return;
    case "opened":
    case "model":
      state.modelId = entry.model_id ?? state.modelId;
      return;
    case "named":
      state.name = entry.name;
      return;
    case "help":
      state.isHelpOpen = entry.open;
      return;
    case "ended":
      state.isEnded = true;
  }
}

function edit({ messages }: State, entry: Entry<"edit">): void {
  const message = messages.get(entry.target_id);
  if (message === undefined || message.isDeleted || !isSame(message.entry, entry)) return;
  message.content = entry.content;
  message.isEdited = true;
}

function remove({ messages }: State, entry: Entry<"delete">): void {
  const message = messages.get(entry.target_id);
  if (message === undefined) return;
  if (entry.sender !== "admin" && !isSame(message.entry, entry)) return;
  message.content = "";
  message.isDeleted = true;
}

function react({ messages }: State, entry: Entry<"reaction">): void {
  const message = messages.get(entry.target_id);
  if (message === undefined) return;
  const reactions = new Map(message.reactions);
  const others = (reactions.get(entry.emoji) ?? []).filter(
    ({ sender, authorId }) => sender !== entry.sender || authorId !== entry.author_id,
  );
  if (entry.on) others.push({ sender: entry.sender, authorId: entry.author_id });
  if (others.length > 0) reactions.set(entry.emoji, others);
  else reactions.delete(entry.emoji);
  message.reactions = reactions;
}

function move({ cursors }: State, entry: Entry<"receipt">): void {
  const { sender, author_id: authorId, device_id: deviceId, delivered = {}, read = {} } = entry;
  const key = JSON.stringify([sender, authorId, deviceId]);
  const was = cursors.get(key);
  cursors.set(key, {
    authorId,
    deviceId,
    // Who has seen something has it.
    delivered: merged(merged(was?.delivered ?? {}, delivered), read),
    read: merged(was?.read ?? {}, read),
  });
}

function controlOf(entry: Entry<"control">): Governing {
  const { control_epoch: epoch, mode, admin_id: adminId, admin_name: adminName, why, hlc } = entry;
  return { epoch, mode, adminId, adminName, why, hlc };
}

/** Two clusters that were apart may both begin an epoch: a person wins over the AI, then the later. */
function greater(a: Governing, b: Governing): Governing {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch ? a : b;
  if (a.mode !== b.mode) return a.mode === "person" ? a : b;
  return a.hlc > b.hlc ? a : b;
}

function isSame(a: WireEntry, b: WireEntry): boolean {
  return a.sender === b.sender && a.author_id === b.author_id;
}

/** True if somebody's cursors cover the position. */
export function isCovered(cursors: readonly Versions[], position: Position): boolean {
  return cursors.some((versions) => has(versions, position));
}
