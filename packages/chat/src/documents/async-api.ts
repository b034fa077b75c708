import {
  CHAT_CODES,
  CHAT_LIMITS,
  CHAT_PROTOCOL,
  CLIENT_FRAMES,
  MESSAGING_CLIENT_FRAMES,
  MESSAGING_LIMITS,
  MESSAGING_SERVER_FRAMES,
  SERVER_FRAMES,
} from "@warren/wire";
import type * as v from "valibot";
import {
  CLIENT_SUMMARIES,
  MESSAGING_CLIENT_SUMMARIES,
  MESSAGING_SERVER_SUMMARIES,
  SERVER_SUMMARIES,
} from "./frame-summaries.ts";
import { jsonSchemaOf } from "./json-schema.ts";

interface Frames {
  readonly frames: Readonly<Record<string, v.GenericSchema>>;
  readonly summaries: Readonly<Record<string, string>>;
}

/** A dialect, as a channel of the document. */
interface Dialect {
  readonly name: string;
  readonly address: string;
  readonly description: string;
  readonly query: object;
  /** What clients say, and what the service says. */
  readonly client: Frames;
  readonly server: Frames;
}

/** AsyncAPI 3.0 of the WebSockets, from the schemas that read the frames. */
export function asyncApi(prefix: string): object {
  const dialects = [chatbox(prefix), messaging()];
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Warren chat",
      version: `${CHAT_PROTOCOL}.0.0`,
      description:
        "A chat in which AI and people answer. One JSON object in each text frame; unknown fields are ignored. A frame that is refused is answered with `error`, and the socket goes on; a socket that is closed says why by its code (`x-errors`): from 4000 to 4399 come back, from 4400 to 4999 do not.",
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/json",
    channels: Object.fromEntries(dialects.map((one) => [one.name, channelOf(one)])),
    operations: Object.assign({}, ...dialects.map(operationsOf)) as object,
    components: {
      messages: Object.assign({}, ...dialects.map(messagesOf)) as object,
      securitySchemes: {
        token: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
      },
    },
    "x-errors": CHAT_CODES,
  };
}

function chatbox(prefix: string): Dialect {
  const base = prefix === "/" ? "" : prefix;
  return {
    name: "chatbox",
    address: `${base}/ws`,
    description: `The chatbox dialect, also at /ws. A token comes in the Authorization field or in \`token\`. A frame has at most ${CHAT_LIMITS.frame} bytes.`,
    query: {
      type: "object",
      properties: {
        token: { type: "string", description: "A JWT, for browsers, which can send no field." },
        session_id: { type: "string", maxLength: CHAT_LIMITS.sessionId },
      },
    },
    client: { frames: CLIENT_FRAMES, summaries: CLIENT_SUMMARIES },
    server: { frames: SERVER_FRAMES, summaries: SERVER_SUMMARIES },
  };
}

function messaging(): Dialect {
  return {
    name: "messaging",
    address: "/ws",
    description: `The messaging dialect, for sockets that come without a token: \`auth\` is the first frame, within ten seconds. A frame has at most ${MESSAGING_LIMITS.frame} bytes.`,
    query: { type: "object", properties: {} },
    client: { frames: MESSAGING_CLIENT_FRAMES, summaries: MESSAGING_CLIENT_SUMMARIES },
    server: { frames: MESSAGING_SERVER_FRAMES, summaries: MESSAGING_SERVER_SUMMARIES },
  };
}

const SIDES = ["client", "server"] as const;

function namesOf(dialect: Dialect, side: (typeof SIDES)[number]): string[] {
  return Object.keys(dialect[side].frames).map((type) => `${dialect.name}.${side}.${type}`);
}

function channelOf(dialect: Dialect): object {
  const names = SIDES.flatMap((side) => namesOf(dialect, side));
  const messages = names.map((name) => [name, { $ref: `#/components/messages/${name}` }] as const);
  const { address, description, query } = dialect;
  const bindings = { ws: { method: "GET", query, bindingVersion: "0.1.0" } };
  return { address, description, messages: Object.fromEntries(messages), bindings };
}

/** The service receives what clients say. */
function operationsOf(dialect: Dialect): object {
  const { name } = dialect;
  const operation = (action: string, side: (typeof SIDES)[number]) => ({
    action,
    channel: { $ref: `#/channels/${name}` },
    messages: namesOf(dialect, side).map((of) => ({ $ref: `#/channels/${name}/messages/${of}` })),
  });
  return {
    [`${name}.hear`]: operation("receive", "client"),
    [`${name}.say`]: operation("send", "server"),
  };
}

function messagesOf(dialect: Dialect): object {
  const of = (side: (typeof SIDES)[number]) =>
    Object.entries(dialect[side].frames).map(([type, schema]) => {
      const message = {
        name: type,
        summary: dialect[side].summaries[type],
        payload: jsonSchemaOf(schema),
      };
      return [`${dialect.name}.${side}.${type}`, message] as const;
    });
  return Object.fromEntries(SIDES.flatMap(of));
}
