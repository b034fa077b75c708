import * as v from "valibot";
import { ok, type Operation, type Operations } from "../documents/operation.ts";
import { Note, Reply } from "./people-shapes.ts";
import { SessionSummary } from "./session-shapes.ts";

const time = v.string();
const Waiting = v.strictObject({
  queue: v.array(SessionSummary),
  count: v.number(),
  total: v.number(),
});
const Noted = v.strictObject({ session_id: v.string(), message_id: v.string() });
const Kept = v.strictObject({
  id: v.string(),
  title: v.string(),
  text: v.string(),
  updated_at: time,
  updated_by: v.string(),
});
const AllKept = v.strictObject({ replies: v.array(Kept), count: v.number() });
const Guest = v.strictObject({ token: v.string(), user_id: v.string(), expires_at: time });
const Merged = v.strictObject({
  user_id: v.string(),
  sessions: v.array(v.strictObject({ from: v.string(), session_id: v.string() })),
});
const Taken = v.strictObject({ status: v.picklist(["delivered", "duplicate"]) });

const plain = { parameters: {}, body: undefined } as const;
const created = (description: string, json: v.GenericSchema): Operation["answers"] => ({
  201: { description, body: { json } },
});

/** What people who answer, visitors and functions ask for over HTTP. */
export const peopleOperations: Operations = {
  "GET /admin/queue": {
    summary: "Who waits for a person, the longest first.",
    audience: "admin",
    parameters: {
      limit: {
        in: "query",
        description: "At most so many of them.",
        schema: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)), 100),
      },
    },
    body: undefined,
    answers: ok("The sessions, and how many there are.", Waiting),
    errors: ["BAD_REQUEST"],
  },
  "POST /admin/notes/:id": {
    ...plain,
    summary: "Writes a note that admins alone see.",
    audience: "admin",
    body: { json: Note },
    answers: created("It is durable.", Noted),
    errors: ["NOT_FOUND", "INVALID_FORMAT", "MISSING_FIELD", "CONFLICT", "SESSION_ENDED"],
  },
  "GET /admin/replies": {
    ...plain,
    summary: "Words that admins say often.",
    audience: "admin",
    answers: ok("All of them, by title.", AllKept),
    errors: [],
  },
  "POST /admin/replies": {
    ...plain,
    summary: "Keeps such words for all admins.",
    audience: "admin",
    body: { json: Reply },
    answers: created("They are kept.", Kept),
    errors: ["INVALID_FORMAT", "MISSING_FIELD", "CONFLICT"],
  },
  "PUT /admin/replies/:id": {
    ...plain,
    summary: "Gives them another wording.",
    audience: "admin",
    body: { json: Reply },
    answers: ok("They have it.", Kept),
    errors: ["NOT_FOUND", "INVALID_FORMAT", "MISSING_FIELD"],
  },
  "DELETE /admin/replies/:id": {
    ...plain,
    summary: "Removes them.",
    audience: "admin",
    answers: { 204: { description: "They are gone.", body: undefined } },
    errors: ["NOT_FOUND"],
  },
  "POST /guest": {
    ...plain,
    summary:
      "A token for a visitor without an account; with a guest's that is still good, a fresh one for the same guest.",
    audience: "everybody",
    answers: ok("The token.", Guest),
    errors: ["FORBIDDEN", "INVALID_TOKEN", "EXPIRED_TOKEN", "RATE_LIMITED"],
  },
  "POST /guest/merge": {
    ...plain,
    summary: "Gives a user the sessions of the guest whose token they hold.",
    audience: "user",
    body: { json: v.object({ guest_token: v.string() }) },
    answers: ok("Where the sessions are now, the latest first.", Merged),
    errors: ["FORBIDDEN", "INVALID_FORMAT", "MISSING_FIELD", "RATE_LIMITED", "SERVICE_UNAVAILABLE"],
  },
  "POST /events": {
    ...plain,
    summary: "A function's answer (agent.response), in both modes of CloudEvents over HTTP.",
    audience: "everybody",
    body: {
      media: "application/cloudevents+json",
      description: "The event, structured or binary.",
    },
    answers: { 202: { description: "It was taken, now or before.", body: { json: Taken } } },
    errors: [
      "NOT_FOUND",
      "INVALID_FORMAT",
      "MESSAGE_TOO_LARGE",
      "RATE_LIMITED",
      "SERVICE_UNAVAILABLE",
    ],
  },
};
