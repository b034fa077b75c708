import { expect, test } from "vitest";
import { linesOf } from "./fields.ts";
import { sourceOf } from "./head-source.ts";
import { requestHeadText, responseHeadText } from "./head-writing.ts";
import { endToEnd, endToEndLines } from "./hop-by-hop.ts";
import { Refusal } from "./refusal.ts";
import { parseRequestHead } from "./request-head.ts";
import { parseResponseHead } from "./response-head.ts";
import { parseTrailers } from "./trailers.ts";

test.each([
  { name: "no body", lines: [] },
  { name: "an empty body", lines: ["content-length: 0"] },
  { name: "a length", lines: ["content-length: 5"] },
  { name: "chunks", lines: ["transfer-encoding: chunked"] },
  { name: "an upgrade", lines: ["connection: upgrade", "upgrade: websocket"] },
])("a request with $name is read back as it was written", ({ lines }) => {
  const text = ["POST /a?b HTTP/1.1", "Host: a", "X: y", ...lines, "", ""].join("\r\n");
  const head = parseRequestHead(sourceOf(text));
  if (head instanceof Refusal) throw new Error(head.message);
  expect(requestHeadText(head, linesOf(endToEnd(head)))).toBe(text);
});

test.each([
  { name: "a length", method: "GET", lines: ["HTTP/1.1 200 OK", "X: y", "content-length: 5"] },
  {
    name: "the length of a body left out",
    method: "HEAD",
    lines: ["HTTP/1.1 200 OK", "content-length: 5"],
  },
  { name: "no reason", method: "GET", lines: ["HTTP/1.1 299 ", "transfer-encoding: chunked"] },
  { name: "an end at the connection's", method: "GET", lines: ["HTTP/1.1 200 OK"] },
  {
    name: "an upgrade",
    method: "GET",
    lines: ["HTTP/1.1 101 S", "connection: upgrade", "upgrade: websocket"],
  },
])("a response with $name is read back as it was written", ({ method, lines }) => {
  const text = [...lines, "", ""].join("\r\n");
  const head = parseResponseHead(sourceOf(text), { method });
  if (head instanceof Refusal) throw new Error(head.message);
  expect(responseHeadText(head, endToEndLines(head))).toBe(text);
});

test("Connection is said where it is asked for", () => {
  const head = {
    status: 200,
    reason: "OK",
    framing: "none",
    contentLength: 0,
    upgrade: "",
  } as const;
  expect(responseHeadText(head, "", "close")).toBe(
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
  );
});

test("trailers are read back as they were written", () => {
  expect(parseTrailers(linesOf(["a", "1", "a", "2"]))).toEqual(["a", "1", "a", "2"]);
  expect(parseTrailers("")).toEqual([]);
  expect(parseTrailers("a: 1\r\nb")).toBeInstanceOf(Refusal);
});
