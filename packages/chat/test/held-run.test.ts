// The lease of an answer in the hands of who writes it, where the store's own answers get lost.
import { systemClock } from "@warren/host";
import { ChatError } from "@warren/wire";
import { expect, test } from "vitest";
import type { Leases } from "../src/leases/ports.ts";
import { RunLeases } from "../src/runs/run-leases.ts";
import { Runs } from "../src/runs/runs.ts";
import { RunNotes } from "../src/runs/run-note.ts";
import type { Asked } from "../src/runs/run.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";
import { openTexts } from "./_chat-kit.ts";
import { ALICE } from "./_log-facts.ts";

const asked = (messageId: string, number: number): Asked => ({
  key: ALICE,
  messageId,
  number,
  atMs: 0,
  attempt: 1,
  controlEpoch: 0,
  modelId: undefined,
  begun: "",
});

const nothing = () => {};

/** Leases of which the answer to the next write can be lost, after it was done. */
function losing(leases: Leases) {
  const state = { isLosing: false };
  const put: Leases["put"] = async (...args) => {
    const isPut = await leases.put(...args);
    if (!state.isLosing) return isPut;
    state.isLosing = false;
    throw new ChatError("DATABASE_ERROR", "the store is away: try again");
  };
  return { leases: { ...leases, put }, state };
}

test("what was asked meanwhile is answered next, also if the store's word for it was lost", async () => {
  const { leases, state } = losing(memoryLeases());
  const notes = new RunNotes(await openTexts());
  const runs = new RunLeases({ leases, notes, holder: async () => "one" });
  const held = (await runs.begin(asked("first", 1)))!;
  expect(await held.wait(asked("second", 2))).toBe(true);
  state.isLosing = true;
  await expect(held.finish("answer")).rejects.toMatchObject({ code: "DATABASE_ERROR" });
  expect(await held.finish("answer")).toEqual(asked("second", 2));
  expect(await held.finish("answer")).toBeUndefined();
  expect(await leases.list("run", undefined, 10)).toEqual([]);
});

test("what was asked meanwhile is left to others, also if a drain begins while the store's word is lost", async () => {
  const { leases, state } = losing(memoryLeases());
  const notes = new RunNotes(await openTexts());
  const runs = new RunLeases({ leases, notes, holder: async () => "one" });
  const held = (await runs.begin(asked("first", 1)))!;
  await held.wait(asked("second", 2));
  state.isLosing = true;
  await expect(held.finish("answer")).rejects.toMatchObject({ code: "DATABASE_ERROR" });
  expect(await held.finish("leave")).toBeUndefined();
  const [left] = await leases.list("run", undefined, 10);
  expect(left).toMatchObject({ holder: "" });
  expect(JSON.parse(left!.note)).toMatchObject({ asked: { messageId: "second" } });
});

test("what nobody can read of a dead instance's answer is given up, and said once", async () => {
  const leases = memoryLeases();
  const lost = new RunLeases({
    leases,
    notes: new RunNotes(await openTexts()),
    holder: async () => "dead",
  });
  await lost.begin({ ...asked("first", 1), begun: "sealed by keys that are gone" });
  // Other keys: as those of a session that was erased.
  const notes = new RunNotes(await openTexts());
  const failures: unknown[] = [];
  const runs = new Runs({
    leases: new RunLeases({ leases, notes, holder: async () => "heir" }),
    notes,
    clock: systemClock,
    random: Math.random,
    answers: undefined as never,
    say: undefined as never,
    request: undefined as never,
    tell: nothing,
    ended: nothing,
    began: nothing,
    over: nothing,
    kept: nothing,
    notKept: nothing,
    follow: () => nothing,
    isStored: async () => false,
    failed: (cause) => failures.push(cause),
  });
  const [left] = await leases.list("run", "dead", 10);
  await runs.adopt(left!);
  expect(await leases.list("run", undefined, 10)).toEqual([]);
  expect(failures).toHaveLength(1);
  expect(runs.size).toBe(0);
});
