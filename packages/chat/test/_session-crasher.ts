/**
 * `FILE OLDEST`: folds sessions in a file until it is killed, many at once, and forgets each that has the
 * version OLDEST. Says on its output `ID VERSION` once a fold is acknowledged, `ID 0` once a session is
 * forgotten.
 */
import type { SessionRow } from "../src/log/session-row.ts";
import { row } from "./_row-kit.ts";
import { HOUR, idOf, NOON } from "./_session-kit.ts";
import { openStore } from "./_sqlite-kit.ts";

const SESSIONS = 40;
const OLDEST = Number(process.argv[3]);
const store = await openStore(process.argv[2]!);
await Promise.all(Array.from({ length: SESSIONS }, (_, at) => live(at)));

async function live(at: number): Promise<void> {
  const key = { userId: `user-${at % 5}`, sessionId: idOf(at) };
  for (;;) {
    const was = await store.sessions.get(key);
    const version = was?.versions["home:1"] ?? 0;
    if (version === OLDEST) await store.sessions.forget(key);
    else {
      const now = next({ ...key, at, version: version + 1 });
      if (!(await store.sessions.fold(now, was?.versions))) throw new Error("somebody else folds");
    }
    process.stdout.write(`${key.sessionId} ${version === OLDEST ? 0 : version + 1}\n`);
  }
}

function next(given: {
  userId: string;
  sessionId: string;
  at: number;
  version: number;
}): SessionRow {
  const { userId, sessionId, at, version } = given;
  return row({
    userId,
    sessionId,
    versions: { "home:1": version },
    startMs: NOON + (at % 4) * HOUR + (version % 5 === 0 ? 1 : 0),
    endMs: version % 3 === 0 ? NOON + 9 * HOUR + version : undefined,
    totalTokens: version * 10,
    cost: version / 7,
    answers: { count: version, sumMs: version * 11, maxMs: 30 - (version % 30) },
    adminAssisted: version % 2 === 0,
  });
}
