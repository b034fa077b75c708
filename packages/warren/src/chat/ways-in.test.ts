import { randomBytes } from "node:crypto";
import { chatOptions } from "@warren/chat";
import { loadConfig } from "@warren/host";
import { expect, test } from "vitest";
import { wayLines, waysIn } from "./ways-in.ts";

const jwtSecret = randomBytes(48).toString("base64");

function ways(argv: readonly string[], secret = jwtSecret) {
  const loaded = loadConfig(chatOptions, { argv: [...argv], env: {}, file: undefined, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  return waysIn({ config: loaded.config, jwtSecret: secret, nowMs: Date.now() });
}

function claimsOf(path: string): Record<string, unknown> {
  const [, payload = ""] = path.split("#token=")[1]!.split(".");
  return JSON.parse(String(Buffer.from(payload, "base64url"))) as Record<string, unknown>;
}

test("who tries it out comes in as a user and as an admin, by a token that no server is told", () => {
  const [talk, answer] = ways(["--dev"]);
  expect(talk!.path).toMatch(/^\/chat\/chat\.html#token=/);
  expect(claimsOf(talk!.path)).toMatchObject({ user_id: "you", roles: [] });
  expect(answer!.path).toMatch(/^\/chat\/admin\.html#token=/);
  expect(claimsOf(answer!.path)).toMatchObject({ user_id: "ann", roles: ["admin"] });
});

test("tokens are as the chat wants them", () => {
  const [talk] = ways(["--dev", "--user-claim", "sub", "--jwt-issuer", "me", "--token-life", "1h"]);
  const { sub, iss, iat, exp } = claimsOf(talk!.path);
  expect({ sub, iss, life: Number(exp) - Number(iat) }).toEqual({
    sub: "you",
    iss: "me",
    life: 3600,
  });
});

test.each([
  { name: "it is served for real", argv: [], secret: jwtSecret },
  { name: "tokens are signed elsewhere", argv: ["--dev"], secret: "" },
  { name: "there are no pages", argv: ["--dev", "--no-pages"], secret: jwtSecret },
])("there are none where $name", ({ argv, secret }) => {
  expect(wayLines(ways(argv, secret), "http://x", (_style, text) => text)).toEqual([]);
});
