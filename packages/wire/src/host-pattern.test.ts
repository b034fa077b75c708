import { describe, expect, test } from "vitest";
import { covers, patternsOver } from "./host-pattern.ts";

describe("which hosts a token's patterns cover", () => {
  test.each([
    { allowed: "app.example.com", host: "app.example.com", want: true },
    { allowed: "app.example.com", host: "example.com", want: false },
    { allowed: "app.example.com", host: "b.app.example.com", want: false },
    { allowed: "app.example.com", host: "*.example.com", want: false },
    { allowed: "*.example.com", host: "a.example.com", want: true },
    { allowed: "*.example.com", host: "*.example.com", want: true },
    { allowed: "*.example.com", host: "**.example.com", want: false },
    { allowed: "*.example.com", host: "a.b.example.com", want: false },
    { allowed: "*.example.com", host: "*.b.example.com", want: false },
    { allowed: "*.example.com", host: "**.b.example.com", want: false },
    { allowed: "*.example.com", host: "example.com", want: false },
    { allowed: "*.example.com", host: ".example.com", want: false },
    { allowed: "*.example.com", host: "evilexample.com", want: false },
    { allowed: "*.example.com", host: "a.example.com.evil.org", want: false },
    { allowed: "**.example.com", host: "a.example.com", want: true },
    { allowed: "**.example.com", host: "a.b.c.example.com", want: true },
    { allowed: "**.example.com", host: "*.example.com", want: true },
    { allowed: "**.example.com", host: "**.example.com", want: true },
    { allowed: "**.example.com", host: "**.b.example.com", want: true },
    { allowed: "**.example.com", host: "example.com", want: false },
    { allowed: "**.example.com", host: ".example.com", want: false },
    { allowed: "**.example.com", host: "**.com", want: false },
    { allowed: "*", host: "anything.at.all", want: true },
    { allowed: "*", host: "localhost", want: true },
    { allowed: "*", host: "**.example.com", want: true },
    { allowed: "*", host: "", want: false },
  ])("$allowed covers $host: $want", ({ allowed, host, want }) => {
    expect(covers([allowed], host)).toBe(want);
  });

  test("one pattern of several is enough, none covers nothing", () => {
    expect(covers(["a.org", "*.b.org"], "x.b.org")).toBe(true);
    expect(covers([], "x.b.org")).toBe(false);
  });

  test.each([
    { host: "a.b.org", over: ["a.b.org", "*.b.org", "**.b.org", "**.org", "*"] },
    { host: "*.b.org", over: ["*.b.org", "*.b.org", "**.b.org", "**.org", "*"] },
    { host: "**.b.org", over: ["**.b.org", "**.b.org", "**.org", "*"] },
    { host: "localhost", over: ["localhost", "*"] },
  ])("over $host are just the patterns that cover it", ({ host, over }) => {
    expect(patternsOver(host)).toEqual(over);
    expect(over.every((pattern) => covers([pattern], host))).toBe(true);
  });
});
