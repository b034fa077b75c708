import { expect, test } from "vitest";
import { PathRule } from "./path-rule.ts";

// The first ten are the table of Gateway API's HTTPPathModifier.replacePrefixMatch.
test.each([
  { target: "/foo/bar", route: "/foo", value: "/xyz", want: "/xyz/bar" },
  { target: "/foo/bar", route: "/foo", value: "/xyz/", want: "/xyz/bar" },
  { target: "/foo/bar", route: "/foo/", value: "/xyz", want: "/xyz/bar" },
  { target: "/foo/bar", route: "/foo/", value: "/xyz/", want: "/xyz/bar" },
  { target: "/foo", route: "/foo", value: "/xyz", want: "/xyz" },
  { target: "/foo/", route: "/foo", value: "/xyz", want: "/xyz/" },
  { target: "/foo/bar", route: "/foo", value: "", want: "/bar" },
  { target: "/foo/", route: "/foo", value: "", want: "/" },
  { target: "/foo", route: "/foo", value: "", want: "/" },
  { target: "/foo/", route: "/foo", value: "/", want: "/" },
  { target: "/foo", route: "/foo", value: "/", want: "/" },
  { target: "/bar", route: "/", value: "/xyz", want: "/xyz/bar" },
  { target: "/", route: "/", value: "/xyz", want: "/xyz/" },
  { target: "*", route: "/", value: "/xyz", want: "/xyz/" },
  { target: "/foo?a=%2F&b", route: "/foo", value: "/xyz", want: "/xyz?a=%2F&b" },
  { target: "/foo/?x=/foo", route: "/foo", value: "", want: "/?x=/foo" },
  { target: "/foo//bar", route: "/foo", value: "/xyz", want: "/xyz//bar" },
  { target: "/f%6Fo/b%C3%A4r", route: "/foo", value: "/xyz", want: "/xyz/b%C3%A4r" },
  { target: "/%7Eme/x", route: "/~me", value: "/you", want: "/you/x" },
  { target: "/a/b/c", route: "/a/b", value: "/z", want: "/z/c" },
  { target: "/foo/a%2Fb", route: "/foo", value: "/xyz", want: "/xyz/a%2Fb" },
  { target: "/a/../foo/bar", route: "/foo", value: "/xyz", want: "/xyz/bar" },
  { target: "/foo/x/../bar", route: "/foo", value: "/xyz", want: "/xyz/x/../bar" },
  { target: "/x/../foo", route: "/foo", value: "", want: "/" },
])("$target below $route becomes $want with $value", ({ target, route, value, want }) => {
  expect(new PathRule({ type: "prefix", value }, route).apply(target)).toBe(want);
});

test.each([
  { target: "/foo/bar", want: "/xyz" },
  { target: "/foo/bar?q=1", want: "/xyz?q=1" },
  { target: "*", want: "/xyz" },
])("the whole of $target becomes $want", ({ target, want }) => {
  expect(new PathRule({ type: "full", value: "/xyz" }, "/foo").apply(target)).toBe(want);
});
