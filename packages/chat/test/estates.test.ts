// What a dead instance leaves, on a log in memory.
import { promMetrics } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { InstanceEvents } from "../src/instances/events.ts";
import { Estates } from "../src/instances/estates.ts";
import { firstLease, takenBy, type Lease, type Leases } from "../src/leases/ports.ts";
import type { Bodies } from "../src/log/body.ts";
import type { Draft, SessionKey } from "../src/log/entry.ts";
import { messageIdOf } from "../src/log/view.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { metricOf } from "./_metrics.ts";

const ALICE = { userId: "alice", sessionId: "a".repeat(32) };
const BOB = { userId: "bob", sessionId: "b".repeat(32) };

let log: MemoryLog;
let leases: Leases;
let told: string[];
let estates: Estates;
let settled: string;
let metric: ReturnType<typeof metricOf>;

beforeEach(async () => {
  const metrics = promMetrics();
  metric = metricOf(metrics);
  const events = new InstanceEvents(silentLog(), metrics);
  log = new MemoryLog({ origin: "home:1", wallClock: Date.now });
  leases = memoryLeases();
  told = [];
  estates = new Estates({
    leases,
    log,
    adopt: async (lease: Lease) => {
      told.push(`adopts ${lease.name[0]}`);
      await leases.put(lease, lease, takenBy("heir", lease, lease.note));
    },
    async answer({ userId, clientMessageId }) {
      if (clientMessageId === "unreadable") throw new Error("unreadable");
      told.push(`answers ${userId}'s ${clientMessageId}`);
    },
    failed: (cause) => void told.push(`cannot: ${String(cause)}`),
    events: {
      instanceLost: (name) => void told.push(`${name} is gone`),
      runsTaken: (count) => events.runsTaken(count),
      questionFound: () => events.questionFound(),
    },
  });
  settled = (await log.tail(undefined, 1)).cursor;
});

function draft(key: SessionKey, author: string, id: string, body: Bodies["message"]): Draft {
  const text = JSON.stringify(body);
  const open = { seen: undefined, fence: undefined, control: undefined };
  return { ...key, ...open, kind: "message", author, clientMessageId: id, body: text };
}

const ask = (key: SessionKey, id: string) =>
  log.append(draft(key, `user:${key.userId}`, id, { sender: "user", type: "text", content: "?" }));

function answer(key: SessionKey, id: string) {
  const author = `user:${key.userId}`;
  const replyTo = messageIdOf({ ...key, author, clientMessageId: id });
  const said = { runId: "r", modelId: "m", replyTo, attempt: 1, status: "complete" } as const;
  const counted = { inputTokens: 0, outputTokens: 0, totalTokens: 0, totalMs: 1 };
  const body = {
    sender: "ai",
    type: "text",
    content: "!",
    answer: { ...said, ...counted },
  } as const;
  return log.append(draft(key, "bot", `answer:${replyTo}:1`, body));
}

function take(key: SessionKey) {
  const control = { mode: "person", adminId: "carol", why: "takeover" } as const;
  const body = { sender: "admin", type: "text", content: "" } as const;
  const entry = draft(key, "admin:carol", "control:1", body);
  return log.append({
    ...entry,
    kind: "control",
    body: JSON.stringify(control),
    fence: 0,
    control: "person",
  });
}

describe("whoever inherits", () => {
  test("has the last question of each session answered that nobody began to answer", async () => {
    await ask(ALICE, "q1");
    await ask(ALICE, "q2");
    await ask(BOB, "q3");
    await estates.inherit("gone", { settled });
    expect(told).toEqual(["gone is gone", "answers alice's q2", "answers bob's q3"]);
    expect(await metric("chatbox_questions_found_total")).toBe(2);
  });

  test("has the others answered where one question never can be", async () => {
    await ask(ALICE, "unreadable");
    await ask(BOB, "q");
    await estates.inherit("gone", { settled });
    expect(told).toEqual(["gone is gone", "cannot: Error: unreadable", "answers bob's q"]);
  });

  test("answers nothing that was answered, and nothing from before", async () => {
    await ask(ALICE, "old");
    settled = (await log.tail(undefined, 1)).cursor;
    await ask(BOB, "q");
    await answer(BOB, "q");
    await estates.inherit("gone", { settled });
    expect(told).toEqual(["gone is gone"]);
  });

  test("leaves what a person is to answer to that person", async () => {
    await take(ALICE);
    await ask(ALICE, "q");
    await estates.inherit("gone", { settled });
    expect(told).toEqual(["gone is gone"]);
  });

  test("takes all runs of the dead, however many, and of nobody else", async () => {
    for (let at = 0; at < 120; at++) {
      const name = { kind: "run", userId: "alice", name: `${at % 10}${at}` } as const;
      await leases.put(name, undefined, firstLease(name, at < 110 ? "gone" : "other", "{}"));
    }
    await estates.inherit("gone", { settled: undefined });
    expect(told).toHaveLength(111);
    expect(await metric("chatbox_lease_takeovers_total")).toBe(110);
    expect(await leases.list("run", "gone", 1)).toEqual([]);
    expect(await leases.list("run", "other", 100)).toHaveLength(10);
  });

  test("finds questions over many pages of the log", async () => {
    for (let at = 0; at < 1_200; at++) await ask(ALICE, `q${at}`);
    await estates.inherit("gone", { settled });
    expect(told).toEqual(["gone is gone", "answers alice's q1199"]);
  });
});
