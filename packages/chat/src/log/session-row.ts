import { bodyOf, type Sealed } from "./body.ts";
import { inOrder, type Entry, type SessionKey } from "./entry.ts";
import { wallMsOf } from "./hybrid-time.ts";
import { including, NO_VERSIONS, numberOf, type Versions } from "./versions.ts";
import { canonical, controlOf, greater, messageIdOf, NO_CONTROL, type Control } from "./view.ts";

/**
 * What lists and filters need of a session: a cache of its log, and of nothing else. `versions` says
 * which entries are in it.
 */
export interface SessionRow extends SessionKey {
  readonly versions: Versions;
  /** The last entry in it, in the session's order. */
  readonly lastHlc: number;
  readonly alias: string | undefined;
  readonly name: Sealed | undefined;
  /** Name of the entry that the name is sealed for. */
  readonly nameEntry: string | undefined;
  readonly modelId: string | undefined;
  readonly startMs: number;
  readonly endMs: number | undefined;
  /** Of the last message, else of the start. */
  readonly lastActivityMs: number;
  /** Messages that were said, deleted ones as well, notes not. */
  readonly messageCount: number;
  readonly totalTokens: number;
  /** Millionths of the currency of the configured prices. */
  readonly cost: number;
  readonly answers: { readonly count: number; readonly sumMs: number; readonly maxMs: number };
  /** A person has answered in it, at any time. */
  readonly adminAssisted: boolean;
  readonly control: Control;
  readonly help: { readonly isOpen: boolean; readonly sinceMs: number | undefined };
}

function emptyRow({ userId, sessionId }: SessionKey): SessionRow {
  return {
    userId,
    sessionId,
    versions: NO_VERSIONS,
    lastHlc: 0,
    alias: undefined,
    name: undefined,
    nameEntry: undefined,
    modelId: undefined,
    startMs: 0,
    endMs: undefined,
    lastActivityMs: 0,
    messageCount: 0,
    totalTokens: 0,
    cost: 0,
    answers: { count: 0, sumMs: 0, maxMs: 0 },
    adminAssisted: false,
    control: NO_CONTROL,
    help: { isOpen: false, sinceMs: undefined },
  };
}

/** The row of a whole log. */
export function foldAll(key: SessionKey, entries: Iterable<Entry>): SessionRow {
  const all = [...entries];
  let row = emptyRow(key);
  for (const entry of canonical(all)) row = fold(row, entry);
  // Twins count as had: they would be asked for again.
  const versions = all.reduce((had: Versions, entry) => including(had, entry), NO_VERSIONS);
  return { ...row, versions };
}

/**
 * The row with entries that came after it. Undefined where they cannot just be added, because some sort
 * before what is in it already or come of another origin, and may be twins: then the log is folded whole.
 */
export function foldOnto(row: SessionRow, entries: readonly Entry[]): SessionRow | undefined {
  const [origin, ...others] = Object.keys(row.versions);
  let next = row;
  for (const entry of entries.toSorted(inOrder)) {
    if (others.length > 0 || entry.origin !== origin || entry.hlc <= next.lastHlc) return undefined;
    if (entry.number !== numberOf(next.versions, origin) + 1) return undefined;
    next = fold(next, entry);
  }
  return next;
}

function fold(row: SessionRow, entry: Entry): SessionRow {
  const versions = including(row.versions, entry);
  return { ...changed(row, entry), versions, lastHlc: Math.max(row.lastHlc, entry.hlc) };
}

function changed(row: SessionRow, entry: Entry): SessionRow {
  const atMs = wallMsOf(entry.hlc);
  switch (entry.kind) {
    case "opened": {
      const { modelId, alias } = bodyOf({ ...entry, kind: "opened" });
      return { ...row, modelId, alias, startMs: atMs, lastActivityMs: atMs };
    }
    case "message":
      return withMessage(row, entry, atMs);
    case "control":
      return withControl(row, controlOf(entry));
    case "named": {
      const { name } = bodyOf({ ...entry, kind: "named" });
      return { ...row, name, nameEntry: messageIdOf(entry) };
    }
    case "model":
      return { ...row, modelId: bodyOf({ ...entry, kind: "model" }).modelId };
    case "help": {
      const { isOpen } = bodyOf({ ...entry, kind: "help" });
      const sinceMs = isOpen ? (row.help.sinceMs ?? atMs) : undefined;
      return { ...row, help: { isOpen, sinceMs } };
    }
    case "ended":
      return { ...row, endMs: row.endMs ?? atMs };
    case "edit":
    case "delete":
    case "reaction":
    case "receipt":
      return row;
  }
}

function withMessage(row: SessionRow, entry: Entry, atMs: number): SessionRow {
  const { answer, isNote } = bodyOf({ ...entry, kind: "message" });
  if (isNote) return row;
  const said = { ...row, messageCount: row.messageCount + 1, lastActivityMs: atMs };
  if (answer === undefined) return said;
  const { count, sumMs, maxMs } = row.answers;
  return {
    ...said,
    totalTokens: row.totalTokens + answer.totalTokens,
    cost: row.cost + (answer.costMicros ?? 0),
    answers: {
      count: count + 1,
      sumMs: sumMs + answer.totalMs,
      maxMs: Math.max(maxMs, answer.totalMs),
    },
  };
}

function withControl(row: SessionRow, control: Control): SessionRow {
  const isPerson = control.mode === "person";
  return {
    ...row,
    control: greater(row.control, control),
    adminAssisted: row.adminAssisted || isPerson,
    // Whoever takes the session has answered the call for help.
    help: isPerson ? { isOpen: false, sinceMs: undefined } : row.help,
  };
}
