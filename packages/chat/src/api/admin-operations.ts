import * as v from "valibot";
import { ok, type Operation, type Operations, type Parameter } from "../documents/operation.ts";
import { SORTS } from "../sessions/ports.ts";
import { AdminSessionList, SessionMetricsBody, SessionSummary } from "./session-shapes.ts";

const text = v.optional(v.string());
const flag = v.optional(v.picklist(["true", "false"]));
const count = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)));

const query = (description: string, schema: v.GenericSchema): Parameter => ({
  in: "query",
  description,
  schema,
});
const TIME = "RFC 3339 with a zone, or a day like 2026-01-31, in UTC and whole.";

const FILTERS: Operation["parameters"] = {
  status: query("active, ended or all.", v.optional(v.picklist(["active", "ended", "all"]))),
  admin_assisted: query("Whether a person has answered in it.", flag),
  help_requested: query("Whether it waits for a person.", flag),
  start_time_from: query(`Begun at this time or later; start_time too. ${TIME}`, text),
  start_time_to: query(`Begun at this time or before; end_time too. ${TIME}`, text),
  sort_by: query("What the list is sorted by.", v.optional(v.picklist(SORTS), "start_time")),
  sort_order: query("asc or desc.", v.optional(v.picklist(["asc", "desc"]), "desc")),
  limit: query("Rows of a page, at most 1,000.", count),
  offset: query("Rows to leave out, at most 10,000: beyond, go on with cursor.", count),
  cursor: query("next_cursor of the page before.", text),
};

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
