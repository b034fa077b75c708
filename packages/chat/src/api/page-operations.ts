import * as v from "valibot";
import { ok, type Operations } from "../documents/operation.ts";

const Me = v.strictObject({
  user_id: v.string(),
  name: v.string(),
  is_admin: v.boolean(),
  is_guest: v.boolean(),
  expires_at: v.pipe(v.string(), v.isoTimestamp()),
});

/** What pages ask about who they are for. */
export const pageOperations: Operations = {
  "GET /me": {
    summary: "Who one is, as the service reads the token.",
    audience: "user",
    parameters: {},
    body: undefined,
    answers: ok("Whose token it is, and how long it counts.", Me),
    errors: [],
  },
  "GET /pages.json": {
    summary:
      "What a page must know before anybody has come in; not there where no pages are served.",
    audience: "everybody",
    parameters: {},
    body: undefined,
    answers: ok("Whether guests are let in.", v.strictObject({ guests: v.boolean() })),
    errors: ["NOT_FOUND"],
  },
};
