import { expect } from "vitest";
import type { Accepted } from "../src/log/accept.ts";
import type { Draft, Entry } from "../src/log/entry.ts";
import { hybridTime } from "../src/log/hybrid-time.ts";
import type { MessageLog } from "../src/log/ports.ts";

export const ALICE = { userId: "alice", sessionId: "a".repeat(32) };
export const BOB = { userId: "bob", sessionId: "b".repeat(32) };

export function draft(given: Partial<Draft> & { id: string }): Draft {
  const { id, ...others } = given;
  return {
    ...ALICE,
    kind: "message",
    author: "user:alice",
    clientMessageId: id,
    body: JSON.stringify({ sender: "user", type: "text", content: id }),
    seen: undefined,
    fence: undefined,
    control: undefined,
    ...others,
  };
}

export function control(id: string, fence: number): Draft {
  const body = JSON.stringify({ mode: "person", adminId: id, why: "takeover" });
  return draft({ id, kind: "control", author: `admin:${id}`, body, fence, control: "person" });
}

export async function stored(log: MessageLog, given: Draft): Promise<Entry> {
  const accepted = await log.append(given);
  if (accepted.outcome !== "stored") throw new Error(`not stored: ${accepted.outcome}`);
  return accepted.entry;
}

const ids = (entries: readonly Entry[]) => entries.map(({ clientMessageId }) => clientMessageId);
const outcomes = (all: readonly Accepted[]) => all.map(({ outcome }) => outcome);

async function filled(log: MessageLog, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, at) => `m${at + 1}`);
  await Promise.all(names.map((id) => log.append(draft({ id }))));
  return names;
}

/** What every `MessageLog` does. A log is empty when a fact begins. */
export const LOG_FACTS: readonly {
  name: string;
  holds: (log: MessageLog, clock: { nowMs: number }) => Promise<void>;
}[] = [
  {
    name: "numbers are dense from 1 in each session, in the order of the calls",
    async holds(log) {
      const names = await filled(log, 25);
      const other = await stored(log, draft({ id: "x", ...BOB }));
      const all = await log.after(ALICE, {}, 100);
      expect(ids(all)).toEqual(names);
      expect(all.map(({ number }) => number)).toEqual(names.map((_, at) => at + 1));
      expect(new Set(all.map(({ origin }) => origin))).toEqual(new Set([log.origin]));
      expect(other.number).toBe(1);
    },
  },
  {
    name: "an entry is what was said, and comes back as it was accepted",
    async holds(log) {
      const said = draft({ id: "ü\u{1F600}\u0000'", body: JSON.stringify({ content: "\n" }) });
      const entry = await stored(log, said);
      const { userId, sessionId, kind, author, clientMessageId, body } = said;
      expect(entry).toMatchObject({ userId, sessionId, kind, author, clientMessageId });
      expect(entry).toMatchObject({ body, controlEpoch: 0, isHeld: false, isClosed: false });
      expect(await log.after(ALICE, {}, 10)).toEqual([entry]);
    },
  },
  {
    name: "the same said again is the same entry, also when both come at once",
    async holds(log) {
      const again = [draft({ id: "a" }), draft({ id: "a" }), draft({ id: "a" })];
      const accepted = await Promise.all(again.map((one) => log.append(one)));
      expect(outcomes(accepted).toSorted()).toEqual(["existing", "existing", "stored"]);
      const entries = accepted.map((one) => ("entry" in one ? one.entry : undefined));
      expect(entries).toEqual([entries[0], entries[0], entries[0]]);
      expect((await log.heads(ALICE)).number).toBe(1);
    },
  },
  {
    name: "an id that was used for something else tells what was said then",
    async holds(log) {
      const first = await stored(log, draft({ id: "a" }));
      const other = await log.append(draft({ id: "a", body: "{}" }));
      expect(other).toEqual({ outcome: "existing", entry: first });
    },
  },
  {
    name: "ids of different authors and sessions have nothing to do with one another",
    async holds(log) {
      const all = [
        draft({ id: "a" }),
        draft({ id: "a", author: "bot:demo" }),
        draft({ id: "a", ...BOB }),
        draft({ id: "a", userId: "bob" }),
      ];
      const accepted = await Promise.all(all.map((one) => log.append(one)));
      expect(outcomes(accepted)).toEqual(["stored", "stored", "stored", "stored"]);
    },
  },
  {
    name: "times follow the clock, the session, and what the writer has seen, but no broken clock",
    async holds(log, clock) {
      const first = await stored(log, draft({ id: "1" }));
      expect(first.hlc).toBe(hybridTime(clock.nowMs));
      clock.nowMs -= 5_000;
      const behind = await stored(log, draft({ id: "2" }));
      expect(behind.hlc).toBe(first.hlc + 1);
      const seen = hybridTime(clock.nowMs + 30_000);
      expect((await stored(log, draft({ id: "3", seen }))).hlc).toBe(seen + 1);
      const broken = hybridTime(clock.nowMs + 9_000_000);
      const clamped = await stored(log, draft({ id: "4", seen: broken }));
      expect(clamped.hlc).toBe(hybridTime(clock.nowMs + 60_000) + 1);
    },
  },
  {
    name: "who lacks something gets it in order, a part at a time",
    async holds(log) {
      const names = await filled(log, 10);
      const { origin } = log;
      expect(ids(await log.after(ALICE, { [origin]: 4 }, 3))).toEqual(["m5", "m6", "m7"]);
      expect(ids(await log.after(ALICE, { [origin]: 7 }, 100))).toEqual(["m8", "m9", "m10"]);
      expect(await log.after(ALICE, { [origin]: 10 }, 100)).toEqual([]);
      expect(ids(await log.after(ALICE, { "elsewhere:1": 99 }, 100))).toEqual(names);
      expect(await log.after(BOB, {}, 100)).toEqual([]);
    },
  },
  {
    name: "the newest come in pages that lead back to the first",
    async holds(log) {
      await filled(log, 7);
      const last = await log.latest(ALICE, undefined, 3);
      expect(ids(last.entries)).toEqual(["m5", "m6", "m7"]);
      const middle = await log.latest(ALICE, last.older, 3);
      expect(ids(middle.entries)).toEqual(["m2", "m3", "m4"]);
      const first = await log.latest(ALICE, middle.older, 3);
      expect(ids(first.entries)).toEqual(["m1"]);
      expect(first.older).toEqual({});
      expect(await log.latest(BOB, undefined, 3)).toEqual({ entries: [], older: {} });
    },
  },
  {
    name: "the heads say what is there",
    async holds(log) {
      const state = { controlEpoch: 0, isHeld: false, isClosed: false };
      const empty = { number: 0, hlc: 0, ...state, versions: {} };
      expect(await log.heads(ALICE)).toEqual(empty);
      await filled(log, 2);
      const { hlc } = await stored(log, control("ann", 0));
      const versions = { [log.origin]: 3 };
      const taken = { controlEpoch: 1, isHeld: true, isClosed: false };
      const heads = { number: 3, hlc, ...taken, versions };
      expect(await log.heads(ALICE)).toEqual(heads);
    },
  },
  {
    name: "one of many who take control at once gets it",
    async holds(log) {
      const admins = ["ann", "ben", "cat", "dan"];
      const accepted = await Promise.all(admins.map((admin) => log.append(control(admin, 0))));
      expect(outcomes(accepted).toSorted()).toEqual(["fenced", "fenced", "fenced", "stored"]);
      expect((await log.heads(ALICE)).controlEpoch).toBe(1);
    },
  },
  {
    name: "what was begun under a control that is over is refused, and told which one is in force",
    async holds(log) {
      await stored(log, control("ann", 0));
      const late = draft({ id: "answer", author: "bot:demo", fence: 0 });
      expect(await log.append(late)).toEqual({ outcome: "fenced", controlEpoch: 1 });
      const entry = await stored(log, draft({ id: "reply", author: "admin:ann", fence: 1 }));
      expect(entry.controlEpoch).toBe(1);
    },
  },
  {
    name: "a session that is over takes no messages, but the same end and what was seen",
    async holds(log) {
      const end = draft({ id: "end", kind: "ended", body: JSON.stringify({ by: "user:alice" }) });
      expect((await stored(log, end)).isClosed).toBe(true);
      expect(await log.append(draft({ id: "late" }))).toEqual({ outcome: "closed" });
      expect((await log.append(end)).outcome).toBe("existing");
      const seen = draft({ id: "seen", kind: "receipt", body: JSON.stringify({ deviceId: "d" }) });
      expect(await stored(log, seen)).toMatchObject({ number: 2, isClosed: true });
    },
  },
  {
    name: "the tail has what came since, of all sessions, and nothing for ever lost",
    async holds(log) {
      await stored(log, draft({ id: "before" }));
      let { cursor } = await log.tail(undefined, 10);
      await filled(log, 5);
      await stored(log, draft({ id: "other", ...BOB }));
      const seen = new Set<string>();
      for (let part = 0; part < 4; part++) {
        const next = await log.tail(cursor, 3);
        for (const { clientMessageId } of next.entries) seen.add(clientMessageId);
        ({ cursor } = next);
      }
      for (const id of ["m1", "m2", "m3", "m4", "m5", "other"]) expect(seen).toContain(id);
    },
  },
];
