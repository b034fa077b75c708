import { describe, expect, test } from "vitest";
import type { Message, RunningAnswer } from "../../src/index.ts";
import { firstUnreadOf, threadItems, type Item } from "./thread-items.ts";

type Given = Partial<Message> & { key: string };

/** What a message is unless it is said: the user's, at noon. */
function said(given: Given): Message {
  return {
    id: given.key,
    isMine: true,
    state: "sent",
    failure: undefined,
    sender: "user",
    authorId: "alice",
    name: undefined,
    type: "text",
    content: given.key,
    file: undefined,
    metadata: undefined,
    replyTo: undefined,
    isNote: false,
    answer: undefined,
    timestamp: "2026-01-02T12:00:00.000Z",
    isEdited: false,
    isDeleted: false,
    reactions: new Map(),
    ...given,
  };
}
function answer(key: string, to: string): Message {
  const answer = {
    run_id: key,
    model_id: "m",
    reply_to: to,
    attempt: 1,
    status: "complete" as const,
  };
  const numbers = { total_tokens: 1, total_ms: 1 };
  return said({
    key,
    isMine: false,
    sender: "ai",
    authorId: "bot",
    answer: { ...answer, ...numbers },
  });
}
function running(runId: string, replyTo: string): RunningAnswer {
  const rest = { modelId: "m", attempt: 1, text: "", status: undefined, why: undefined };
  return { runId, messageId: runId, replyTo, ...rest };
}

function shown(messages: Message[], answers: RunningAnswer[] = [], firstUnread?: string): string[] {
  return threadItems({ session: { messages, answers }, firstUnread, dayOf }).map(wordOf);
}
const dayOf = (timestamp: string) => timestamp.slice(0, 10);
function wordOf(item: Item): string {
  switch (item.kind) {
    case "day":
      return item.timestamp.slice(0, 10);
    case "new":
      return "new";
    case "message":
      return `${item.message.key}${item.isFirst ? "*" : ""}`;
    case "answer":
      return item.versions
        .map((one) => (one.kind === "kept" ? one.message.key : `${one.answer.runId}...`))
        .join("/");
  }
}
const at = (time: string) => ({ timestamp: `2026-01-02T${time}:00.000Z` });

test.each([
  { name: "nothing", messages: [], want: [] },
  {
    name: "what one person says together, together",
    messages: [
      said({ key: "a" }),
      said({ key: "b", ...at("12:04") }),
      said({ key: "c", ...at("12:30") }),
    ],
    want: ["2026-01-02", "a*", "b", "c*"],
  },
  {
    name: "somebody else apart",
    messages: [
      said({ key: "a" }),
      said({ key: "b", isMine: false, authorId: "bob", sender: "admin" }),
    ],
    want: ["2026-01-02", "a*", "b*"],
  },
  {
    name: "each day",
    messages: [
      said({ key: "a", timestamp: "2026-01-01T23:59:00Z" }),
      said({ key: "b", timestamp: "2026-01-02T00:00:00Z" }),
    ],
    want: ["2026-01-01", "a*", "2026-01-02", "b*"],
  },
  {
    name: "answers to one message as versions, where the first was",
    messages: [
      said({ key: "a" }),
      answer("r1", "a"),
      said({ key: "b" }),
      answer("r2", "a"),
      answer("r3", "b"),
    ],
    want: ["2026-01-02", "a*", "r1/r2", "b*", "r3"],
  },
  {
    name: "what is written, at the end or as the latest version",
    messages: [said({ key: "a" }), answer("r1", "a"), said({ key: "b" })],
    answers: [running("r2", "a"), running("r3", "b")],
    want: ["2026-01-02", "a*", "r1/r2...", "b*", "r3..."],
  },
  {
    name: "where the new ones begin",
    messages: [said({ key: "a" }), said({ key: "b" })],
    firstUnread: "b",
    want: ["2026-01-02", "a*", "new", "b*"],
  },
])("a thread has $name", ({ messages, answers = [], firstUnread, want }) => {
  expect(shown(messages, answers, firstUnread)).toEqual(want);
});

describe("the first unread message", () => {
  const messages = [
    said({ key: "a", isMine: false }),
    said({ key: "b" }),
    said({ key: "c", isMine: false }),
    said({ key: "gone", isMine: false, isDeleted: true }),
    said({ key: "d", isMine: false }),
  ];
  test.each([
    { unread: 0, want: undefined },
    { unread: 1, want: "d" },
    { unread: 2, want: "c" },
    { unread: 9, want: undefined },
  ])("of $unread is $want", ({ unread, want }) => {
    expect(firstUnreadOf({ messages, unread })).toBe(want);
  });
});
