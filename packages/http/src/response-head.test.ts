import { describe, expect, test } from "vitest";
import { Refusal } from "./refusal.ts";
import { sourceOf } from "./head-source.ts";
import { parseResponseHead } from "./response-head.ts";

function read(method: string, ...lines: string[]) {
  return parseResponseHead(sourceOf(`${lines.join("\r\n")}\r\n\r\n`), { method });
}
const CHUNKED = "Transfer-Encoding: chunked";
const FIVE = "Content-Length: 5";

describe("where a response ends", () => {
  test.each([
    {
      name: "a length",
      method: "GET",
      lines: ["HTTP/1.1 200 OK", FIVE],
      framing: "length",
      keepAlive: true,
    },
    {
      name: "a zero length",
      method: "GET",
      lines: ["HTTP/1.1 200 OK", "Content-Length: 0"],
      framing: "none",
      keepAlive: true,
    },
    {
      name: "chunks",
      method: "GET",
      lines: ["HTTP/1.1 200 OK", CHUNKED],
      framing: "chunked",
      keepAlive: true,
    },
    {
      name: "the connection's end",
      method: "GET",
      lines: ["HTTP/1.1 200 OK"],
      framing: "until-close",
      keepAlive: false,
    },
    {
      name: "HTTP/1.0",
      method: "GET",
      lines: ["HTTP/1.0 200 OK", FIVE],
      framing: "length",
      keepAlive: false,
    },
    {
      name: "HTTP/1.0 with keep-alive",
      method: "GET",
      lines: ["HTTP/1.0 200", FIVE, "Connection: Keep-Alive"],
      framing: "length",
      keepAlive: true,
    },
    {
      name: "HEAD",
      method: "HEAD",
      lines: ["HTTP/1.1 200 OK", FIVE],
      framing: "none",
      keepAlive: true,
    },
    {
      name: "HEAD without length",
      method: "HEAD",
      lines: ["HTTP/1.1 200 OK"],
      framing: "none",
      keepAlive: true,
    },
    {
      name: "304",
      method: "GET",
      lines: ["HTTP/1.1 304 Not Modified", FIVE],
      framing: "none",
      keepAlive: true,
    },
    {
      name: "204",
      method: "GET",
      lines: ["HTTP/1.1 204 ", "Content-Length: 0"],
      framing: "none",
      keepAlive: true,
    },
    {
      name: "103",
      method: "GET",
      lines: ["HTTP/1.1 103 Early Hints", "Link: </a>"],
      framing: "none",
      keepAlive: true,
    },
    {
      name: "101",
      method: "GET",
      lines: ["HTTP/1.1 101 Switching", "Connection: upgrade", "Upgrade: websocket"],
      framing: "none",
      keepAlive: false,
    },
  ])("$name: $framing", ({ method, lines, framing, keepAlive }) => {
    expect(read(method, ...lines)).toMatchObject({ framing, keepAlive });
  });

  test.each([
    { name: "a reason", line: "HTTP/1.1 404 Not  Found\xe9", reason: "Not  Found\xe9" },
    { name: "no reason", line: "HTTP/1.1 404 ", reason: "" },
    { name: "no reason and no space", line: "HTTP/1.1 404", reason: "" },
  ])("reads $name", ({ line, reason }) => {
    expect(read("GET", line)).toMatchObject({ status: 404, reason });
  });
});

test.each([
  { name: "length with coding", lines: ["HTTP/1.1 200 OK", FIVE, CHUNKED] },
  { name: "two lengths", lines: ["HTTP/1.1 200 OK", FIVE, FIVE] },
  { name: "two codings", lines: ["HTTP/1.1 200 OK", CHUNKED, CHUNKED] },
  { name: "another coding", lines: ["HTTP/1.1 200 OK", "Transfer-Encoding: gzip"] },
  { name: "a coding in HTTP/1.0", lines: ["HTTP/1.0 200 OK", CHUNKED] },
  { name: "a body with 204", lines: ["HTTP/1.1 204 No Content", FIVE] },
  { name: "chunks with 204", lines: ["HTTP/1.1 204 No Content", CHUNKED] },
  { name: "a body with 100", lines: ["HTTP/1.1 100 Continue", FIVE] },
  { name: "101 to nothing", lines: ["HTTP/1.1 101 Switching"] },
  {
    name: "101 that Connection does not name",
    lines: ["HTTP/1.1 101 Switching", "Upgrade: websocket"],
  },
  { name: "a status of two digits", lines: ["HTTP/1.1 20 OK"] },
  { name: "a status of four digits", lines: ["HTTP/1.1 2000 OK"] },
  { name: "a status below 100", lines: ["HTTP/1.1 099 OK"] },
  { name: "another protocol", lines: ["ICY 200 OK"] },
  { name: "HTTP/2", lines: ["HTTP/2 200 OK"] },
  { name: "two spaces before the status", lines: ["HTTP/1.1  200 OK"] },
  { name: "a control character in the reason", lines: ["HTTP/1.1 200 O\x01K"] },
  { name: "bare LF", lines: ["HTTP/1.1 200 OK\nX: y"] },
  { name: "obs-fold", lines: ["HTTP/1.1 200 OK", "X: y", " z"] },
])("a response with $name is refused", ({ lines }) => {
  expect(read("GET", ...lines)).toBeInstanceOf(Refusal);
});
