import { describe, expect, test } from "vitest";
import { sourceOf } from "./head-source.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";
import { Refusal } from "./refusal.ts";

function head(...lines: string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}
function accepted(text: string): RequestHead {
  const read = parseRequestHead(sourceOf(text));
  if (read instanceof Refusal) throw new Error(read.message);
  return read;
}

describe("a request head that says one thing", () => {
  test("keeps target bytes, field order and case", () => {
    const text = head("GET /a%2Fb?x=%20&x HTTP/1.1", "HOST: A.Example:8080", "X: 1", "x:  2\t");
    const read = accepted(text);
    expect(read.fields).toEqual(["HOST", "A.Example:8080", "X", "1", "x", "2"]);
    expect({ ...read }).toEqual({
      method: "GET",
      target: "/a%2Fb?x=%20&x",
      minor: 1,
      framing: "none",
      contentLength: -1,
      keepAlive: true,
      expectContinue: false,
      upgrade: "",
      connection: "",
      host: "a.example",
      port: 8080,
      requestId: undefined,
    });
  });

  test.each([
    {
      name: "a length",
      lines: ["Content-Length: 5"],
      want: { framing: "length", contentLength: 5 },
    },
    {
      name: "a zero length",
      lines: ["Content-Length: 0"],
      want: { framing: "none", contentLength: 0 },
    },
    { name: "chunks", lines: ["Transfer-Encoding: Chunked"], want: { framing: "chunked" } },
    { name: "close", lines: ["Connection: Close"], want: { keepAlive: false } },
    {
      name: "close beside keep-alive",
      lines: ["Connection: keep-alive, close"],
      want: { keepAlive: false },
    },
    { name: "100-continue", lines: ["Expect: 100-Continue"], want: { expectContinue: true } },
    {
      name: "an upgrade",
      lines: ["Connection: keep-alive, Upgrade", "Upgrade: WebSocket"],
      want: { upgrade: "websocket", connection: "keep-alive, Upgrade" },
    },
    {
      name: "an upgrade that Connection does not name",
      lines: ["Upgrade: websocket"],
      want: { upgrade: "" },
    },
    {
      name: "h2c, which is ignored",
      lines: ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"],
      want: { upgrade: "" },
    },
    { name: "an empty value", lines: ["X:"], want: { fields: ["Host", "a", "X", ""] } },
    {
      name: "bytes above ASCII in a value",
      lines: ["X: \xe9\xff"],
      want: { fields: ["Host", "a", "X", "\xe9\xff"] },
    },
  ])("reads $name", ({ lines, want }) => {
    expect(accepted(head("POST / HTTP/1.1", "Host: a", ...lines))).toMatchObject(want);
  });

  test.each([
    { target: "http://A:80/x?y", host: "a", want: "/x?y" },
    { target: "HTTP://a", host: "a", want: "/" },
    { target: "http://a?q", host: "a", want: "/?q" },
    { target: "https://a/", host: "a:443", want: "/" },
    { target: "http://[::1]:8080/", host: "[::1]:8080", want: "/" },
  ])("turns $target for Host $host into $want", ({ target, host, want }) => {
    expect(accepted(head(`GET ${target} HTTP/1.1`, `Host: ${host}`)).target).toBe(want);
  });

  test.each([
    { host: "a.b.", want: "a.b" },
    { host: "1.2.3.4:1", want: "1.2.3.4" },
    { host: "[FE80::1]", want: "[fe80::1]" },
    { host: "[::ffff:1.2.3.4]:65535", want: "[::ffff:1.2.3.4]" },
  ])("reads Host $host as $want", ({ host, want }) => {
    expect(accepted(head("GET / HTTP/1.1", `Host: ${host}`)).host).toBe(want);
  });
});

describe("an ambiguous request is refused:", () => {
  const line = "POST / HTTP/1.1";
  const cases: { name: string; text: string; code?: string }[] = [
    {
      name: "length with coding",
      text: head(line, "Host: a", "Content-Length: 3", "Transfer-Encoding: chunked"),
    },
    {
      name: "coding with length",
      text: head(line, "Host: a", "Transfer-Encoding: chunked", "Content-Length: 3"),
    },
    { name: "two lengths", text: head(line, "Host: a", "Content-Length: 3", "Content-Length: 4") },
    {
      name: "two equal lengths",
      text: head(line, "Host: a", "Content-Length: 3", "content-length: 3"),
    },
    { name: "a list of equal lengths", text: head(line, "Host: a", "Content-Length: 3, 3") },
    { name: "a signed length", text: head(line, "Host: a", "Content-Length: +3") },
    { name: "a negative length", text: head(line, "Host: a", "Content-Length: -3") },
    { name: "a hexadecimal length", text: head(line, "Host: a", "Content-Length: 0x3") },
    { name: "an empty length", text: head(line, "Host: a", "Content-Length:") },
    { name: "a length with a blank inside", text: head(line, "Host: a", "Content-Length: 1 2") },
    {
      name: "a length past 2^53",
      text: head(line, "Host: a", "Content-Length: 99999999999999999999"),
    },
    {
      name: "gzip, chunked",
      text: head(line, "Host: a", "Transfer-Encoding: gzip, chunked"),
      code: "not_implemented",
    },
    {
      name: "chunked twice",
      text: head(line, "Host: a", "Transfer-Encoding: chunked, chunked"),
      code: "not_implemented",
    },
    {
      name: "two codings",
      text: head(line, "Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    },
    {
      name: "identity",
      text: head(line, "Host: a", "Transfer-Encoding: identity"),
      code: "not_implemented",
    },
    {
      name: "xchunked",
      text: head(line, "Host: a", "Transfer-Encoding: xchunked"),
      code: "not_implemented",
    },
    {
      name: "chunked with a vertical tab",
      text: head(line, "Host: a", "Transfer-Encoding: \x0bchunked"),
    },
    {
      name: "an empty coding",
      text: head(line, "Host: a", "Transfer-Encoding:"),
      code: "not_implemented",
    },
    {
      name: "a coding in HTTP/1.0",
      text: head("POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"),
    },
    { name: "bare LF after the request line", text: "GET / HTTP/1.1\nHost: a\r\n\r\n" },
    { name: "bare LF after a field", text: "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n" },
    { name: "bare LF before the empty line", text: "GET / HTTP/1.1\r\nHost: a\n\r\n" },
    { name: "bare CR in a value", text: head("GET / HTTP/1.1", "Host: a", "X: a\rb") },
    { name: "bare CR in the request line", text: head("GET /\r HTTP/1.1", "Host: a") },
    { name: "obs-fold with a space", text: head("GET / HTTP/1.1", "Host: a", "X: y", " z") },
    { name: "obs-fold with a tab", text: head("GET / HTTP/1.1", "Host: a", "X: y", "\tz") },
    { name: "a blank first field line", text: head("GET / HTTP/1.1", " Host: a", "Host: a") },
    { name: "space before colon", text: head(line, "Host: a", "Content-Length : 3") },
    { name: "tab before colon", text: head(line, "Host: a", "Transfer-Encoding\t: chunked") },
    { name: "space in a name", text: head("GET / HTTP/1.1", "Host: a", "X y: 3") },
    { name: "no colon", text: head("GET / HTTP/1.1", "Host: a", "X") },
    { name: "no name", text: head("GET / HTTP/1.1", "Host: a", ": x") },
    { name: "a byte above ASCII in a name", text: head("GET / HTTP/1.1", "Host: a", "\xe9: x") },
    { name: "NUL in a value", text: head("GET / HTTP/1.1", "Host: a", "X: a\0b") },
    { name: "NUL in a name", text: head("GET / HTTP/1.1", "Host: a", "X\0: a") },
    { name: "a control character in a value", text: head("GET / HTTP/1.1", "Host: a", "X: \x01") },
    { name: "DEL in a value", text: head("GET / HTTP/1.1", "Host: a", "X: \x7f") },
    { name: "no host", text: head("GET / HTTP/1.1") },
    { name: "no host in HTTP/1.0", text: head("GET / HTTP/1.0") },
    { name: "two hosts", text: head("GET / HTTP/1.1", "Host: a", "Host: b") },
    { name: "two equal hosts", text: head("GET / HTTP/1.1", "Host: a", "Host: a") },
    ...[
      "",
      "a b",
      "a,b",
      "u@a",
      "a/",
      "a:",
      "a:0",
      "a:65536",
      "a:x",
      "a:1:2",
      "::1",
      "[::1",
      "[::1]x",
      "[1]",
      "[::1%25eth0]",
      "[v1.a]",
      ".a",
      "a..b",
      ".",
      "http://a",
      "a?",
      "a#",
      "a%41",
      "\xe9",
    ].map((host) => ({
      name: `Host ${JSON.stringify(host)}`,
      text: head("GET / HTTP/1.1", `Host: ${host}`),
    })),
    ...[
      "http://b/",
      "http://a:81/",
      "https://a/",
      "http://u@a/",
      "http:///",
      "http://",
      "ftp://a/",
      "a",
      "",
      "x/",
      "*",
      "/#f",
      "/\xe9",
      "/\x7f",
      "/a\tb",
    ].map((target) => ({
      name: `target ${JSON.stringify(target)}`,
      text: head(`GET ${target} HTTP/1.1`, "Host: a:80"),
    })),
    { name: "two spaces before the target", text: head("GET  / HTTP/1.1", "Host: a") },
    { name: "two spaces before the version", text: head("GET /  HTTP/1.1", "Host: a") },
    { name: "a space after the version", text: head("GET / HTTP/1.1 ", "Host: a") },
    { name: "a leading space", text: head(" GET / HTTP/1.1", "Host: a") },
    { name: "a tab for a space", text: head("GET\t/ HTTP/1.1", "Host: a") },
    { name: "a space in the target", text: head("GET /a b HTTP/1.1", "Host: a") },
    { name: "another protocol name", text: head("GET / ICE/1.0", "Host: a") },
    { name: "a lower-case protocol name", text: head("GET / http/1.1", "Host: a") },
    { name: "RTSP", text: head("GET / RTSP/1.0", "Host: a") },
    { name: "no version", text: head("GET /", "Host: a") },
    { name: "HTTP/1.10", text: head("GET / HTTP/1.10", "Host: a") },
    { name: "HTTP/1.2", text: head("GET / HTTP/1.2", "Host: a"), code: "version_not_supported" },
    { name: "HTTP/2.0", text: head("PRI / HTTP/2.0", "Host: a"), code: "not_implemented" },
    {
      name: "CONNECT",
      text: head("CONNECT a:443 HTTP/1.1", "Host: a:443"),
      code: "not_implemented",
    },
    {
      name: "an unknown method",
      text: head("BREW / HTTP/1.1", "Host: a"),
      code: "not_implemented",
    },
    { name: "a lower-case method", text: head("get / HTTP/1.1", "Host: a") },
    {
      name: "Connection that is no list of tokens",
      text: head("GET / HTTP/1.1", "Host: a", "Connection: a b"),
    },
    {
      name: "201 fields",
      text: head("GET / HTTP/1.1", "Host: a", ...Array<string>(200).fill("X: y")),
      code: "headers_too_large",
    },
    { name: "a head cut short", text: "GET / HTTP/1.1\r\nHost: a\r\n" },
    { name: "a head with something behind it", text: "GET / HTTP/1.1\r\nHost: a\r\n\r\nX" },
    { name: "an empty head", text: "\r\n\r\n" },
  ];
  test.each(cases)("$name", ({ text, code }) => {
    const read = parseRequestHead(sourceOf(text));
    expect(read).toBeInstanceOf(Refusal);
    expect((read as Refusal).code).toBe(code ?? "bad_request");
  });
});
