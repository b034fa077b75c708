import { describe, expect, test } from "vitest";
import { readHttp2Trailers } from "./http2-fields.ts";
import {
  http2RequestList,
  http2ResponseList,
  readHttp2Request,
  readHttp2Response,
} from "./http2-heads.ts";
import { Refusal } from "./refusal.ts";

const GET = [":method", "GET", ":scheme", "https", ":authority", "A.b:8443", ":path", "/x?y"];
const POST = [":method", "POST", ...GET.slice(2)];

describe("an HTTP/2 request means an HTTP/1.1 one", () => {
  test("with Host first, cookies joined and the rest in order", () => {
    const fields = ["x", "1", "cookie", "a=1", "x", "2", "cookie", "b=2", "te", "trailers"];
    expect(readHttp2Request([...GET, ...fields], true)).toMatchObject({
      method: "GET",
      target: "/x?y",
      host: "a.b",
      port: 8443,
      framing: "none",
      fields: ["host", "A.b:8443", "x", "1", "cookie", "a=1; b=2", "x", "2"],
    });
  });

  test.each([
    { name: "that has ended", ended: true, fields: [], framing: "none", contentLength: -1 },
    { name: "of unknown length", ended: false, fields: [], framing: "chunked", contentLength: -1 },
    {
      name: "of known length",
      ended: false,
      fields: ["content-length", "5"],
      framing: "length",
      contentLength: 5,
    },
    {
      name: "of no length",
      ended: false,
      fields: ["content-length", "0"],
      framing: "none",
      contentLength: 0,
    },
  ])("$name", ({ ended, fields, framing, contentLength }) => {
    expect(readHttp2Request([...POST, ...fields], ended)).toMatchObject({ framing, contentLength });
  });

  test("with Host where there is no :authority, or beside an equal one", () => {
    const without = [...GET.slice(0, 4), ...GET.slice(6)];
    expect(readHttp2Request([...without, "host", "a"], true)).toMatchObject({ host: "a" });
    expect(readHttp2Request([...GET, "host", "a.B:8443"], true)).toMatchObject({
      fields: ["host", "A.b:8443"],
    });
  });

  const without = (name: string) =>
    GET.flatMap((_, i) => (i % 2 === 0 && GET[i] !== name ? GET.slice(i, i + 2) : []));
  const withPath = (path: string) => [...without(":path"), ":path", path];
  test.each([
    { name: "a repeated pseudo-header", raw: [...GET, ":path", "/x?y"] },
    { name: "an unknown pseudo-header", raw: [...GET, ":protocol", "websocket"] },
    { name: "a response's pseudo-header", raw: [...GET, ":status", "200"] },
    { name: "a late pseudo-header", raw: [...without(":path"), "x", "1", ":path", "/"] },
    { name: "no method", raw: without(":method") },
    { name: "no path", raw: without(":path") },
    { name: "no scheme", raw: without(":scheme") },
    { name: "no host at all", raw: without(":authority") },
    { name: "another scheme", raw: [...without(":scheme"), ":scheme", "ftp"] },
    { name: "a scheme with a smuggled URL", raw: [...without(":scheme"), ":scheme", "http://b/?"] },
    { name: "an empty path", raw: withPath("") },
    { name: "an absolute path", raw: withPath("http://b/") },
    { name: "a path with a space", raw: withPath("/a HTTP/1.1") },
    { name: "a path with CR LF", raw: withPath("/a\r\nX: y") },
    { name: "a path with a fragment", raw: withPath("/a#b") },
    { name: "an asterisk for GET", raw: withPath("*") },
    { name: "CONNECT", raw: [":method", "CONNECT", ":authority", "a:443"] },
    { name: "an unknown method", raw: [":method", "GET / HTTP/1.1", ...GET.slice(2)] },
    { name: "a host that differs", raw: [...GET, "host", "b"] },
    { name: "two hosts", raw: [...GET, "host", "a.b:8443", "host", "a.b:8443"] },
    { name: "user information", raw: [...without(":authority"), ":authority", "u@a"] },
    { name: "an upper-case name", raw: [...GET, "Cookie", "a"] },
    { name: "a name with a colon", raw: [...GET, "a:b", "c"] },
    { name: "an empty name", raw: [...GET, "", "c"] },
    { name: "a name with CR LF", raw: [...GET, "a\r\nb", "c"] },
    { name: "a value with LF", raw: [...GET, "a", "b\nc"] },
    { name: "a value with NUL", raw: [...GET, "a", "b\0c"] },
    { name: "a value with a leading space", raw: [...GET, "a", " b"] },
    { name: "transfer-encoding", raw: [...GET, "transfer-encoding", "chunked"] },
    { name: "connection", raw: [...GET, "connection", "close"] },
    { name: "keep-alive", raw: [...GET, "keep-alive", "timeout=5"] },
    { name: "proxy-connection", raw: [...GET, "proxy-connection", "close"] },
    { name: "upgrade", raw: [...GET, "upgrade", "h2c"] },
    { name: "te with more than trailers", raw: [...GET, "te", "trailers, gzip"] },
    { name: "two lengths", raw: [...POST, "content-length", "1", "content-length", "1"] },
    { name: "a malformed length", raw: [...POST, "content-length", "+1"] },
    { name: "a length without a body", raw: [...POST, "content-length", "1"] },
  ])("refused: $name", ({ raw }) => {
    expect(readHttp2Request(raw, true)).toBeInstanceOf(Refusal);
  });
});

describe("an HTTP/2 response means an HTTP/1.1 one", () => {
  test.each([
    {
      name: "of unknown length",
      method: "GET",
      raw: [":status", "200"],
      ended: false,
      framing: "chunked",
    },
    {
      name: "of known length",
      method: "GET",
      raw: [":status", "200", "content-length", "5"],
      ended: false,
      framing: "length",
    },
    {
      name: "without a body",
      method: "GET",
      raw: [":status", "200"],
      ended: true,
      framing: "none",
    },
    {
      name: "to HEAD",
      method: "HEAD",
      raw: [":status", "200", "content-length", "5"],
      ended: true,
      framing: "none",
    },
    {
      name: "not modified",
      method: "GET",
      raw: [":status", "304", "content-length", "5"],
      ended: true,
      framing: "none",
    },
    {
      name: "informational",
      method: "GET",
      raw: [":status", "103"],
      ended: false,
      framing: "none",
    },
  ])("$name", ({ raw, method, ended, framing }) => {
    expect(readHttp2Response(raw, { method }, ended)).toMatchObject({ framing });
  });

  test.each([
    { name: "no status", raw: ["a", "b"] },
    { name: "101", raw: [":status", "101"] },
    { name: "a status with a space", raw: [":status", "200 OK"] },
    { name: "a request's pseudo-header", raw: [":status", "200", ":path", "/"] },
    { name: "a length without a body", raw: [":status", "200", "content-length", "5"] },
  ])("refused: $name", ({ raw }) => {
    expect(readHttp2Response(raw, { method: "GET" }, true)).toBeInstanceOf(Refusal);
  });
});

test("a request is written for HTTP/2 with lower-case names and nothing of the connection", () => {
  const fields = ["Host", "a", "X-Y", "1", "TE", "gzip", "Connection", "x", "Content-Length", "9"];
  const head = { method: "POST", target: "/", contentLength: 5 };
  expect(http2RequestList(head, fields, "http")).toEqual([
    ":method",
    "POST",
    ":scheme",
    "http",
    ":authority",
    "a",
    ":path",
    "/",
    "x-y",
    "1",
    "te",
    "trailers",
    "content-length",
    "5",
  ]);
});

test("a response is written for HTTP/2 with repeated fields kept apart", () => {
  const fields = ["Set-Cookie", "a", "Set-Cookie", "b", "Keep-Alive", "x"];
  expect(http2ResponseList({ status: 200, contentLength: -1 }, fields)).toEqual([
    ":status",
    "200",
    "set-cookie",
    "a",
    "set-cookie",
    "b",
  ]);
});

test("trailers of HTTP/2 must not speak of framing or routing", () => {
  expect(readHttp2Trailers(["grpc-status", "0"])).toEqual(["grpc-status", "0"]);
  for (const name of [":status", "content-length", "host", "trailer", "connection"]) {
    expect(readHttp2Trailers([name, "1"])).toBeInstanceOf(Refusal);
  }
});
