import { readFileSync } from "node:fs";
import * as v from "valibot";
import { expect, test } from "vitest";
import { chatApp } from "../src/api/app.ts";
import { documentsOf } from "../src/api/document-routes.ts";
import type { ApiDeps } from "../src/api/http.ts";
import { OPERATIONS, ROOT_OPERATIONS } from "../src/api/operations.ts";
import { jsonSchemaOf } from "../src/documents/json-schema.ts";
import { ErrorBody } from "../src/documents/open-api.ts";
import type { Operation } from "../src/documents/operation.ts";
import { documentFile, documentText } from "./_documents.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { say, UNLIMITED } from "./_talk-kit.ts";

const PREFIX = "/chat";
const documents = documentsOf(PREFIX);

/** Whatever is asked of it, it is there: routes are looked at, and not called. */
const anything: unknown = new Proxy(() => {}, { get: () => anything, apply: () => anything });

test("every route has an entry in the OpenAPI document, and every entry a route", () => {
  const { routes } = chatApp([PREFIX], anything as ApiDeps);
  const registered = routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`);
  const described = [
    ...Object.keys(OPERATIONS).map((key) => key.replace(" ", ` ${PREFIX}`)),
    ...Object.keys(ROOT_OPERATIONS),
  ];
  expect([...new Set(registered)].toSorted()).toEqual(described.toSorted());
});

test.each(Object.entries(documents))(
  "docs/%s.json is what the service says of itself; if not: node packages/chat/test/_write-documents.ts",
  (name, document) => {
    expect(readFileSync(documentFile(name), "utf8")).toBe(documentText(document));
  },
);

test("every reference in the documents leads somewhere", () => {
  for (const document of Object.values(documents)) {
    const text = JSON.stringify(document);
    const references = Array.from(text.matchAll(/"\$ref":"#\/([^"]+)"/g), ([, path]) => path!);
    expect(references.length).toBeGreaterThan(10);
    for (const path of new Set(references)) {
      const found = path
        .split("/")
        .reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document);
      expect(found, path).toBeTypeOf("object");
    }
  }
});

test("a schema of the documents says what its frame takes", () => {
  const schema = v.object({
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(9)),
    on: v.optional(v.boolean(), true),
    many: v.pipe(v.array(v.literal("a")), v.maxLength(2)),
    of: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
  });
  expect(jsonSchemaOf(schema)).toEqual({
    type: "object",
    properties: {
      name: { type: "string", minLength: 1, maxLength: 9 },
      on: { type: "boolean", default: true },
      many: { type: "array", items: { const: "a" }, maxItems: 2 },
      of: { type: "object", additionalProperties: { type: "integer", minimum: 0 } },
    },
    required: ["name", "many", "of"],
  });
  expect(() => jsonSchemaOf(v.date())).toThrow("no JSON schema is known for date");
});

const ADMIN = tokenOf("boss", ["admin"]);

test("what the service answers is what the OpenAPI document says", async () => {
  await using running = await runningChat({ rates: UNLIMITED });
  const { port } = running.chat;
  const alice = tokenOf("alice");
  using client = await Client.open(port, alice);
  const { session_id, message_id } = await say(client, "hello");
  client.send({ type: "reaction", session_id, message_id, emoji: "👍", client_message_id: "r" });
  await client.next("message_ack", (ack) => ack.client_message_id === "r");
  await client.next("ai_response", ({ metadata }) => metadata?.["done"] === "true");

  const asked: [key: keyof typeof OPERATIONS, token: string, body?: object][] = [
    ["GET /healthz", alice],
    ["GET /readyz", alice],
    ["GET /openapi.json", alice],
    ["GET /asyncapi.json", alice],
    ["GET /sessions", alice],
    ["GET /sessions/:id", alice],
    ["GET /sessions/:id", tokenOf("bob")],
    ["GET /sessions", "no token"],
    ["GET /admin/sessions", alice],
    ["GET /admin/sessions", ADMIN],
    ["GET /admin/users/:userID/sessions", ADMIN],
    ["GET /admin/metrics", ADMIN],
    ["POST /admin/takeover/:id", ADMIN],
    ["GET /admin/sessions", ADMIN],
    ["POST /admin/transfer/:id", ADMIN, {}],
    ["POST /admin/transfer/:id", ADMIN, { admin_id: "other" }],
    ["POST /admin/leave/:id", ADMIN],
    ["POST /sessions/:id/end", alice],
  ];
  for (const [key, token, body] of asked) {
    const [method = "", path = ""] = key.split(" ");
    const at = path.replace(":id", session_id).replace(":userID", "alice");
    const response = await fetch(`http://127.0.0.1:${port}${PREFIX}${at}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const said: unknown = await response.json();
    const { status } = response;
    const { issues = [] } = v.safeParse(schemaOf(OPERATIONS[key]!, key, status), said);
    const wrong = issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
    expect({ key, status, wrong }).toEqual({ key, status, wrong: [] });
  }
});

/** Of an answer with this status; a refusal must be one that is described. */
function schemaOf(operation: Operation, key: string, status: number): v.GenericSchema {
  const described = operation.answers[status]?.body;
  if (described !== undefined && "json" in described) return described.json;
  const { paths } = documents.openapi as {
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  };
  const [method = "", path = ""] = key.split(" ");
  const { responses } = paths[PREFIX + path.replaceAll(/:(\w+)/g, "{$1}")]![method.toLowerCase()]!;
  expect(Object.keys(responses), key).toContain(String(status));
  return ErrorBody;
}
