import { describe, expect, test } from "vitest";
import { contentDisposition } from "./content-disposition.ts";
import type { StoredFile } from "./ports.ts";
import { answerFor, type FileRequest } from "./serving.ts";

const FILE: StoredFile = {
  id: "f".repeat(32),
  owner: "user:alice",
  name: "film.mp4",
  type: "video/mp4",
  kind: "file",
  bytes: 1000,
  storedAtMs: 0,
};
const ASKED: FileRequest = {
  method: "GET",
  range: undefined,
  ifRange: undefined,
  ifNoneMatch: undefined,
  disposition: "inline",
  validForMs: 60_000,
};
const TAG = `"${FILE.id}"`;

describe("a file's bytes", () => {
  test.each([
    { name: "the whole", range: undefined, status: 200, body: [0, 999], said: undefined },
    {
      name: "the beginning",
      range: "bytes=0-99",
      status: 206,
      body: [0, 99],
      said: "bytes 0-99/1000",
    },
    {
      name: "from a place on",
      range: "bytes=500-",
      status: 206,
      body: [500, 999],
      said: "bytes 500-999/1000",
    },
    {
      name: "more than there is",
      range: "bytes=900-5000",
      status: 206,
      body: [900, 999],
      said: "bytes 900-999/1000",
    },
    {
      name: "the end",
      range: "bytes=-10",
      status: 206,
      body: [990, 999],
      said: "bytes 990-999/1000",
    },
    {
      name: "a longer end than there is",
      range: "bytes=-5000",
      status: 206,
      body: [0, 999],
      said: "bytes 0-999/1000",
    },
    {
      name: "several parts, as the whole",
      range: "bytes=0-1,5-6",
      status: 200,
      body: [0, 999],
      said: undefined,
    },
    {
      name: "something in another unit, as the whole",
      range: "lines=0-1",
      status: 200,
      body: [0, 999],
      said: undefined,
    },
    {
      name: "garbage, as the whole",
      range: "bytes=a-b",
      status: 200,
      body: [0, 999],
      said: undefined,
    },
    {
      name: "a range that ends before it begins, as the whole",
      range: "bytes=9-5",
      status: 200,
      body: [0, 999],
      said: undefined,
    },
    {
      name: "digits without end, as the whole",
      range: `bytes=${"9".repeat(400)}-`,
      status: 200,
      body: [0, 999],
      said: undefined,
    },
  ])("are $name", ({ range, status, body: [first = 0, last = 0], said }) => {
    const answer = answerFor(FILE, { ...ASKED, range });
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ first, last });
    expect(answer.headers["content-length"]).toBe(String(last - first + 1));
    expect(answer.headers["content-range"]).toBe(said);
  });

  test.each(["bytes=1000-", "bytes=1000-2000", "bytes=-0"])("are none of %s", (range) => {
    const answer = answerFor(FILE, { ...ASKED, range });
    expect(answer).toMatchObject({ status: 416, body: undefined });
    expect(answer.headers["content-range"]).toBe("bytes */1000");
  });

  test("are the whole when the range is of another version", () => {
    const range = "bytes=0-9";
    expect(answerFor(FILE, { ...ASKED, range, ifRange: TAG }).status).toBe(206);
    expect(answerFor(FILE, { ...ASKED, range, ifRange: '"other"' }).status).toBe(200);
  });

  test("are none of an empty file, which has no parts", () => {
    const empty = { ...FILE, bytes: 0 };
    expect(answerFor(empty, ASKED)).toMatchObject({ status: 200, body: undefined });
    expect(answerFor(empty, ASKED).headers["content-length"]).toBe("0");
    expect(answerFor(empty, { ...ASKED, range: "bytes=0-" }).status).toBe(416);
  });

  test("are counted and not sent for HEAD", () => {
    const answer = answerFor(FILE, { ...ASKED, method: "HEAD", range: "bytes=0-9" });
    expect(answer).toMatchObject({ status: 206, body: undefined });
    expect(answer.headers["content-length"]).toBe("10");
  });

  test.each([TAG, `W/${TAG}`, `"a", ${TAG}`, "*"])(
    "stay where they are for who has %s",
    (ifNoneMatch) => {
      const answer = answerFor(FILE, { ...ASKED, ifNoneMatch });
      expect(answer).toMatchObject({ status: 304, body: undefined });
      expect(answer.headers["etag"]).toBe(TAG);
      expect(answer.headers["content-type"]).toBeUndefined();
    },
  );
});

const of = (type: string, more: Partial<FileRequest> = {}) =>
  answerFor({ ...FILE, type }, { ...ASKED, ...more }).headers;

describe("a file's headers", () => {
  test.each([
    { type: "image/png", shown: "inline" },
    { type: "audio/webm", shown: "inline" },
    { type: "video/mp4", shown: "inline" },
    { type: "image/svg+xml", shown: "attachment" },
    { type: "application/pdf", shown: "attachment" },
    { type: "text/plain", shown: "attachment" },
    { type: "application/zip", shown: "attachment" },
    { type: "text/html", shown: "attachment" },
    { type: "constructor", shown: "attachment" },
  ])("$type is $shown", ({ type, shown }) => {
    expect(of(type)["content-disposition"]).toMatch(new RegExp(`^${shown};`));
  });

  test("a link for saving saves whatever it is", () => {
    expect(of("image/png", { disposition: "attachment" })["content-disposition"]).toMatch(
      /^attachment;/,
    );
  });

  test.each(["image/png", "image/svg+xml", "application/pdf"])(
    "keep anything in %s from running",
    (type) => {
      const headers = of(type);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none';.*; sandbox$/);
      expect(headers["referrer-policy"]).toBe("no-referrer");
    },
  );

  test("let no shared cache have it, and no cache for longer than the link lasts", () => {
    expect(of("image/png")["cache-control"]).toBe("private, max-age=60, immutable");
    expect(of("image/png", { validForMs: 1e12 })["cache-control"]).toBe(
      "private, max-age=86400, immutable",
    );
    expect(of("image/png", { validForMs: -5 })["cache-control"]).toBe(
      "private, max-age=0, immutable",
    );
  });
});

test.each([
  { name: "film.mp4", want: `inline; filename="film.mp4"; filename*=UTF-8''film.mp4` },
  {
    name: 'a"b\\c%d.png',
    want: `inline; filename="a_b_c_d.png"; filename*=UTF-8''a%22b%5Cc%25d.png`,
  },
  {
    name: "Grüße (1)*'.txt",
    want: `inline; filename="Gr__e (1)*'.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%281%29%2A%27.txt`,
  },
  { name: "a\r\nX: y", want: `inline; filename="a__X: y"; filename*=UTF-8''a%0D%0AX%3A%20y` },
  { name: "\ud800", want: `inline; filename="_"; filename*=UTF-8''%EF%BF%BD` },
])("$name stays within its parameter", ({ name, want }) => {
  expect(contentDisposition("inline", name)).toBe(want);
});
