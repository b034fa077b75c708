import { figuresOf } from "../../sessions/figures.ts";
import { pageOf, planList } from "../../sessions/list-plan.ts";
import type { Sessions } from "../../sessions/ports.ts";
import { checkSessionId, checkWindow, sessionIsTaken } from "../../sessions/refusals.ts";
import { sessionRow, storedRow } from "../stored-row.ts";
import type { CallWorker } from "./tables.ts";

/** The sessions that the worker has. What is asked is checked here, where only who asks is told. */
export function sqliteSessions(call: CallWorker): Sessions {
  return {
    async get(key) {
      const stored = await call("getSession", key);
      return stored && sessionRow(stored);
    },
    find: (sessionId) => call("findSession", sessionId),
    async fold(row, was) {
      checkSessionId(row.sessionId);
      const outcome = await call(
        "foldSession",
        { ...storedRow(row), figures: figuresOf(row) },
        was,
      );
      if (outcome === "taken") throw sessionIsTaken();
      return outcome === "folded";
    },
    async list(query) {
      const plan = planList(query);
      let found = await call("listSessions", plan);
      // Just after a start. A part at a time, so that messages are stored meanwhile.
      for (; found === undefined; found = await call("listSessions", plan)) {
        await call("loadSessions");
      }
      return pageOf(plan, found.rows.map(sessionRow), found.total);
    },
    async metrics(fromMs, toMs) {
      checkWindow(fromMs, toMs);
      return call("sessionMetrics", fromMs, toMs);
    },
    active: (userId) => call("activeSession", userId),
    activate: (userId, was, next) => call("activateSession", userId, was, next),
    forget: (key) => call("forgetSession", key),
  };
}
