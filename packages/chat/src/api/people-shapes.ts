import { CHAT_LIMITS } from "@warren/wire";
import * as v from "valibot";
import { ClientId, Words } from "./request-body.ts";

/** A note that admins alone see. */
export const Note = v.object({
  content: Words(CHAT_LIMITS.content),
  client_message_id: v.optional(ClientId),
});

/** Words that admins say often. */
export const Reply = v.object({ title: Words(200), text: Words(CHAT_LIMITS.content) });
