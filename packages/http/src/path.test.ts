import { expect, test } from "vitest";
import { hasPathPrefix, matchingPath, splitTarget } from "./path.ts";

test.each([
  { target: "/", path: "/", ambiguous: false },
  { target: "/a/b.c/d?x=/../%2f", path: "/a/b.c/d", ambiguous: false },
  { target: "/a//b/", path: "/a//b/", ambiguous: false, loose: "/a/b/" },
  { target: "//", path: "//", ambiguous: false, loose: "/" },
  {
    target: "/proxy/https://x",
    path: "/proxy/https://x",
    ambiguous: false,
    loose: "/proxy/https:/x",
  },
  { target: "/a;v=1/b;w", path: "/a;v=1/b;w", ambiguous: false, loose: "/a/b" },
  { target: "/;x", path: "/;x", ambiguous: false, loose: "/" },
  { target: "/a%3bx/b", path: "/a%3Bx/b", ambiguous: false, loose: "/a/b" },
  { target: "/%61%7E%2D%2e%5F", path: "/a~-._", ambiguous: false },
  { target: "/%40me/%3a%21", path: "/@me/:!", ambiguous: false },
  { target: "/b%c3%bcro", path: "/b%C3%BCro", ambiguous: false },
  { target: "/%20%41%zz%", path: "/%20A%zz%", ambiguous: false },
  { target: "/.hidden", path: "/.hidden", ambiguous: false },
  { target: "/..a/b..", path: "/..a/b..", ambiguous: false },
  { target: "/%2561%2Bb", path: "/%2561+b", ambiguous: false, loose: "/a+b" },
  { target: "/%25%36%31", path: "/%2561", ambiguous: false, loose: "/a" },
  { target: "/%%36%31", path: "/%61", ambiguous: false, loose: "/a" },
  { target: "/%252525c3", path: "/%252525c3", ambiguous: false, loose: "/%C3" },
  { target: "/100%25/%2520", path: "/100%25/%2520", ambiguous: false, loose: "/100%25/%20" },
  { target: "/%252e%252e/a", path: "/%252e%252e/a", ambiguous: true, loose: "/a" },
  {
    target: "/%2561/%25252e%25252e/b",
    path: "/%2561/%25252e%25252e/b",
    ambiguous: true,
    loose: "/b",
  },
  { target: "/%2525%2536%2531", path: "/%2525%2536%2531", ambiguous: false, loose: "/a" },
  { target: "/%25%2536%2531", path: "/%25%2536%2531", ambiguous: false, loose: "/a" },
  { target: "/%%%36%31", path: "/%%61", ambiguous: false, loose: "/%a" },
  { target: "/a%2500", path: "/a%2500", ambiguous: true, loose: "/a" },
  { target: "/a%25%30%30", path: "/a%2500", ambiguous: true, loose: "/a" },
  { target: "/%2561%252500.css", path: "/%2561%252500.css", ambiguous: true, loose: "/a" },
  { target: "/a%252fb%253bx", path: "/a%252fb%253bx", ambiguous: false, loose: "/a/b" },
  { target: "/a%00", path: "/a%00", ambiguous: true, loose: "/a" },
  { target: "/a/./b", path: "/a/b", ambiguous: true },
  { target: "/a/../b", path: "/b", ambiguous: true },
  { target: "/a/%2e%2E/b", path: "/b", ambiguous: true },
  { target: "/a/.%2e/b", path: "/b", ambiguous: true },
  { target: "/../../a", path: "/a", ambiguous: true },
  { target: "/a/..", path: "/", ambiguous: true },
  { target: "/..", path: "/", ambiguous: true },
  { target: "/a/b/.", path: "/a/b/", ambiguous: true },
  { target: "/a/..;x/b", path: "/b", ambiguous: true },
  { target: "/a%2fb", path: "/a%2Fb", ambiguous: true, loose: "/a/b" },
  { target: "/x/..%2Fb", path: "/x/..%2Fb", ambiguous: true, loose: "/b" },
  { target: "/a%5Cb", path: "/a%5Cb", ambiguous: true, loose: "/a/b" },
  { target: "/a\\b", path: "/a\\b", ambiguous: true, loose: "/a/b" },
  { target: "*", path: "/", ambiguous: false },
])("$target matches as $path", ({ target, path, ambiguous, loose = path }) => {
  expect(matchingPath(target)).toEqual({ path, ambiguous, loose });
});

/** An escape of `text` whose digits are escaped as many times again. */
const escaped = (text: string, times: number): string =>
  times === 0
    ? text
    : escaped(text, times - 1).replace(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`);

test("a path is decoded as often as it is escaped, or told not to be understood", () => {
  const read = [1, 2, 3, 4, 5, 6, 7].map((times) => matchingPath(`/${escaped("a", times)}`));
  for (const { ambiguous, loose } of read) expect(ambiguous || loose === "/a").toBe(true);
  expect(read.map(({ ambiguous }) => ambiguous)).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

test.each([
  { path: "/foo", prefix: "/foo", want: true },
  { path: "/foo/", prefix: "/foo", want: true },
  { path: "/foo/x", prefix: "/foo", want: true },
  { path: "/foobar", prefix: "/foo", want: false },
  { path: "/foo", prefix: "/foo/", want: true },
  { path: "/foo/x", prefix: "/foo/", want: true },
  { path: "/foobar", prefix: "/foo/", want: false },
  { path: "/fo", prefix: "/foo", want: false },
  { path: "/", prefix: "/", want: true },
  { path: "/anything", prefix: "/", want: true },
])("prefix $prefix covers $path: $want", ({ path, prefix, want }) => {
  expect(hasPathPrefix(path, prefix)).toBe(want);
});

test("a target falls into path and query", () => {
  expect(splitTarget("/a?b?c")).toEqual({ path: "/a", query: "?b?c" });
  expect(splitTarget("/a")).toEqual({ path: "/a", query: "" });
});
