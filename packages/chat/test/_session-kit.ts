import { ChatError } from "@warren/wire";
import { expect } from "vitest";
import type { SessionRow } from "../src/log/session-row.ts";
import type { SessionPage, SessionQuery, Sessions } from "../src/sessions/ports.ts";
import { row } from "./_row-kit.ts";

export const HOUR = 3_600_000;
/** Begins an hour. */
export const NOON = 500_000 * HOUR;

/** A session id that sorts by `number`. */
export function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export function query(given: Partial<SessionQuery> = {}): SessionQuery {
  return {
    userId: undefined,
    isActive: undefined,
    adminAssisted: undefined,
    helpOpen: undefined,
    fromMs: undefined,
    toMs: undefined,
    sortBy: "start_time",
    descending: false,
    limit: 100,
    from: { offset: 0 },
    nowMs: NOON + 10 * HOUR,
    ...given,
  };
}

export function numbers({ rows }: SessionPage): number[] {
  return rows.map(({ sessionId }) => Number.parseInt(sessionId, 16));
}

/** All pages of a list, by their cursors. */
export async function pages(sessions: Sessions, asked: SessionQuery): Promise<SessionPage[]> {
  const all = [await sessions.list(asked)];
  for (let next = all[0]!.next; next !== undefined; next = all.at(-1)!.next) {
    all.push(await sessions.list({ ...asked, from: { cursor: next } }));
  }
  return all;
}

export async function filled(sessions: Sessions, rows: readonly SessionRow[]): Promise<void> {
  expect(await Promise.all(rows.map((one) => sessions.fold(one, undefined)))).not.toContain(false);
}

export async function refusal(promise: Promise<unknown>): Promise<string> {
  const reason = await promise.then(
    () => "nothing was refused",
    (error: unknown) => error,
  );
  return reason instanceof ChatError ? reason.code : String(reason);
}

export const assisted = (sessionId: string, given: Partial<SessionRow> = {}) =>
  row({ sessionId, adminAssisted: true, ...given });

/** Seven sessions that differ in all by which lists are filtered and sorted. */
export const VARIED: readonly SessionRow[] = [
  row({ sessionId: idOf(1), userId: "carol", startMs: NOON, endMs: NOON + 500, messageCount: 3 }),
  row({ sessionId: idOf(2), userId: "bob", startMs: NOON + 100, messageCount: 1 }),
  assisted(idOf(3), { userId: "bob", startMs: NOON + 200, endMs: NOON + 300, totalTokens: 70 }),
  assisted(idOf(4), { startMs: NOON + 300, messageCount: 3, totalTokens: 9 }),
  row({
    sessionId: idOf(5),
    userId: "bob",
    startMs: NOON + 400,
    lastActivityMs: NOON + 9_000,
    help: { isOpen: true, sinceMs: NOON + 450 },
  }),
  row({ sessionId: idOf(6), userId: "carol", startMs: NOON + 400, endMs: NOON + 401 }),
  assisted(idOf(7), { startMs: NOON + 600, help: { isOpen: true, sinceMs: NOON + 700 } }),
];

export interface SessionFact {
  readonly name: string;
  readonly holds: (sessions: Sessions) => Promise<void>;
}
