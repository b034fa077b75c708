import { ChatError } from "@warren/wire";
import * as v from "valibot";
import type { Place } from "./order.ts";
import { SORTS, type SortBy } from "./ports.ts";

/** Where a page ended, and the order that it ended in. */
export interface Cursor {
  readonly sortBy: SortBy;
  readonly descending: boolean;
  /** Durations are compared as they were for the first page, or sessions would change places. */
  readonly nowMs: number;
  readonly after: Place;
}

/** Of a user id, and all around it. */
const LONGEST = 8_192;

const Fields = v.pipe(
  v.strictTuple([
    v.picklist(SORTS),
    v.boolean(),
    v.pipe(v.number(), v.safeInteger()),
    v.union([v.string(), v.pipe(v.number(), v.safeInteger())]),
    v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  ]),
  v.check(([sortBy, , , value]) => (sortBy === "user_id") === (typeof value === "string")),
);

export function cursorText({ sortBy, descending, nowMs, after }: Cursor): string {
  const fields = [sortBy, descending, nowMs, after.value, after.sessionId];
  return Buffer.from(JSON.stringify(fields)).toString("base64url");
}

/** Throws a `ChatError` BAD_REQUEST for what `cursorText` has not made. */
export function parseCursor(text: string): Cursor {
  const fields = v.safeParse(Fields, jsonOf(text));
  if (!fields.success) throw unreadable();
  const [sortBy, descending, nowMs, value, sessionId] = fields.output;
  const cursor = { sortBy, descending, nowMs, after: { value, sessionId } };
  // One cursor has one text: what decodes but was not made here is a mistake, or somebody who tries.
  if (cursorText(cursor) !== text) throw unreadable();
  return cursor;
}

function jsonOf(text: string): unknown {
  if (text.length > LONGEST) throw unreadable();
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return undefined;
  }
}

function unreadable(): ChatError {
  return new ChatError("BAD_REQUEST", "the cursor is not one of a page before: begin without it");
}
