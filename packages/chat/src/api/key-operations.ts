import * as v from "valibot";
import { ok, type Operations } from "../documents/operation.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Rotation = v.object({
  state: v.picklist(["idle", "running", "done", "failed"]),
  renewed: count,
  unreadable: count,
  complete: v.boolean(),
  current_key_id: v.string(),
  former_key_ids: v.array(v.string()),
});

export const keyOperations: Operations = {
  "GET /admin/keys": {
    summary: "Which master key seals, and how far the last rotation came.",
    audience: "admin",
    parameters: {},
    body: undefined,
    answers: ok("The state.", Rotation),
    errors: [],
  },
  "POST /admin/keys/rotate": {
    summary: "Puts everything under the current master key, while the service goes on.",
    audience: "admin",
    parameters: {},
    body: undefined,
    answers: { 202: { description: "It is under way.", body: { json: Rotation } } },
    errors: [],
  },
};
