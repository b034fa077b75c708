import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { Entry } from "../log/entry.ts";
import { hybridTime } from "../log/hybrid-time.ts";

import type { SessionRow } from "../log/session-row.ts";
import { NO_CONTROL } from "../log/view.ts";
import { HelpQueue } from "./help-queue.ts";

const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

function open(rows: SessionRow[] = []) {
  const clock = virtualClock();
  const told: string[] = [];
  const failures: unknown[] = [];
  let isAway = false;
  const queue = new HelpQueue({
    clock,
    wallClock: () => 0,
    list: async () => {
      if (isAway) throw new Error("away");
      return { rows, total: rows.length, isCapped: false, next: undefined };
    },
    moved: (sessionId, place) =>
      told.push(`${sessionId}:${place?.position ?? 0}/${place?.waiting ?? 0}`),
    failed: (cause) => failures.push(cause),
  });
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  return { queue, told, failures, advance, setAway: (on: boolean) => (isAway = on) };
}

function said(kind: "help" | "control" | "ended", sessionId: string, more: object = {}): Entry {
  const { atMs = 0, mode = "person", isHeld = false } = more as Record<string, never>;
  const body = JSON.stringify(kind === "help" ? { isOpen: true } : { mode });
  const isHeldFrom = isHeld || (kind === "control" && mode === "person");
  const of = { userId: "u", sessionId, hlc: hybridTime(atMs), kind, body };
  return { ...of, isHeld: isHeldFrom, isClosed: kind === "ended" } as Entry;
}
function row(sessionId: string, sinceMs: number | undefined, mode: "bot" | "person" = "bot") {
  const help = { isOpen: sinceMs !== undefined, sinceMs };
  return { userId: "u", sessionId, help, control: { ...NO_CONTROL, mode } } as SessionRow;
}
const order = (queue: HelpQueue) => queue.first(10).map(({ key }) => key.sessionId);

describe("the queue", () => {
  test("has those who wait, the longest first, whoever was heard of first", async () => {
    const { queue } = open();
    await using _ = queue;
    queue.note(said("help", "late", { atMs: 9_000 }));
    queue.note(said("help", "early", { atMs: 1_000 }));
    expect(order(queue)).toEqual(["early", "late"]);
    expect(queue.placeOf("late")).toEqual({ position: 2, waiting: 2, sinceMs: 9_000 });
    expect(queue.placeOf("nobody")).toBeUndefined();
  });

  test("keeps the place of who asks again", async () => {
    const { queue } = open();
    await using _ = queue;
    queue.note(said("help", "a", { atMs: 1_000 }));
    queue.note(said("help", "b", { atMs: 2_000 }));
    queue.note(said("help", "a", { atMs: 3_000 }));
    expect(order(queue)).toEqual(["a", "b"]);
  });

  test.each([
    { name: "a person takes it", over: said("control", "a") },
    { name: "it ends", over: said("ended", "a") },
    { name: "a person has it already", over: said("help", "a", { isHeld: true }) },
  ])("lets a session go when $name", async ({ over }) => {
    const { queue } = open();
    await using _ = queue;
    queue.note(said("help", "a"));
    queue.note(over);
    expect(queue.size).toBe(0);
  });

  test("keeps a session that is given back to the AI out, and one that waits in", async () => {
    const { queue } = open();
    await using _ = queue;
    queue.note(said("help", "a"));
    queue.note(said("control", "a", { mode: "bot" }));
    expect(order(queue)).toEqual(["a"]);
  });

  test("is not misled by what comes twice or late, as from the log's tail", async () => {
    const { queue } = open();
    await using _ = queue;
    const asked = said("help", "a", { atMs: 1_000 });
    queue.note(asked);
    queue.note(asked);
    expect(queue.placeOf("a")).toEqual({ position: 1, waiting: 1, sinceMs: 1_000 });
    queue.note(said("control", "a", { atMs: 2_000 }));
    queue.note(asked);
    expect(queue.size).toBe(0);
  });

  test("tells each its place when it changes, and together", async () => {
    const { queue, told, advance } = open();
    await using _ = queue;
    for (const [at, id] of ["a", "b", "c"].entries()) queue.note(said("help", id, { atMs: at }));
    await advance(249);
    expect(told).toEqual([]);
    await advance(1);
    expect(told.splice(0)).toEqual(["a:1/3", "b:2/3", "c:3/3"]);
    queue.note(said("control", "a"));
    await advance(250);
    expect(told.splice(0)).toEqual(["b:1/2", "c:2/2", "a:0/0"]);
  });

  test("is there again after a restart, and learns of what others stored", async () => {
    const rows = [row("b", 2_000), row("a", 1_000), row("taken", 500, "person")];
    const { queue, advance } = open(rows);
    await using _ = queue;
    await settled();
    expect(order(queue)).toEqual(["a", "b"]);
    rows.splice(1, 1);
    rows.push(row("c", 3_000));
    await advance(30_000);
    expect(order(queue)).toEqual(["b", "c"]);
  });

  test("believes what it heard more than rows that are behind", async () => {
    const rows = [row("a", 1_000)];
    const { queue, advance } = open(rows);
    await using _ = queue;
    await advance(29_000);
    queue.note(said("control", "a"));
    queue.note(said("help", "b"));
    await advance(1_000);
    expect(order(queue)).toEqual(["b"]);
  });

  test("stays as it is while the store is away", async () => {
    const { queue, failures, advance, setAway } = open([row("a", 1_000)]);
    await using _ = queue;
    await settled();
    setAway(true);
    await advance(30_000);
    expect(failures).toHaveLength(1);
    expect(order(queue)).toEqual(["a"]);
  });
});
