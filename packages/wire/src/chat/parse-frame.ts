import * as v from "valibot";
import { CLIENT_FRAMES, type ClientFrame, type ClientFrameType } from "./client-frames.ts";
import { ChatError } from "./errors.ts";

export interface ReadFrame {
  readonly frame: ClientFrame | ChatError;
  /** What the client called it, as far as that can be read: an error is told about it. */
  readonly clientMessageId: string | undefined;
  readonly sessionId: string | undefined;
}

/** Reads a text frame. What is wrong with it is told with the field's name, and never with its value. */
export function readClientFrame(text: string): ReadFrame {
  const said = objectOf(text);
  if (said instanceof ChatError) {
    return { frame: said, clientMessageId: undefined, sessionId: undefined };
  }
  return {
    frame: frameOf(said),
    clientMessageId: wordOf(said["client_message_id"]),
    sessionId: wordOf(said["session_id"]),
  };
}

function objectOf(text: string): Record<string, unknown> | ChatError {
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

function frameOf(said: Record<string, unknown>): ClientFrame | ChatError {
  const type = said["type"];
  if (type === undefined) return new ChatError("MISSING_FIELD", "type is missing");
  if (typeof type !== "string" || !Object.hasOwn(CLIENT_FRAMES, type)) {
    return new ChatError("INVALID_FORMAT", `type is none that a client sends`);
  }
  const parsed = v.safeParse(CLIENT_FRAMES[type as ClientFrameType], said, { abortEarly: true });
  return parsed.success ? parsed.output : errorOf(type, parsed.issues[0]);
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

function wordOf(said: unknown): string | undefined {
  return typeof said === "string" && said.length > 0 && said.length <= 128 ? said : undefined;
}
