import { expect, test } from "vitest";
import { prefixOfExpression, readExpression } from "./path-expression.ts";

test.each([
  { text: "/app", front: "/app", rest: "all", prefix: "/app" },
  { text: "/app(/|$)(.*)", front: "/app", rest: "elements", prefix: "/app" },
  { text: "/(.*)", front: "/", rest: "all", prefix: "/" },
  { text: "/app/?(.*)", front: "/app", rest: "all", prefix: "/app" },
  { text: "/v1/x.*", front: "/v1/x", rest: "all", prefix: "/v1/" },
  { text: "/v1.0/(.*)", front: "/v1.0/", rest: "all", prefix: "/v1.0/" },
  { text: "/ab*", front: "/a", rest: "unknown", prefix: "/" },
  { text: "/app$", front: "/app", rest: "unknown", prefix: "/app" },
  { text: "/app(.*)$", front: "/app", rest: "unknown", prefix: "/" },
  { text: "/a|/b", front: "", rest: "unknown", prefix: "/" },
  { text: "/(a|b)/c", front: "/", rest: "unknown", prefix: "/" },
])("$text begins with $front, and matches $rest of that", ({ text, front, rest, prefix }) => {
  expect(readExpression(text)).toEqual({ front, rest });
  expect(prefixOfExpression(text)).toBe(prefix);
});
