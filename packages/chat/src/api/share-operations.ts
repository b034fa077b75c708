import * as v from "valibot";
import { ok, type Operations } from "../documents/operation.ts";
import { SessionMessage } from "./session-shapes.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Share = v.strictObject({
  share_token: v.string(),
  session_id: v.string(),
  created_at: v.string(),
  expires_at: v.string(),
});

export const shareOperations: Operations = {
  "POST /sessions/:id/share": {
    summary: "A link by which others may read a session. Asking again gives the same one.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("The link.", Share),
    errors: ["NOT_FOUND", "BAD_REQUEST"],
  },
  "DELETE /sessions/:id/share": {
    summary: "Takes the link back.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("It leads nowhere now.", v.strictObject({ status: v.literal("revoked") })),
    errors: ["NOT_FOUND"],
  },
  "GET /shares": {
    summary: "Links to one's own sessions.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("The links.", v.strictObject({ shares: v.array(Share), count })),
    errors: [],
  },
  "GET /shared/:token": {
    summary: "What was said in a session, without notes, for whoever has the link.",
    audience: "everybody",
    parameters: {},
    body: undefined,
    answers: ok(
      "The session as it stands.",
      v.strictObject({
        session_id: v.string(),
        name: v.string(),
        expires_at: v.string(),
        messages: v.array(SessionMessage),
      }),
    ),
    errors: ["NOT_FOUND", "RATE_LIMITED", "DATABASE_ERROR"],
  },
};
