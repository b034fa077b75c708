import * as v from "valibot";
import { ok, type Operation, type Operations } from "../documents/operation.ts";
import { count, FILTERS, query, text, TIME } from "./list-parameters.ts";
import { AdminSessionList, SessionMetricsBody, SessionSummary } from "./session-shapes.ts";

const Taken = v.strictObject({
  message: v.string(),
  session_id: v.string(),
  admin_id: v.string(),
});
const Left = v.strictObject({ message: v.string(), session_id: v.string() });
const SomeAdmin = v.object({ admin_id: v.string(), admin_name: v.optional(v.string()) });

const leave: Operation = {
  summary: "Gives a session back to the AI.",
  audience: "admin",
  parameters: {},
  body: undefined,
  answers: ok("The AI answers again.", Left),
  errors: ["NOT_FOUND", "BAD_REQUEST", "SESSION_ENDED", "CONTROL_CHANGED"],
};

export const adminOperations: Operations = {
  "GET /admin/sessions": {
    summary: "All sessions, filtered and sorted.",
    audience: "admin",
    parameters: { user_id: query("Of this user alone.", text), ...FILTERS },
    body: undefined,
    answers: ok("A page of them.", AdminSessionList),
    errors: ["BAD_REQUEST"],
  },
  "GET /admin/sessions/:id": {
    summary: "One session, as it is in the list.",
    audience: "admin",
    parameters: {},
    body: undefined,
    answers: ok("The session.", SessionSummary),
    errors: ["NOT_FOUND", "GONE"],
  },
  "GET /admin/users/:userID/sessions": {
    summary: "The sessions of one user, filtered and sorted.",
    audience: "admin",
    parameters: FILTERS,
    body: undefined,
    answers: ok("A page of them.", v.array(SessionSummary)),
    errors: ["BAD_REQUEST"],
  },
  "GET /admin/metrics": {
    summary: "Sums over the sessions that began in a time; the last day unless said.",
    audience: "admin",
    parameters: {
      start_time: query(`From this time on. ${TIME}`, text),
      end_time: query(`Up to this time. ${TIME}`, text),
      points: query("Into how many parts it is cut as well, at most 60.", count),
    },
    body: undefined,
    answers: ok("The sums, in both shapes that clients read.", SessionMetricsBody),
    errors: ["BAD_REQUEST"],
  },
  "POST /admin/takeover/:id": {
    summary:
      "Takes a session over: from now on this admin answers. Taking what one has is no change.",
    audience: "admin",
    parameters: {},
    body: undefined,
    answers: ok("It is this admin's.", Taken),
    errors: ["NOT_FOUND", "BAD_REQUEST", "SESSION_ENDED", "CONTROL_CHANGED"],
  },
  "POST /admin/leave/:id": leave,
  "POST /admin/takeover/:id/leave": leave,
  "POST /admin/transfer/:id": {
    summary: "Hands a session to another admin.",
    audience: "admin",
    parameters: {},
    body: { json: SomeAdmin },
    answers: ok("It is theirs.", Taken),
    errors: ["NOT_FOUND", "BAD_REQUEST", "SESSION_ENDED", "CONTROL_CHANGED"],
  },
};
