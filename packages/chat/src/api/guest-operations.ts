import * as v from "valibot";
import { ok, type Operations } from "../documents/operation.ts";

const Guest = v.strictObject({
  token: v.string(),
  user_id: v.string(),
  expires_at: v.pipe(v.string(), v.isoTimestamp()),
});

export const guestOperations: Operations = {
  "POST /guest": {
    summary:
      "A token of a new visitor; a fresh one of the same, for who brings a visitor's that is still good.",
    audience: "everybody",
    parameters: {},
    body: undefined,
    answers: ok("The token, and until when it is good.", Guest),
    errors: ["FORBIDDEN", "INVALID_TOKEN", "EXPIRED_TOKEN", "RATE_LIMITED"],
  },
};
