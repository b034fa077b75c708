import * as v from "valibot";
import type { Audience, Operation, Operations } from "../documents/operation.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const kept = v.optional(v.array(v.string()));
const Erased = v.strictObject({
  status: v.literal("erased"),
  sessions: count,
  entries: count,
  files: count,
  /** What is not erased, for people to read. */
  kept,
});
const Erasing = v.strictObject({ status: v.literal("erasing"), kept });

const exported = (audience: Audience, summary: string): Operation => ({
  summary,
  audience,
  parameters: {},
  body: undefined,
  answers: {
    200: {
      description: "All of it, as it is read: a file of JSON.",
      body: { json: v.object({}) },
    },
  },
  errors: ["RATE_LIMITED"],
});
const erased = (audience: Audience, summary: string): Operation => ({
  summary,
  audience,
  parameters: {},
  body: undefined,
  answers: {
    200: { description: "It is erased.", body: { json: Erased } },
    202: { description: "It goes on by itself.", body: { json: Erasing } },
  },
  errors: ["BAD_REQUEST", "NOT_FOUND", "RATE_LIMITED", "STORAGE_ERROR"],
});

export const privacyOperations: Operations = {
  "GET /me/export": exported("user", "All that is stored of oneself."),
  "DELETE /me/data": erased("user", "Erases all that is stored of oneself."),
  "GET /admin/users/:userID/export": exported("admin", "All that is stored of a user."),
  "DELETE /admin/users/:userID/data": erased("admin", "Erases all that is stored of a user."),
  "DELETE /sessions/:id": erased("user", "Erases a session, and the key that opens it."),
};
