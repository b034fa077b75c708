import { expect } from "vitest";
import { row } from "./_row-kit.ts";
import { assisted, filled, HOUR, idOf, NOON, refusal, type SessionFact } from "./_session-kit.ts";

const answered = (count: number, sumMs: number, maxMs: number) => ({ count, sumMs, maxMs });

export const METRIC_FACTS: readonly SessionFact[] = [
  {
    name: "sums are of the sessions that began in the window, to the millisecond",
    async holds(sessions) {
      await filled(sessions, [
        row({ sessionId: idOf(1), startMs: NOON - 1, totalTokens: 1_000 }),
        row({
          sessionId: idOf(2),
          startMs: NOON,
          endMs: NOON + 5 * HOUR,
          totalTokens: 1,
          cost: 0.1,
          answers: answered(2, 300, 200),
        }),
        assisted(idOf(3), {
          startMs: NOON + HOUR,
          totalTokens: 10,
          cost: 0.2,
          answers: answered(1, 50.5, 50.5),
        }),
        row({ sessionId: idOf(4), startMs: NOON + 2 * HOUR - 1, totalTokens: 100 }),
        row({ sessionId: idOf(5), startMs: NOON + 2 * HOUR + 7, totalTokens: 10_000 }),
      ]);
      const sums = await sessions.metrics(NOON, NOON + 2 * HOUR);
      expect(sums).toMatchObject({ totalSessions: 3, activeSessions: 2, totalTokens: 111 });
      expect(sums).toMatchObject({ cost: 0.3, avgResponseMs: 100.25, maxResponseMs: 200 });
      expect(sums.adminAssisted).toBe(1);
      const one = await sessions.metrics(NOON + 1, NOON + HOUR);
      expect(one).toMatchObject({ totalSessions: 1, totalTokens: 10, maxResponseMs: 50.5 });
      const cut = await sessions.metrics(NOON - 1, NOON + 2 * HOUR + 7);
      expect(cut).toMatchObject({ totalSessions: 5, totalTokens: 11_111 });
    },
  },
  {
    name: "how many went on at once is averaged over the window, and over its fullest hour",
    async holds(sessions) {
      await filled(sessions, [
        // Two hours from half past eleven.
        row({ sessionId: idOf(1), startMs: NOON - HOUR / 2, endMs: NOON + 1.5 * HOUR }),
        row({ sessionId: idOf(2), startMs: NOON + HOUR }),
        row({ sessionId: idOf(3), startMs: NOON + HOUR, endMs: NOON + 1.25 * HOUR }),
        row({ sessionId: idOf(4), startMs: NOON + 90 * HOUR, endMs: NOON + 99 * HOUR }),
      ]);
      const hours = async (from: number, to: number) => {
        const { avgConcurrent, maxConcurrent } = await sessions.metrics(
          NOON + from * HOUR,
          NOON + to * HOUR - 1,
        );
        return [avgConcurrent, maxConcurrent];
      };
      expect(await hours(-1, 0)).toEqual([0.5, 0.5]);
      expect(await hours(-1, 3)).toEqual([4.25 / 4, 1.75]);
      expect(await hours(1.25, 1.5)).toEqual([2, 2]);
      expect(await hours(0.5, 1.5)).toEqual([(0.5 + 0.5 + 0.5 + 0.25) / 1, 2.5]);
      expect(await hours(3, 50)).toEqual([1, 1]);
      expect(await hours(80, 100)).toEqual([(20 + 9) / 20, 2]);
      expect(await hours(-100, -50)).toEqual([0, 0]);
    },
  },
  {
    name: "a fold and a forgotten session leave no trace in the sums",
    async holds(sessions) {
      const one = row({ sessionId: idOf(1), startMs: NOON, answers: answered(3, 900, 700) });
      const other = row({ sessionId: idOf(2), startMs: NOON, answers: answered(1, 400, 400) });
      await filled(sessions, [one, other]);
      const sums = () => sessions.metrics(NOON, NOON + HOUR - 1);
      expect(await sums()).toMatchObject({ maxResponseMs: 700, avgResponseMs: 350 });
      const moved = { ...one, versions: { "away:1": 1 }, startMs: NOON - HOUR, cost: 1 / 3 };
      expect(await sessions.fold(moved, one.versions)).toBe(true);
      expect(await sums()).toMatchObject({ totalSessions: 1, maxResponseMs: 400, cost: 0 });
      const ended = { ...moved, versions: { "away:1": 2 }, endMs: NOON + 5, totalTokens: 3 };
      expect(await sessions.fold(ended, moved.versions)).toBe(true);
      const before = await sessions.metrics(NOON - HOUR, NOON - 1);
      expect(before).toMatchObject({ totalTokens: 3, activeSessions: 0, maxResponseMs: 700 });
      await sessions.forget(ended);
      await sessions.forget(other);
      await sessions.forget(other);
      const after = await sessions.metrics(NOON - HOUR, NOON + HOUR);
      expect(Object.values(after)).toEqual(Array(9).fill(0));
    },
  },
  {
    name: "the longest answer is found again when its session goes, from whole hours and from parts",
    async holds(sessions) {
      const lengths = [100, 900, 300, 900];
      const rows = lengths.map((maxMs, at) =>
        row({
          sessionId: idOf(at),
          startMs: NOON + at * 1_000,
          answers: answered(1, maxMs, maxMs),
        }),
      );
      await filled(sessions, rows);
      const most = async (toMs: number) => (await sessions.metrics(NOON, toMs)).maxResponseMs;
      expect(await most(NOON + HOUR)).toBe(900);
      await sessions.forget(rows[1]!);
      expect([await most(NOON + HOUR), await most(NOON + 2_500)]).toEqual([900, 300]);
      await sessions.forget(rows[3]!);
      const longer = { ...rows[0]!, versions: { "home:1": 2 }, answers: answered(2, 750, 650) };
      expect(await sessions.fold(longer, rows[0]!.versions)).toBe(true);
      expect(await most(NOON + HOUR)).toBe(650);
      const shorter = { ...longer, versions: { "home:1": 3 }, answers: answered(2, 20, 10) };
      expect(await sessions.fold(shorter, longer.versions)).toBe(true);
      expect(await most(NOON + HOUR)).toBe(300);
    },
  },
  {
    name: "a window that ends before it begins is refused",
    async holds(sessions) {
      expect(await refusal(sessions.metrics(2, 1))).toBe("BAD_REQUEST");
      expect(await refusal(sessions.metrics(Number.NaN, 1))).toBe("BAD_REQUEST");
      expect((await sessions.metrics(1, 1)).totalSessions).toBe(0);
    },
  },
];
