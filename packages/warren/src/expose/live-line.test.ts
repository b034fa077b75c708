import type { Seen } from "@warren/agent";
import { KIND } from "@warren/wire";
import { expect, test } from "vitest";
import { liveLine, liveRecord } from "./live-line.ts";

const seen: Seen = {
  kind: KIND.http,
  routeKey: "k",
  line: "GET /a?b=c",
  status: 200,
  error: undefined,
  durationMs: 3.14159,
};
const plain = (_style: string, text: string) => text;
const marked = (style: string, text: string) => `<${style}>${text}</>`;
const squeezed = (one: Seen) => liveLine(one, plain).replace(/ +/g, " ");

test.each([
  { name: "a request", one: seen, want: "GET /a?b=c 200 3.1 ms" },
  { name: "a slow one", one: { ...seen, durationMs: 65_432 }, want: "GET /a?b=c 200 65 s" },
  {
    name: "one that failed",
    one: { ...seen, status: 502, error: "upstream_unreachable" as const },
    want: "GET /a?b=c 502 3.1 ms upstream_unreachable",
  },
  {
    name: "one without an answer",
    one: { ...seen, status: 0, error: "cancelled" as const },
    want: "GET /a?b=c - 3.1 ms cancelled",
  },
  {
    name: "a TCP connection, by who made it",
    one: { ...seen, kind: KIND.tcp, line: "PROXY TCP4 192.0.2.1 10.0.0.1 5 6", status: 0 },
    want: "TCP from 192.0.2.1 - 3.1 ms",
  },
  {
    name: "what would move the cursor is not shown",
    one: { ...seen, line: "GET /\u0007\u009b2J" },
    want: "GET /? 200 3.1 ms",
  },
])("$name", ({ one, want }) => {
  expect(squeezed(one).trim()).toBe(want);
});

test("a long path is cut, so that columns stay", () => {
  const line = liveLine({ ...seen, line: `GET /${"x".repeat(500)}` }, plain);
  expect(line.length).toBe(liveLine(seen, plain).length);
  expect(line).toContain("…");
});

test.each([
  { status: 200, want: "<green>200</>" },
  { status: 301, want: "<cyan>301</>" },
  { status: 404, want: "<yellow>404</>" },
  { status: 500, want: "<red>500</>" },
])("$status has its colour", ({ status, want }) => {
  expect(liveLine({ ...seen, status }, marked)).toContain(want);
});

test("for programs it is whole", () => {
  expect(liveRecord(seen)).toEqual({
    method: "GET",
    path: "/a?b=c",
    status: 200,
    duration_ms: 3.1,
    error: undefined,
  });
});
