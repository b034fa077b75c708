import * as v from "valibot";
import { ok, type Operations } from "../documents/operation.ts";
import { SessionList, WholeSession } from "./session-shapes.ts";

export const sessionOperations: Operations = {
  "GET /sessions": {
    summary: "One's own sessions, the newest hundred.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("The sessions, the newest first.", SessionList),
    errors: [],
  },
  "GET /sessions/:id": {
    summary: "A session with its messages; for its owner and for admins.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("The session as it stands.", WholeSession),
    errors: ["NOT_FOUND", "GONE"],
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
