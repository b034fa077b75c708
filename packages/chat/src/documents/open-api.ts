import { CHAT_CODES, CHAT_PROTOCOL, type ChatErrorCode } from "@warren/wire";
import * as v from "valibot";
import { jsonSchemaOf } from "./json-schema.ts";
import type { Audience, Body, Operation, Operations } from "./operation.ts";

/** What every refusal says. */
export const ErrorBody = v.strictObject({
  /** For people; `rate_limit_exceeded` where a limit refused. */
  error: v.string(),
  code: v.picklist(Object.keys(CHAT_CODES) as ChatErrorCode[]),
  message: v.string(),
  retry_after_ms: v.optional(v.pipe(v.number(), v.integer())),
});

export interface OpenApiOptions {
  prefix: string;
  /** Under the prefix, and beside it. */
  operations: Operations;
  roots: Operations;
}

/** OpenAPI 3.1 of the HTTP routes, from what each route module says of its own. */
export function openApi({ prefix, operations, roots }: OpenApiOptions): object {
  const base = prefix === "/" ? "" : prefix;
  const paths: Record<string, Record<string, object>> = {};
  const add = (of: Operations, under: string) => {
    for (const [key, operation] of Object.entries(of)) {
      const [method = "", path = ""] = key.split(" ");
      const templated = under + path.replaceAll(/:(\w+)/g, "{$1}");
      const all = (paths[templated] ??= {});
      all[method.toLowerCase()] = operationOf(operation, templated);
    }
  };
  add(operations, base);
  add(roots, "");
  return {
    openapi: "3.1.0",
    info: {
      title: "Warren chat",
      version: `${CHAT_PROTOCOL}.0.0`,
      description:
        "A chat in which AI and people answer: everything but the conversation itself, which is in the AsyncAPI document beside this one. Everything under the prefix answers under /chatbox too.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Error: jsonSchemaOf(ErrorBody) },
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

/** Whoever may ask may be told these. */
const ALWAYS: Readonly<Record<Audience, readonly ChatErrorCode[]>> = {
  everybody: [],
  network: ["FORBIDDEN"],
  user: ["UNAUTHORIZED", "INVALID_TOKEN", "EXPIRED_TOKEN", "DATABASE_ERROR"],
  admin: [
    "UNAUTHORIZED",
    "INVALID_TOKEN",
    "EXPIRED_TOKEN",
    "FORBIDDEN",
    "RATE_LIMITED",
    "DATABASE_ERROR",
  ],
};

function operationOf(operation: Operation, path: string): object {
  const { summary, audience, body, answers, errors } = operation;
  const needsToken = audience === "user" || audience === "admin";
  const told = Object.entries(answers).map(([status, answer]) => {
    const content = answer.body && { content: contentOf(answer.body) };
    return [status, { description: answer.description, ...content }] as const;
  });
  return {
    summary,
    tags: [audience],
    parameters: [...pathParameters(path), ...namedParameters(operation)],
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: { ...Object.fromEntries(told), ...refusals([...ALWAYS[audience], ...errors]) },
    security: needsToken ? [{ token: [] }] : [],
  };
}

function contentOf(body: Body): object {
  if ("json" in body) return { "application/json": { schema: jsonSchemaOf(body.json) } };
  return { [body.media]: { schema: { type: "string", description: body.description } } };
}

function pathParameters(path: string): object[] {
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
  return names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
}

function namedParameters({ parameters }: Operation): object[] {
  return Object.entries(parameters).map(([name, { schema, ...parameter }]) => {
    const required = schema.type !== "optional";
    return { name, ...parameter, required, schema: jsonSchemaOf(schema) };
  });
}

function refusals(codes: readonly ChatErrorCode[]): object {
  const byStatus = Map.groupBy(new Set(codes), (code) => CHAT_CODES[code].http);
  const content = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };
  const all = [...byStatus].map(([status, of]) => [
    status,
    { description: of.join(", "), content },
  ]);
  return Object.fromEntries(all) as object;
}
