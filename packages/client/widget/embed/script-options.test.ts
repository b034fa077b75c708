import { expect, test } from "vitest";
import { scriptOptions } from "./script-options.ts";

const src = "https://chat.example/chat/widget.js";
const none = () => Promise.reject(new Error("nothing is fetched"));

test.each([
  { name: "where the script came from", data: {}, want: { url: "https://chat.example/chat/" } },
  {
    name: "the default prefix, for one at the root",
    data: {},
    from: "https://chat.example/widget.js",
    want: { url: "https://chat.example/chat" },
  },
  { name: "where the page says", data: { url: "/talk" }, want: { url: "/talk" } },
  {
    name: "how it looks",
    data: { theme: "dark", accent: "red", position: "left", title: "Ask", open: "" },
    want: { theme: "dark", accent: "red", position: "left", title: "Ask", open: true },
  },
  { name: "only what it knows", data: { theme: "pink", position: "top" }, want: {} },
])("the script line says $name", ({ data, from = src, want }) => {
  const options = scriptOptions(data, from, none);
  expect(options).toMatchObject(want);
  expect(Object.keys(options).sort()).toEqual([...new Set(["url", ...Object.keys(want)])].sort());
});

test("tokens come from the page's own server, each time anew", async () => {
  const asked: unknown[] = [];
  const fetch = async (...given: unknown[]) => {
    asked.push(...given);
    return Response.json({ token: "t" });
  };
  const { token } = scriptOptions({ tokenUrl: "/token" }, src, fetch);
  expect(token).toBeTypeOf("function");
  expect(await (token as () => Promise<string>)()).toBe("t");
  expect(asked).toEqual([
    // As the page means it: the script may come from elsewhere.
    "/token",
    { credentials: "include", cache: "no-store" },
  ]);
});

test.each([
  { name: "an error", answer: () => new Response("", { status: 403 }) },
  { name: "no token", answer: () => Response.json({}) },
])("tokens that come with $name are none", async ({ answer }) => {
  const { token } = scriptOptions({ tokenUrl: "/token" }, src, async () => answer());
  await expect((token as () => Promise<string>)()).rejects.toThrow("/token");
});
