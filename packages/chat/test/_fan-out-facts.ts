/** What every FanOut does, as one table: each implementation's test runs it on instances of its own. */
import { expect } from "vitest";
import type { FanOut, Hint } from "../src/live/fan-out.ts";
import type { RunState } from "../src/runs/run-event.ts";

export interface Heard {
  readonly sessionId: string;
  readonly hint: Hint;
}

/** One instance: what it tells by, and what it heard. */
export interface Member {
  readonly fanOut: FanOut;
  readonly heard: Heard[];
  /** Resolves once so many hints came. */
  hears(count: number): Promise<void>;
}

export interface FanOutFact {
  name: string;
  holds: (open: () => Promise<Member>) => Promise<void>;
}

const key = (sessionId: string) => ({ userId: "alice", sessionId });
const S = "0123456789abcdef0123456789abcdef";
const T = "fedcba9876543210fedcba9876543210";
const stored = (number: number): Hint => ({ kind: "stored", origin: "home:1", number });
const run: RunState = {
  runId: "r",
  messageId: "r",
  replyTo: "m",
  modelId: "demo",
  attempt: 1,
  controlEpoch: 0,
  text: "Hello",
};
const passing = (event: Extract<Hint, { kind: "passing" }>["event"]): Hint => ({
  kind: "passing",
  event,
});

export const FAN_OUT_FACTS: readonly FanOutFact[] = [
  {
    name: "who follows a session hears what others tell, in order, and not what it tells itself",
    async holds(open) {
      const [one, other] = [await open(), await open()];
      await Promise.all([one, other].map(({ fanOut }) => fanOut.follow(S).ready));
      for (let number = 1; number <= 20; number++) one.fanOut.tell(key(S), stored(number));
      other.fanOut.tell(key(S), stored(99));
      await other.hears(20);
      await one.hears(1);
      expect(other.heard.map(({ hint }) => hint)).toEqual(
        Array.from({ length: 20 }, (_, at) => stored(at + 1)),
      );
      expect(one.heard).toEqual([{ sessionId: S, hint: stored(99) }]);
    },
  },
  {
    name: "nobody hears of a session that they do not follow, or not any more",
    async holds(open) {
      const [one, other] = [await open(), await open()];
      const gone = other.fanOut.follow(S);
      await gone.ready;
      gone.leave();
      await other.fanOut.follow(T).ready;
      one.fanOut.tell(key(S), stored(1));
      one.fanOut.tell(key(T), stored(2));
      await other.hears(1);
      expect(other.heard).toEqual([{ sessionId: T, hint: stored(2) }]);
    },
  },
  {
    name: "a session is followed until all who do have left, and leaving twice is leaving once",
    async holds(open) {
      const [one, other] = [await open(), await open()];
      const first = other.fanOut.follow(S);
      const second = other.fanOut.follow(S);
      await Promise.all([first.ready, second.ready]);
      first.leave();
      first.leave();
      one.fanOut.tell(key(S), stored(1));
      await other.hears(1);
    },
  },
  {
    name: "it may be followed again after it was left",
    async holds(open) {
      const [one, other] = [await open(), await open()];
      const first = other.fanOut.follow(S);
      first.leave();
      await other.fanOut.follow(S).ready;
      one.fanOut.tell(key(S), stored(1));
      await other.hears(1);
    },
  },
  {
    name: "of an answer comes what is new of it, as it was told",
    async holds(open) {
      const [one, other] = [await open(), await open()];
      await other.fanOut.follow(S).ready;
      const told: Hint[] = [
        passing({ kind: "run", event: { type: "start", run } }),
        passing({ kind: "run", event: { type: "delta", run, at: 3, text: "lo" } }),
        passing({
          kind: "run",
          event: { type: "end", run, status: "interrupted", why: "LLM_TIMEOUT" },
        }),
        { kind: "stop", runId: "r" },
        { kind: "stop", runId: undefined },
        {
          kind: "answer",
          ask: "x",
          answer: { source: "/fn", id: "1", runKey: "k", text: "Hello\nthere" },
        },
        { kind: "answered", ask: "x", outcome: "delivered" },
      ];
      for (const hint of told) one.fanOut.tell(key(S), hint);
      await other.hears(told.length);
      const [start, delta, end, ...others] = other.heard.map(({ hint }) => hint);
      expect(start).toEqual(told[0]);
      const brief = { ...run, text: "" };
      expect(delta).toEqual(
        passing({ kind: "run", event: { type: "delta", run: brief, at: 3, text: "lo" } }),
      );
      expect(end).toMatchObject({
        event: { event: { status: "interrupted", why: "LLM_TIMEOUT" } },
      });
      expect(others).toEqual(told.slice(3));
    },
  },
  {
    name: "typing comes as it was told, without whose socket it was",
    async holds(open) {
      const [one, other] = [await open(), await open()];
      await other.fanOut.follow(S).ready;
      const viewer = { userId: "alice", name: "Alice", isAdmin: false };
      const by = { viewer, said() {}, passing() {} };
      const typing = { kind: "typing", sender: "user", name: undefined, isOn: true } as const;
      one.fanOut.tell(key(S), passing({ ...typing, by }));
      await other.hears(1);
      expect(other.heard.map(({ hint }) => hint)).toEqual([passing({ ...typing, by: undefined })]);
    },
  },
];
