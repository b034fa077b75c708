import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isIdempotent, readRequestShape } from "./request-shape.ts";

const read = (text: string) => readRequestShape(Buffer.from(`key${text}`, "latin1"), 3);

describe("the shape of a request", () => {
  test.each([
    {
      name: "no body",
      head: "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
      want: { head: false, contentLength: 0, chunked: false },
    },
    { name: "a HEAD", head: "HEAD / HTTP/1.1\r\n\r\n", want: { head: true } },
    {
      name: "a length",
      head: "POST / HTTP/1.1\r\nContent-Length: 42\r\n\r\n",
      want: { contentLength: 42 },
    },
    {
      name: "chunks",
      head: "POST / HTTP/1.1\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
      want: { chunked: true, contentLength: 0 },
    },
    {
      name: "names that are only alike",
      head: "POST / HTTP/1.1\r\ncontent_length: 5\r\ntransfer-encodinG1: x\r\n\r\n",
      want: { contentLength: 0, chunked: false },
    },
    {
      name: "a connection field",
      head: "GET / HTTP/1.1\r\nconnection: upgrade\r\n\r\n",
      want: { hasConnection: true },
    },
  ])("$name", ({ head, want }) => {
    expect(read(head)).toMatchObject(want);
  });

  test.each([
    "GET / HTTP/1.1\r\nhost: a\r\n",
    "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\n",
    "POST / HTTP/1.1\r\ncontent-length: 5, 5\r\n\r\n",
    "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\ncontent-length:\r\n\r\n",
    "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    "",
  ])("%j cannot be framed in one way only", (head) => {
    expect(read(head)).toBeUndefined();
  });

  test("never reads beyond its bytes, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readRequestShape(bytes, 0)),
    );
  });
});

test.each([
  ["GET / ", true],
  ["DELETE / ", true],
  ["POST / ", false],
  ["PATCH / ", false],
  ["GETX / ", false],
])("%s is idempotent: %s", (line, want) => {
  expect(isIdempotent(Buffer.from(line), 0)).toBe(want);
});
