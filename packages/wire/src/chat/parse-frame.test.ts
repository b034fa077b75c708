import fc from "fast-check";
import { expect, test } from "vitest";
import { ChatError } from "./errors.ts";
import { MESSAGING_CLIENT_FRAMES } from "./messaging-client-frames.ts";
import { readClientFrame, readMessagingFrame } from "./parse-frame.ts";

const read = (said: unknown) => readClientFrame(JSON.stringify(said)).frame;

test.each([
  {
    name: "a message as old clients send it",
    said: { type: "user_message", session_id: "s", content: " hi\u0000 ", sender: "user" },
    want: { type: "user_message", session_id: "s", content: "hi", sender: "user" },
  },
  {
    name: "empty, null and absent are the same",
    said: { type: "user_message", session_id: "", content: "hi", timestamp: "", metadata: null },
    want: { type: "user_message", content: "hi" },
  },
  {
    name: "metadata with a number in it",
    said: {
      type: "file_upload",
      session_id: "s",
      file_id: "f",
      file_url: "/f",
      metadata: { size: 12, voice: true },
    },
    want: { type: "file_upload", content: "", metadata: { size: "12", voice: "true" } },
  },
  {
    name: "fields that nobody knows",
    said: { type: "ping", colour: "green" },
    want: { type: "ping" },
  },
  {
    name: "where a client stands",
    said: { type: "resume", sessions: [{ session_id: "s", versions: { "home:1": 7 } }] },
    want: { type: "resume", sessions: [{ session_id: "s", versions: { "home:1": 7 } }] },
  },
])("$name is read", ({ said, want }) => {
  expect(read(said)).toMatchObject(want);
});

test.each([
  { name: "no JSON", text: "{", code: "INVALID_FORMAT", says: "one JSON object" },
  { name: "a list", text: "[]", code: "INVALID_FORMAT", says: "one JSON object" },
  { name: "no type", text: "{}", code: "MISSING_FIELD", says: "type is missing" },
  {
    name: "a type that only the service sends",
    text: `{"type":"ai_response"}`,
    code: "INVALID_FORMAT",
    says: "type",
  },
  {
    name: "a type like a field of every object",
    text: `{"type":"toString"}`,
    code: "INVALID_FORMAT",
    says: "type",
  },
  {
    name: "no content",
    text: `{"type":"user_message"}`,
    code: "MISSING_FIELD",
    says: "user_message: content is missing",
  },
  {
    name: "an empty content",
    text: `{"type":"user_message","content":"  "}`,
    code: "INVALID_FORMAT",
    says: "content must be there and not empty",
  },
  {
    name: "content of more bytes than allowed",
    text: JSON.stringify({ type: "user_message", content: "ü".repeat(5_001) }),
    code: "INVALID_FORMAT",
    says: "content must be at most 10000 bytes",
  },
  {
    name: "metadata that is no text",
    text: `{"type":"user_message","content":"a","metadata":{"a":{}}}`,
    code: "INVALID_FORMAT",
    says: "metadata.a",
  },
  {
    name: "a time that is none",
    text: `{"type":"user_message","content":"a","timestamp":"tomorrow"}`,
    code: "INVALID_FORMAT",
    says: "timestamp must be",
  },
])("$name is refused with what was wrong", ({ text, code, says }) => {
  const { frame } = readClientFrame(text);
  expect(frame).toBeInstanceOf(ChatError);
  expect((frame as ChatError).code).toBe(code);
  expect((frame as ChatError).message).toContain(says);
});

test("an error is told about what the client called it", () => {
  const said = { type: "user_message", client_message_id: "c1", session_id: "s1" };
  const { clientMessageId, sessionId } = readClientFrame(JSON.stringify(said));
  expect({ clientMessageId, sessionId }).toEqual({ clientMessageId: "c1", sessionId: "s1" });
});

test("whatever is sent is a frame or an error, and an error repeats no value", () => {
  const types = fc.constantFrom("user_message", "resume", "edit", "file_upload", "stop", "auth");
  const said = fc.record({ type: types, content: fc.anything(), metadata: fc.anything() });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        said.map((one) => JSON.stringify(one) ?? ""),
      ),
      (text) => {
        const { frame } = readClientFrame(text);
        if (frame instanceof ChatError) expect(frame.message.length).toBeLessThan(200);
      },
    ),
  );
  const secret = { type: "auth", token: ["s3cret"] };
  expect((read(secret) as ChatError).message).not.toContain("s3cret");
});

const messaging = (said: unknown) => readMessagingFrame(JSON.stringify(said));

test.each([
  {
    name: "a message with null for what it has not",
    said: {
      type: "message",
      client_message_id: null,
      idempotency_key: "key-1700000000000-x",
      payload: {
        conversation_id: "doctor-1-agent-medical",
        receiver_id: "agent-medical",
        content: "hi",
        type: "text",
        media_url: null,
        reply_to_message_id: null,
        timestamp: 1_700_000_000_000,
      },
    },
    about: { clientMessageId: "key-1700000000000-x", sessionId: "doctor-1-agent-medical" },
  },
  {
    name: "a range that is asked for again",
    said: { type: "retransmit", conversation_id: "c", from_sequence: 1, to_sequence: 2 },
    about: { clientMessageId: undefined, sessionId: "c" },
  },
  {
    name: "a receipt",
    said: { type: "read_receipt", message_ids: ["m"], timestamp: 1 },
    about: { clientMessageId: undefined, sessionId: undefined },
  },
])("of the messaging dialect, $name is read with what it is about", ({ said, about }) => {
  const { frame, ...others } = messaging(said);
  expect(frame).toMatchObject({ type: said.type });
  expect(others).toEqual(about);
});

test.each([
  { name: "without a key", said: { type: "message", payload: {} }, says: "idempotency_key" },
  {
    name: "whose payload is a number",
    said: { type: "auth", payload: 7 },
    says: "auth: payload must be Object",
  },
  {
    name: "of a chatbox client",
    said: { type: "user_message", content: "hi" },
    says: "type is none that a client sends",
  },
  {
    name: "with more receipts than one frame may have",
    said: { type: "read_receipt", message_ids: Array.from({ length: 1_001 }, () => "m") },
    says: "at most 1000 long",
  },
])("a frame of the messaging dialect $name is refused with what was wrong", ({ said, says }) => {
  expect((messaging(said).frame as ChatError).message).toContain(says);
});

test("whatever is sent in the messaging dialect is a frame or an error", () => {
  const types = fc.constantFrom(...Object.keys(MESSAGING_CLIENT_FRAMES));
  const said = fc.record({ type: types, payload: fc.anything(), message_ids: fc.anything() });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        said.map((one) => JSON.stringify(one) ?? ""),
      ),
      (text) => {
        const { frame } = readMessagingFrame(text);
        if (frame instanceof ChatError) expect(frame.message.length).toBeLessThan(200);
      },
    ),
  );
});
