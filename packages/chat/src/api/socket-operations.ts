import * as v from "valibot";
import type { Operation, Operations } from "../documents/operation.ts";

const upgraded = { 101: { description: "Frames as asyncapi.json says.", body: undefined } };

const socket: Operation = {
  summary: "A WebSocket of the chatbox dialect.",
  audience: "user",
  parameters: {
    token: {
      in: "query",
      description: "The token, for browsers, which can send no Authorization field.",
      schema: v.optional(v.string()),
    },
    session_id: {
      in: "query",
      description: "The session that the socket is bound to.",
      schema: v.optional(v.string()),
    },
  },
  body: undefined,
  answers: upgraded,
  errors: ["BAD_REQUEST", "FORBIDDEN", "CONNECTION_LIMIT_EXCEEDED", "DRAINING"],
};

export const socketOperations: Operations = { "GET /ws": socket };

/** Beside the prefix. */
export const rootSocketOperations: Operations = {
  "GET /ws": {
    ...socket,
    summary:
      "The same; without a token, a WebSocket of the messaging dialect, whose first frame says who is there.",
    audience: "everybody",
    errors: ["INVALID_TOKEN", "EXPIRED_TOKEN", ...socket.errors],
  },
};
