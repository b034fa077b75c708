import * as v from "valibot";
import { ok, type Operations } from "../documents/operation.ts";
import { FILTERS } from "./list-parameters.ts";
import { SessionList, WholeSession } from "./session-shapes.ts";

export const sessionOperations: Operations = {
  "GET /sessions": {
    summary: "One's own sessions, filtered and sorted; the newest hundred where nothing is said.",
    audience: "user",
    parameters: FILTERS,
    body: undefined,
    answers: ok("A page of them.", SessionList),
    errors: ["BAD_REQUEST"],
  },
  "GET /sessions/:id": {
    summary: "A session with its messages; for its owner and for admins.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("The session as it stands.", WholeSession),
    errors: ["NOT_FOUND", "GONE"],
  },
  "PATCH /sessions/:id": {
    summary: "Gives a session another name.",
    audience: "user",
    parameters: {},
    body: { json: v.object({ name: v.string() }) },
    answers: ok(
      "Its name from now on.",
      v.strictObject({ session_id: v.string(), name: v.string() }),
    ),
    errors: ["NOT_FOUND", "GONE", "BAD_REQUEST"],
  },
  "POST /sessions/:id/end": {
    summary: "Ends a session. Ending it again is the same end.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("It is over.", v.strictObject({ status: v.literal("ended") })),
    errors: ["NOT_FOUND"],
  },
};
