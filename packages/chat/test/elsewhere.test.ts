// Answers of other instances as one instance hears of them, where hints are missing.
import { beforeEach, expect, test } from "vitest";
import { firstLease, type Leases } from "../src/leases/ports.ts";
import { Elsewhere } from "../src/runs/elsewhere.ts";
import type { RunEvent, RunState } from "../src/runs/run-event.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";
import { ALICE } from "./_log-facts.ts";

let leases: Leases;
let looks: number;
let kept: RunState | undefined;
let told: RunEvent[];
let elsewhere: Elsewhere;

const run = (text: string): RunState => ({
  runId: "run",
  messageId: "run",
  replyTo: "question",
  modelId: "model",
  attempt: 1,
  controlEpoch: 0,
  text,
});
const delta = (at: number, text: string) =>
  ({ type: "delta", run: run(""), at, text }) satisfies RunEvent;
/** What a viewer has of it now. */
const shown = () =>
  told.reduce((had, event) => {
    if (event.type === "start") return event.run.text;
    return event.type === "delta" ? had.slice(0, event.at) + event.text : had;
  }, "");

beforeEach(async () => {
  leases = memoryLeases();
  looks = 0;
  told = [];
  kept = undefined;
  const marks = leases.marks.bind(leases);
  leases.marks = (...args) => {
    looks += 1;
    return marks(...args);
  };
  elsewhere = new Elsewhere({
    leases,
    runs: { read: async () => kept } as never,
    holder: () => "here",
    isWanted: () => true,
    hasHints: () => true,
    pass: (_, event) => void told.push(event),
  });
});

test("text that is heard before the beginning of it is shown as soon as that was kept, and goes on at once", async () => {
  const name = { kind: "run", userId: ALICE.userId, name: ALICE.sessionId } as const;
  await leases.put(name, undefined, firstLease(name, "there", "{}"));
  elsewhere.heard(ALICE, delta(4, "two "));
  elsewhere.heard(ALICE, delta(8, "three "));
  kept = run("one two ");
  await elsewhere.look();
  expect(shown()).toBe("one two three ");
  // No gap is left: what comes now goes on without the store.
  elsewhere.heard(ALICE, delta(14, "four"));
  expect(shown()).toBe("one two three four");
  await elsewhere.look();
  expect(looks).toBe(1);
});

test("a device that comes in the middle of an answer has its text as it comes, not as it is kept", async () => {
  elsewhere.heard(ALICE, delta(4, "two "));
  kept = run("one ");
  const state = await elsewhere.of(ALICE);
  expect(state?.text).toBe("one two ");
  elsewhere.heard(ALICE, delta(8, "three"));
  expect(shown()).toBe("one two three");
});

test("an answer of which only the middle was heard is not looked for once it is over", async () => {
  elsewhere.heard(ALICE, delta(4, "two "));
  await elsewhere.look();
  await elsewhere.look();
  expect(looks).toBe(1);
});
