import * as v from "valibot";
import { ChatError } from "./errors.ts";

/** One schema per type of frame. */
export type FrameTable = Readonly<Record<string, v.GenericSchema>>;
export type FrameOf<T extends FrameTable> = { [K in keyof T]: v.InferOutput<T[K]> }[keyof T];

/** The JSON object that a text frame is. */
export function readObject(text: string): Record<string, unknown> | ChatError {
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said === "object" && said !== null && !Array.isArray(said)) {
      return said as Record<string, unknown>;
    }
  } catch {
    // Told below: the parser's words repeat what was sent.
  }
  return new ChatError("INVALID_FORMAT", "a frame is one JSON object");
}

/** The frame of a table that an object is. What is wrong with it is told with the field's name, and never with its value. */
export function readFrame<T extends FrameTable>(
  table: T,
  said: Record<string, unknown>,
): FrameOf<T> | ChatError {
  const type = said["type"];
  if (type === undefined) return new ChatError("MISSING_FIELD", "type is missing");
  if (typeof type !== "string" || !Object.hasOwn(table, type)) {
    return new ChatError("INVALID_FORMAT", `type is none that a client sends`);
  }
  const parsed = v.safeParse(table[type]!, said, { abortEarly: true });
  return parsed.success ? parsed.output : errorOf(type, parsed.issues[0]);
}

/** A client's word for something, as far as it can be read. */
export function wordOf(said: unknown): string | undefined {
  return typeof said === "string" && said.length > 0 && said.length <= 128 ? said : undefined;
}

function errorOf(type: string, issue: v.BaseIssue<unknown>): ChatError {
  const field = v.getDotPath(issue) ?? "it";
  const isMissing = issue.input === undefined;
  if (isMissing) return new ChatError("MISSING_FIELD", `${type}: ${field} is missing`);
  const expected = issue.expected ?? EXPECTED[issue.type] ?? "another shape";
  return new ChatError("INVALID_FORMAT", `${type}: ${field} must be ${inWords(issue, expected)}`);
}

const EXPECTED: Record<string, string> = { iso_timestamp: "an RFC 3339 time" };

function inWords(issue: v.BaseIssue<unknown>, expected: string): string {
  switch (issue.type) {
    case "max_bytes":
      return `at most ${expected.slice(2)} bytes`;
    case "max_length":
    case "max_entries":
      return `at most ${expected.slice(2)} long`;
    case "min_length":
      return "there and not empty";
    default:
      return expected;
  }
}
