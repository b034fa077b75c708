import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { Listener, Passing } from "../live/room.ts";
import { LINGER_MS } from "./attendance.ts";
import { MOST_ADMINS } from "./people.ts";
import { MOST_ATTENDED, Presences, SETTLE_MS, TELL_MS, type Attended } from "./presences.ts";

type Presence = Extract<Passing, { kind: "presence" }>;

const keyOf = (sessionId: string) => ({ userId: "alice", sessionId });
const S = keyOf("s");
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

function open({ isShared = false, holder = undefined as string | undefined } = {}) {
  const clock = virtualClock();
  const listeners = new Set<Listener>();
  const failures: unknown[] = [];
  const control = { holder, isAway: false };
  const presences = new Presences({
    clock,
    isShared,
    holder: async () => {
      if (control.isAway) throw new Error("away");
      return control.holder;
    },
    pass: (_, event) => {
      for (const listener of listeners) listener.passing(event);
    },
    failed: (cause) => failures.push(cause),
  });
  return {
    presences,
    control,
    failures,
    /** Somebody follows a session on one more device. */
    enter: (userId: string, key = S) => {
      const heard: Presence[] = [];
      const viewer = { userId, name: userId.toUpperCase(), isAdmin: userId !== "alice" };
      const passing = (event: Passing) => event.kind === "presence" && heard.push(event);
      const listener: Listener = { viewer, said() {}, passing };
      listeners.add(listener);
      const leave = presences.enter(key, listener);
      return {
        heard,
        /** What a user, and an admin, on this device was told. */
        toUser: () =>
          heard.filter((one) => one.isNewsToUsers).map(({ forUsers }) => words(forUsers)),
        toAdmin: () => heard.map(({ forAdmins }) => words(forAdmins)),
        welcome: () => presences.welcome(key, listener),
        leave: () => {
          listeners.delete(listener);
          leave();
        },
      };
    },
    pass: async (ms: number) => {
      clock.advance(ms);
      await settled();
    },
  };
}

function words({ isUserHere, isAdminHere, admins }: Presence["forUsers"]): string {
  return [
    isUserHere ? "user" : "-",
    isAdminHere ? "admin" : "-",
    ...admins.map((a) => a.name),
  ].join(" ");
}

describe("who is there", () => {
  test("is told together, and to who comes when nothing has changed alone", async () => {
    const { enter, pass } = open();
    const phone = enter("alice");
    const laptop = enter("alice");
    await pass(TELL_MS);
    expect([phone.toUser(), laptop.toUser()]).toEqual([["user -"], ["user -"]]);
    const third = enter("alice");
    phone.welcome();
    phone.welcome();
    await pass(TELL_MS);
    expect([phone.heard.length, laptop.heard.length, third.heard.length]).toEqual([2, 1, 1]);
  });

  test("is known of people and not of devices, and who is back at once was not away", async () => {
    const { enter, pass } = open();
    const bob = enter("bob");
    const phone = enter("alice");
    const laptop = enter("alice");
    await pass(TELL_MS);
    phone.leave();
    await pass(LINGER_MS + TELL_MS);
    laptop.leave();
    await pass(LINGER_MS - 1);
    const again = enter("alice");
    await pass(LINGER_MS + TELL_MS);
    expect(bob.toAdmin()).toEqual(["user admin BOB"]);
    again.leave();
    again.leave();
    await pass(LINGER_MS);
    await pass(TELL_MS);
    expect(bob.toAdmin()).toEqual(["user admin BOB", "- admin BOB"]);
  });

  test("is shown to users without the names of admins who look on, nor how many they are", async () => {
    const { enter, pass, presences, control } = open();
    const alice = enter("alice");
    const bob = enter("bob");
    await pass(TELL_MS);
    const ann = enter("ann");
    await pass(TELL_MS);
    expect(alice.toUser()).toEqual(["user admin"]);
    control.holder = "ann";
    presences.handed("s");
    await pass(TELL_MS);
    expect(alice.toUser()).toEqual(["user admin", "user admin ANN"]);
    ann.leave();
    await pass(LINGER_MS);
    await pass(TELL_MS);
    expect(alice.toUser().at(-1)).toBe("user admin");
    expect(new Set(bob.toAdmin())).toEqual(new Set(["user admin BOB", "user admin ANN BOB"]));
  });

  test("names no admin to a user while it cannot be read who answers, and does then", async () => {
    const { enter, pass, presences, control, failures } = open({ holder: "bob" });
    control.isAway = true;
    const alice = enter("alice");
    enter("bob");
    await pass(TELL_MS);
    expect(alice.toUser()).toEqual(["user admin"]);
    control.isAway = false;
    presences.saw([]);
    await pass(TELL_MS);
    expect(alice.toUser()).toEqual(["user admin", "user admin BOB"]);
    expect(failures).toHaveLength(1);
  });

  test("stays short with a thousand lookers-on, and a later one is news to nobody", async () => {
    const { enter, pass } = open();
    const alice = enter("alice");
    const first = enter("admin-0000");
    for (let at = 1; at < 1_000; at++) enter(`admin-${String(at).padStart(4, "0")}`);
    await pass(TELL_MS);
    expect(first.heard[0]!.forAdmins.admins).toHaveLength(MOST_ADMINS);
    enter("admin-9999");
    await pass(TELL_MS);
    expect([alice.heard.length, first.heard.length]).toEqual([1, 1]);
  });
});

describe("among instances", () => {
  test("an instance speaks of sessions that admins follow, and of those that others ask about", async () => {
    const one = open({ isShared: true });
    const other = open({ isShared: true });
    for (let at = 0; at < 100; at++) one.enter("alice", keyOf(`quiet-${at}`));
    one.enter("alice");
    expect(one.presences.attended).toEqual({});
    other.enter("bob");
    one.presences.saw([other.presences.attended]);
    expect(one.presences.attended).toEqual({ s: { isUserHere: true, admins: [] } });
    other.presences.saw([one.presences.attended]);
    expect(Object.keys(other.presences.attended)).toEqual(["s"]);
  });

  test("each knows of all, and of a dead one nobody", async () => {
    const one = open({ isShared: true, holder: "bob" });
    const other = open({ isShared: true, holder: "bob" });
    const alice = one.enter("alice");
    const bob = other.enter("bob");
    const look = async () => {
      one.presences.saw([other.presences.attended]);
      other.presences.saw([one.presences.attended]);
      await Promise.all([one.pass(TELL_MS), other.pass(TELL_MS)]);
    };
    await look();
    expect(alice.toUser()).toEqual(["user admin BOB"]);
    expect(bob.toAdmin()).toEqual(["user admin BOB"]);
    // The other instance is killed: it says no more.
    one.presences.saw([]);
    await one.pass(TELL_MS);
    expect(alice.toUser()).toEqual(["user admin BOB", "user -"]);
  });

  test("that somebody is away is told once others have had the time to say otherwise", async () => {
    const { enter, pass, presences } = open({ isShared: true });
    const bob = enter("bob");
    presences.saw([{}]);
    await pass(TELL_MS);
    presences.saw([{}]);
    await pass(TELL_MS);
    expect(bob.toAdmin()).toEqual([]);
    await pass(SETTLE_MS);
    presences.saw([{}]);
    await pass(TELL_MS);
    expect(bob.toAdmin()).toEqual(["- admin BOB"]);
  });

  test("where no other instance lives it is told at once", async () => {
    const { enter, pass, presences } = open({ isShared: true });
    const bob = enter("bob");
    presences.saw([]);
    await pass(TELL_MS);
    expect(bob.toAdmin()).toEqual(["- admin BOB"]);
  });

  test("what is said is bounded, however many sessions admins follow", async () => {
    const { enter, presences } = open({ isShared: true });
    for (let at = 0; at < MOST_ATTENDED + 100; at++) enter("bob", keyOf(`s-${at}`));
    expect(Object.keys(presences.attended)).toHaveLength(MOST_ATTENDED);
    const asked: Attended = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, at) => [`x-${at}`, { isUserHere: false, admins: [] }]),
    );
    presences.saw([asked]);
    expect(Object.keys(presences.attended)).toHaveLength(MOST_ATTENDED);
  });

  test("nothing is kept of sessions that nobody follows any more", async () => {
    const { enter, pass, presences } = open({ isShared: true });
    const bob = enter("bob");
    bob.leave();
    await pass(LINGER_MS);
    expect(presences.attended).toEqual({});
    expect(presences.size).toBe(0);
  });
});
