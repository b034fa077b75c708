import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { CODES, WireError, type ErrorCode } from "@warren/wire";
import { prefersHtml } from "./accept.ts";
import { errorAnswer, type ErrorAnswer } from "./error-answer.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
const refused = { method: "GET", accept: undefined as string | undefined, requestId: "req-1" };
const text = (answer: ErrorAnswer): string => Buffer.from(answer.body).toString();
const field = (answer: ErrorAnswer, name: string): string | undefined => {
  const at = answer.fields.findIndex((one, i) => i % 2 === 0 && one === name);
  return at < 0 ? undefined : answer.fields[at + 1];
};

describe("JSON or a page", () => {
  test.each([
    { accept: undefined, want: false },
    { accept: "*/*", want: false },
    { accept: BROWSER, want: true },
    { accept: "TEXT/HTML", want: true },
    { accept: "text/*", want: true },
    { accept: "application/json", want: false },
    { accept: "application/json, text/html;q=0.5", want: false },
    { accept: "text/html;q=0.9, application/json;q=0.5", want: true },
    { accept: "text/html;q=0", want: false },
    { accept: "text/html;q=nonsense", want: false },
    { accept: "text/event-stream", want: false },
  ])("Accept: $accept gets a page: $want", ({ accept, want }) => {
    expect(prefersHtml(accept)).toBe(want);
  });
});

/** Codes whose message is the gateway's own word on what the client sent. */
const aboutTheRequest: ErrorCode[] = [
  "bad_request",
  "not_implemented",
  "version_not_supported",
  "headers_too_large",
  "payload_too_large",
];

describe("an error answer", () => {
  test.each(Object.keys(CODES) as ErrorCode[])("%s: status, code and id in both kinds", (code) => {
    const error = new WireError(code, "dial tcp 10.0.0.7:5432: connection refused");
    const json = errorAnswer(error, refused);
    expect(json.status).toBe(CODES[code].http);
    expect(JSON.parse(text(json))).toEqual({
      error: { code, message: expect.any(String), request_id: "req-1" },
    });
    const page = errorAnswer(error, { ...refused, accept: BROWSER });
    expect(text(page)).toContain(`<b>${CODES[code].http}</b>`);
    expect(text(page)).toContain(`${code}<br>req-1</small>`);
    for (const answer of [json, page]) {
      expect(field(answer, "cache-control")).toBe("no-store");
      expect(field(answer, "content-length")).toBe(String(answer.body.length));
      expect(answer.status === 401).toBe(field(answer, "www-authenticate") !== undefined);
      if (!aboutTheRequest.includes(code)) expect(text(answer)).not.toContain("10.0.0.7");
    }
  });

  test("what the client did wrong is said in the gateway's own words", () => {
    const error = new WireError("bad_request", 'two "Host" fields <b>');
    expect(JSON.parse(text(errorAnswer(error, refused)))).toMatchObject({
      error: { message: 'two "Host" fields <b>' },
    });
    const page = errorAnswer(error, { ...refused, accept: BROWSER });
    expect(text(page)).toContain("two &quot;Host&quot; fields &lt;b&gt;");
  });

  test("HEAD gets the length and no body", () => {
    const error = new WireError("no_route", "");
    const answer = errorAnswer(error, { ...refused, method: "HEAD" });
    expect(answer.body).toHaveLength(0);
    expect(field(answer, "content-length")).toBe(
      field(errorAnswer(error, refused), "content-length"),
    );
  });

  test.each<{ code: ErrorCode; ms?: number; want: string | undefined }>([
    { code: "rate_limited", ms: 250, want: "1" },
    { code: "rate_limited", ms: 1001, want: "2" },
    { code: "rate_limited", want: "1" },
    { code: "cluster_reconnecting", want: "5" },
    { code: "cluster_reconnecting", ms: 2000, want: "2" },
    { code: "cluster_offline", want: undefined },
    { code: "overloaded", want: "1" },
    { code: "draining", want: "1" },
    { code: "no_route", ms: 5000, want: undefined },
    { code: "upstream_timeout", want: undefined },
  ])("$code with $ms ms says Retry-After $want", ({ code, ms, want }) => {
    const answer = errorAnswer({ code, message: "", retryAfterMs: ms }, refused);
    expect(field(answer, "retry-after")).toBe(want);
  });

  test.each(["a\r\nset-cookie: x=1", '"}}<script>', "x".repeat(500), "", "ü"])(
    "the request id %j breaks out of nothing",
    (requestId) => {
      const error = new WireError("no_route", "");
      const json = errorAnswer(error, { ...refused, requestId });
      expect(field(json, "x-request-id")).toBeUndefined();
      expect(JSON.parse(text(json))).toMatchObject({
        error: { request_id: requestId.slice(0, 200) },
      });
      const page = errorAnswer(error, { ...refused, requestId, accept: BROWSER });
      expect(text(page)).not.toContain("<script>");
    },
  );

  test("its fields can be written as they are", async () => {
    const answer = errorAnswer(new WireError("unauthorized", ""), refused);
    await using server = createServer((_, response) => {
      response.writeHead(answer.status, [...answer.fields]).end(answer.body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Basic realm=");
    expect(await response.json()).toMatchObject({ error: { code: "unauthorized" } });
  });
});
