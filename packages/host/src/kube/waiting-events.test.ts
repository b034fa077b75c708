import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WaitingEvents } from "./waiting-events.ts";

function event(namespace: string, name: string, message = "") {
  const kind = { apiVersion: "networking.k8s.io/v1", kind: "Ingress" };
  const object = { ...kind, namespace, name, uid: undefined };
  return { said: { object, type: "Normal" as const, reason: "Seen", message } };
}

type Waited = ReturnType<typeof event>;

function waitingFor(...all: readonly Waited[]) {
  const waiting = new WaitingEvents<Waited>();
  for (const one of all) waiting.add(one);
  return waiting;
}

/** Takes out all that is due, in turn. */
function drained(waiting: WaitingEvents<Waited>): string[] {
  const names: string[] = [];
  for (let one = waiting.next(); one !== undefined; one = waiting.next()) {
    names.push(one.said.object.name);
    waiting.delete(one);
  }
  return names;
}

describe("Events that wait", () => {
  test("have their turns by namespace, the oldest of each first", () => {
    const loud = ["a1", "a2", "a3"].map((name) => event("a", name));
    const waiting = waitingFor(...loud, event("b", "b1"), event("c", "c1"), event("c", "c2"));
    expect(drained(waiting)).toEqual(["a1", "b1", "c1", "a2", "c2", "a3"]);
    expect(waiting.size).toBe(0);
  });

  test("for their time have no turn, and take none from others", () => {
    const [early, late] = [event("a", "early"), event("a", "late")];
    const waiting = waitingFor(early, late, event("b", "other"));
    waiting.pause(early);
    expect(drained(waiting)).toEqual(["late", "other"]);
    expect(waiting.size).toBe(1);
    waiting.resume(early);
    waiting.resume(late);
    expect(drained(waiting)).toEqual(["early"]);
  });

  test("are too many: the namespace with most loses its oldest", () => {
    const waiting = waitingFor();
    const quiet = Array.from({ length: 10_000 }, (_one, n) => event(`quiet-${n}`, "web"));
    const loud = Array.from({ length: 10_000 }, (_one, n) => event("loud", `web-${n}`));
    for (const one of [...quiet, ...loud]) expect(waiting.add(one)).toEqual([]);
    expect(waiting.add(event("new", "web"))).toEqual([loud[0]]);
    expect(waiting.add(event("loud", "last"))).toEqual([loud[1]]);
    expect([waiting.size, waiting.has(loud[1]!), waiting.has(quiet[0]!)]).toEqual([
      20_000,
      false,
      true,
    ]);
  });

  test("of one object are 25, of which the oldest goes", () => {
    const all = Array.from({ length: 26 }, (_one, n) => event("a", "web", `time ${n}`));
    const waiting = waitingFor(...all.slice(0, 25), event("a", "other"));
    expect(waiting.add(all[25]!)).toEqual([all[0]]);
  });
});

test("whatever comes, waits and goes, nothing that waits is forgotten or there twice", () => {
  const all = Array.from({ length: 12 }, (_one, n) => event(`ns-${n % 3}`, `web-${n}`));
  const step = fc.record({
    one: fc.constantFrom(...all),
    what: fc.constantFrom("add", "pause", "resume", "delete", "next"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const waiting = waitingFor();
      const model = new Map<Waited, "due" | "paused">();
      for (const { one, what } of steps) {
        if (what === "next") {
          const due = [...model].filter(([, state]) => state === "due").map(([event]) => event);
          expect(due.length === 0 ? [undefined] : due).toContain(waiting.next());
          continue;
        }
        waiting[what](one);
        if (what === "delete") model.delete(one);
        else if (what === "add") model.set(one, "due");
        else if (model.has(one)) model.set(one, what === "pause" ? "paused" : "due");
        expect([waiting.size, waiting.has(one)]).toEqual([model.size, model.has(one)]);
      }
      const due = [...model].filter(([, state]) => state === "due");
      expect(drained(waiting).length).toBe(due.length);
    }),
  );
});
