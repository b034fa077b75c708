import { ChatError } from "@warren/wire";
import fc from "fast-check";
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test, vi } from "vitest";
import type { Passing } from "../src/live/room.ts";
import type { Said } from "../src/log/said.ts";
import type { Saying } from "../src/log/journal.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { openInstance, openTexts } from "./_chat-kit.ts";
import { ALICE, stored as append, control } from "./_log-facts.ts";

const text = (id: string, content = id): Saying<"message"> => ({
  ...ALICE,
  kind: "message",
  author: "user:alice",
  clientMessageId: id,
  body: { sender: "user", type: "text", content },
  seen: undefined,
  fence: undefined,
});

function ear() {
  const heard: Said[] = [];
  return {
    viewer: { userId: "alice", name: "Alice", isAdmin: false },
    heard,
    texts: () => heard.map(({ body }) => ("content" in body ? body.content : "")),
    numbers: () => heard.map(({ entry }) => entry.number),
    said: (said: Said) => void heard.push(said),
    passing: (_event: Passing) => {},
  };
}

describe("what is said", () => {
  test("is sealed in the store, and open for who reads it", async () => {
    const { journal, log } = await openInstance();
    const { said } = await journal.say(text("1", "a secret"));
    expect(said.body.content).toBe("a secret");
    const [entry] = await log.after(ALICE, {}, 1);
    expect(entry!.body).not.toContain("secret");
    const [read] = await journal.after(ALICE, {}, 1);
    expect(read).toEqual(said);
  });

  test("twice is stored once, and something else under its id is a conflict", async () => {
    const { journal, stored } = await openInstance();
    const first = await journal.say(text("1", "hello"));
    const again = await journal.say(text("1", "hello"));
    expect([first.isRepeated, again.isRepeated]).toEqual([false, true]);
    expect(again.said).toEqual(first.said);
    expect(stored).toHaveLength(1);
    const other = journal.say(text("1", "goodbye"));
    await expect(other).rejects.toMatchObject({ name: "ChatError", code: "CONFLICT" });
  });

  test("under a control that is over, or after the end, is refused with the reason", async () => {
    const { journal, log } = await openInstance();
    await append(log, control("ann", 0));
    const late = journal.say({ ...text("1"), fence: 0 });
    await expect(late).rejects.toMatchObject({ code: "CONTROL_CHANGED" });
    await journal.say({ ...text("end"), kind: "ended", body: { by: "user:alice" } });
    await expect(journal.say(text("2"))).rejects.toMatchObject({ code: "SESSION_ENDED" });
  });
});

describe("who follows a session", () => {
  test("hears what is said after joining, and nothing of before", async () => {
    const { journal, hub } = await openInstance();
    await journal.say(text("1"));
    const listener = ear();
    const { versions } = await hub.join(ALICE, listener);
    expect(versions).toEqual({ "home:1": 1 });
    await journal.say(text("2"));
    expect(listener.texts()).toEqual(["2"]);
  });

  test("hears nothing once it has left, and the room goes with the last", async () => {
    const { journal, hub } = await openInstance();
    const [a, b] = [ear(), ear()];
    const [first, second] = await Promise.all([hub.join(ALICE, a), hub.join(ALICE, b)]);
    first.leave();
    expect(hub.size).toBe(1);
    await journal.say(text("1"));
    second.leave();
    first.leave();
    expect(hub.size).toBe(0);
    expect([a.texts(), b.texts()]).toEqual([[], ["1"]]);
  });

  test("hears all that another instance stored, from one hint of the last", async () => {
    const log = new MemoryLog({ origin: "home:1", wallClock: Date.now });
    const texts = await openTexts();
    const [here, there] = [await openInstance(log, texts), await openInstance(log, texts)];
    const listener = ear();
    await here.hub.join(ALICE, listener);
    for (let i = 1; i <= 400; i++) await there.journal.say(text(String(i)));
    here.hub.hint({ ...ALICE, origin: "home:1", number: 400 });
    await expect.poll(() => listener.numbers().length).toBe(400);
    expect(listener.numbers()).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
  });

  test("hears everything once and in order, whatever hints are lost, doubled or late", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.nat(30), fc.boolean()), { maxLength: 30 }),
        async (steps) => {
          const log = new MemoryLog({ origin: "home:1", wallClock: Date.now });
          const texts = await openTexts();
          const [here, there] = [await openInstance(log, texts), await openInstance(log, texts)];
          const listener = ear();
          const joined = here.hub.join(ALICE, listener);
          const all: Promise<unknown>[] = [];
          let said = 0;
          for (const [isHere, number, isHinted] of steps) {
            said += 1;
            const saying = (isHere ? here : there).journal.say(text(String(said)));
            if (isHinted) here.hub.hint({ ...ALICE, origin: "home:1", number });
            all.push(saying);
            if (number % 3 > 0) await saying;
          }
          await Promise.all(all);
          const { versions } = await joined;
          here.hub.hint({ ...ALICE, origin: "home:1", number: said });
          const first = (versions["home:1"] ?? 0) + 1;
          const want = Array.from({ length: said - first + 1 }, (_, at) => first + at);
          await expect.poll(() => listener.numbers(), { interval: 1 }).toEqual(want);
          expect(here.failures).toEqual([]);
        },
      ),
      { numRuns: 60 },
    ));

  test("hears what was missed while the log was away, as soon as something comes", async () => {
    const { journal, hub, log, failures } = await openInstance();
    const listener = ear();
    await hub.join(ALICE, listener);
    await append(log, control("ann", 0));
    const after = log.after.bind(log);
    const away = new ChatError("DATABASE_ERROR", "away");
    log.after = () => Promise.reject(away);
    hub.hint({ ...ALICE, origin: "home:1", number: 1 });
    await expect.poll(() => failures).toEqual([away]);
    log.after = after;
    await journal.say(text("2"));
    await expect.poll(() => listener.numbers()).toEqual([1, 2]);
  });

  test("hears what was missed while the log was away, though nothing more comes", async () => {
    const clock = virtualClock();
    const { hub, log, failures } = await openInstance(undefined, undefined, clock);
    const listener = ear();
    await hub.join(ALICE, listener);
    await append(log, control("ann", 0));
    const after = vi.spyOn(log, "after").mockRejectedValue(new ChatError("DATABASE_ERROR", "away"));
    hub.hint({ ...ALICE, origin: "home:1", number: 1 });
    await vi.waitFor(() => expect(after).toHaveBeenCalledTimes(1));
    await vi.waitFor(() => {
      clock.advance(1_000);
      expect(after.mock.calls.length).toBeGreaterThan(1);
    });
    after.mockRestore();
    await vi.waitFor(() => {
      clock.advance(30_000);
      expect(listener.numbers()).toEqual([1]);
    });
    // However often it was tried.
    expect(failures).toHaveLength(1);
  });
});
