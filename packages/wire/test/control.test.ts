import { readFileSync } from "node:fs";
import fc from "fast-check";
import * as v from "valibot";
import { describe as suite, expect, test } from "vitest";
import {
  backendsOf,
  CODES,
  CONTROL,
  describe,
  encodeControl,
  errorMessage,
  parseControl,
  Route,
  WireError,
  type ControlInput,
  type ControlType,
} from "../src/index.ts";

const fixture = (name: string): string =>
  readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8");

/** The message of a type with this payload, as it comes in. */
const parse = (type: string, payload: unknown) => parseControl(JSON.stringify({ type, payload }));

suite("the documents that ask for the system", () => {
  test("the ingress_routes message is accepted as it stands", () => {
    const parsed = parseControl(fixture("ingress-routes"));
    if (!parsed.ok || parsed.message.type !== "ingress_routes") throw new Error("refused");
    expect(parsed.message.payload).toMatchObject({ action: "add", cluster_uuid: "abc-123" });
    const route = v.parse(Route, parsed.message.payload.routes[0]);
    expect(route).toMatchObject({
      host: "example.com",
      path: "/api",
      path_type: "Prefix",
      kind: "http",
      tls: true,
      annotations: { "nginx.ingress.kubernetes.io/rewrite-target": "/" },
    });
    expect(backendsOf(route)).toEqual([
      { service: "api-service", namespace: "default", port: 8080, weight: 1 },
    ]);
  });

  test("the heartbeat metadata is accepted, with whatever else a heartbeat says", () => {
    const said = JSON.parse(fixture("heartbeat-metadata")) as { metadata: object };
    const metadata = { ...said.metadata, k8s_version: "1.33" };
    const parsed = parse("heartbeat", { agent_id: "a1", metadata, prometheus_url: "http://p" });
    if (!parsed.ok || parsed.message.type !== "heartbeat") throw new Error("refused");
    expect(parsed.message.payload).toMatchObject({
      agent_id: "a1",
      status: "healthy",
      tunnel_status: "connected",
      metadata: { is_private: true, gateway_routes: 5, k8s_version: "1.33" },
      prometheus_url: "http://p",
    });
  });
});

const limits = { frame_bytes: 65_536, head_bytes: 65_536, streams: 10_000 };
const register = { agent_id: "a1", versions: { agent: "0.1.0", protocol: [1] } };
const success = {
  cluster_id: "u",
  cluster_uuid: "u",
  name: "home",
  tunnel_id: "t",
  resumed: false,
  received: 0,
  protocol: 1,
  features: ["resume"],
  limits,
  gateway: { id: "g1", url: "wss://g1" },
  heartbeat_interval_ms: 30_000,
  resume_ms: 60_000,
};
const without = (payload: object, name: string) =>
  Object.fromEntries(Object.entries(payload).filter(([key]) => key !== name));
const long = "x".repeat(513);
const pair = { name: "a/b", hosts: ["a.test"], cert: "c", key: "k" };

/** For each type: payloads that are taken, and payloads that are not. */
const PAYLOADS: Record<ControlType, { good: [string, unknown][]; bad: [string, unknown][] }> = {
  register: {
    good: [
      ["the least", register],
      ["a resume", { ...register, resume: { tunnel_id: "t", received: 2 ** 48 } }],
      ["a place and labels", { ...register, place: { country: "NG" }, labels: { a: "b" } }],
      ["fields of a later version", { ...register, shape: "round" }],
    ],
    bad: [
      ["no agent id", without(register, "agent_id")],
      ["an empty agent id", { ...register, agent_id: "" }],
      ["a long agent id", { ...register, agent_id: long }],
      ["no versions", without(register, "versions")],
      ["a version as text", { ...register, versions: { agent: "0", protocol: ["1"] } }],
      ["half a resume", { ...register, resume: { tunnel_id: "t" } }],
      ["a negative count", { ...register, resume: { tunnel_id: "t", received: -1 } }],
      ["half of the limits", { ...register, limits: { streams: 1 } }],
    ],
  },
  register_in_progress: { good: [["nothing", undefined]], bad: [["a number", 1]] },
  register_success: {
    good: [
      ["the least", success],
      ["gateways", { ...success, gateways: [{ id: "g2", url: "" }] }],
    ],
    bad: Object.keys(success).map((name) => [`no ${name}`, without(success, name)]),
  },
  heartbeat: {
    good: [["the least", { agent_id: "a1" }]],
    bad: [
      ["no agent id", {}],
      ["an unknown status", { agent_id: "a1", status: "tired" }],
      ["a count that is none", { agent_id: "a1", metadata: { gateway_routes: -1 } }],
    ],
  },
  heartbeat_ack: {
    good: [["a time", { received_at: "2026-01-01T00:00:00Z" }]],
    bad: [["no time", {}]],
  },
  ingress_routes: {
    good: [
      ["an empty snapshot", { action: "sync", revision: 0, routes: [] }],
      ["a part", { action: "sync", part: { index: 1, last: false }, routes: [{}] }],
      ["routes that are not valid, to be refused one by one", { action: "add", routes: [1] }],
    ],
    bad: [
      ["an unknown action", { action: "upsert", routes: [] }],
      ["no routes", { action: "sync" }],
      ["a revision beyond 2^53", { action: "sync", revision: 2 ** 53, routes: [] }],
    ],
  },
  ingress_routes_ack: {
    good: [
      ["the least", { accepted: 0, rejected: [] }],
      ["ports", { accepted: 1, rejected: [], ports: { k: 7000 } }],
    ],
    bad: [
      ["no count", { rejected: [] }],
      ["half a rejection", { accepted: 0, rejected: [{ host: "a.b" }] }],
    ],
  },
  certificates: {
    good: [
      ["an empty set", { action: "sync", certificates: [] }],
      ["a set by digests", { action: "sync", certificates: [{ name: "a/b", digest: "d" }] }],
      ["a pair", { action: "put", certificates: [pair] }],
      ["names", { action: "remove", names: ["a/b"] }],
    ],
    bad: [
      ["an unknown action", { action: "add", certificates: [] }],
      ["a pair without a host", { action: "put", certificates: [{ ...pair, hosts: [] }] }],
      ["a pair without its key", { action: "put", certificates: [without(pair, "key")] }],
      ["a huge chain", { action: "put", certificates: [{ ...pair, cert: "x".repeat(65_537) }] }],
    ],
  },
  certificates_ack: {
    good: [["the least", { accepted: 0, rejected: [] }]],
    bad: [["half a rejection", { accepted: 0, rejected: [{ name: "a/b" }] }]],
  },
  gateways: {
    good: [["none", { gateways: [] }]],
    bad: [["one without an id", { gateways: [{ url: "wss://g" }] }]],
  },
  drain: {
    good: [["a deadline", { deadline_ms: 30_000 }]],
    bad: [["none", {}]],
  },
  away: {
    good: [
      ["nobody", { tunnels: [] }],
      ["one", { tunnels: ["0123456789abcdef0123456789abcdef"] }],
    ],
    bad: [
      ["none", {}],
      ["one that is no word", { tunnels: [1] }],
    ],
  },
  error: {
    good: [["a code", { code: "draining" }]],
    bad: [
      ["none", {}],
      ["a code that is no word", { code: 1 }],
    ],
  },
  ping: { good: [["nothing", undefined]], bad: [["a list", "x"]] },
  pong: { good: [["nothing", undefined]], bad: [["a text", "x"]] },
  protocol_fallback: {
    good: [["what is understood", { unknown_type: "x", supported_types: [] }]],
    bad: [["half of it", { unknown_type: "x" }]],
  },
};
const table = (which: "good" | "bad") =>
  Object.entries(PAYLOADS).flatMap(([type, { [which]: rows }]) =>
    rows.map(([name, payload]) => ({ type, name, payload })),
  );

suite("control messages", () => {
  test.each(table("good"))("$type with $name is taken", ({ type, payload }) => {
    expect(parse(type, payload)).toMatchObject({ ok: true, message: { type } });
  });

  test.each(table("bad"))("$type with $name is a problem that names it", ({ type, payload }) => {
    const parsed = parse(type, payload);
    if (parsed.ok || !("problem" in parsed)) throw new Error("taken");
    expect(parsed.problem).toContain(`${type}: `);
  });

  test.each(table("good"))("$type with $name reads back as it was written", (row) => {
    const message = { type: row.type, request_id: "r1", payload: row.payload } as ControlInput;
    const parsed = parseControl(encodeControl(message, "2026-01-01T00:00:00Z"));
    expect(parsed).toMatchObject({ ok: true, message: { type: row.type, request_id: "r1" } });
  });

  test.each([
    { name: "no JSON", text: "{" },
    { name: "a list", text: "[]" },
    { name: "no type", text: "{}" },
    { name: "a type that is no text", text: '{"type":1}' },
    { name: "a type longer than 64", text: JSON.stringify({ type: "x".repeat(65) }) },
    { name: "a request id that is no text", text: '{"type":"ping","request_id":7}' },
    { name: "a request id longer than 128", text: `{"type":"ping","request_id":"${long}"}` },
  ])("$name is a problem without a request id", ({ text }) => {
    expect(parseControl(text)).toMatchObject({ ok: false, request_id: undefined });
  });

  test.each(["teleport", "toString", "__proto__", "constructor"])(
    "the unknown type %s comes back with its request id",
    (type) => {
      expect(parseControl(JSON.stringify({ type, request_id: "r9" }))).toEqual({
        ok: false,
        unknown: type,
        request_id: "r9",
      });
    },
  );

  test("any text at all is read or refused, never thrown at", () => {
    const type = fc.constantFrom(...Object.keys(CONTROL));
    const message = fc.record({ type, payload: fc.jsonValue(), request_id: fc.jsonValue() });
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      message.map((said) => JSON.stringify(said)),
    );
    fc.assert(fc.property(text, (said) => typeof parseControl(said).ok === "boolean"));
  });
});

suite("codes of errors", () => {
  test.each([
    { code: "draining", want: "draining" },
    { code: "invented_later", want: "internal" },
    { code: "toString", want: "internal" },
  ])("$code from a peer is $want", ({ code, want }) => {
    expect(parse("error", { code })).toMatchObject({ message: { payload: { code: want } } });
    const rejected = [{ host: "a.b", path: "/", code }];
    expect(parse("ingress_routes_ack", { accepted: 0, rejected })).toMatchObject({
      message: { payload: { rejected: [{ code: want }] } },
    });
  });

  test("a wait is said only where another try may help", () => {
    expect(errorMessage("draining", "", 5).payload).toMatchObject({ retry_after_ms: 5 });
    expect(errorMessage("replaced", "", 5).payload).toMatchObject({ retry_after_ms: undefined });
  });

  test("a message too long for the wire is cut, so that the peer can read the rest", () => {
    const text = encodeControl(errorMessage("internal", "m".repeat(9_000)), "now");
    expect(parseControl(text).ok).toBe(true);
  });

  test("what was wrong with a route always fits in the answer about it", () => {
    const parsed = v.safeParse(Route, { path_type: "p".repeat(2_000), kind: "k".repeat(2_000) });
    const message = describe(parsed.issues ?? []);
    expect(message).toContain("path_type");
    const rejected = [{ host: "", path: "", code: "invalid_route", message }];
    expect(parse("ingress_routes_ack", { accepted: 0, rejected }).ok).toBe(true);
  });

  test("every code has an HTTP status of an error and a close code that may be sent", () => {
    for (const { http, close } of Object.values(CODES)) {
      expect(http).toBeGreaterThanOrEqual(400);
      expect(http).toBeLessThan(600);
      expect([1001, 1002, 1011, 1012].includes(close) || (close >= 4000 && close < 5000)).toBe(
        true,
      );
    }
  });

  test("a WireError is kept as it is, anything else becomes internal with its cause", () => {
    const known = new WireError("no_route", "none");
    expect(WireError.from(known)).toBe(known);
    const cause = new Error("secret");
    expect(WireError.from(cause)).toMatchObject({ code: "internal", cause });
    expect(WireError.from(cause).message).not.toContain("secret");
  });
});
