import { describe, expect, test } from "vitest";
import type { Identity } from "./identity.ts";
import { authorIn, partIn, requireAdmin } from "./session-part.ts";

const who = (userId: string, isAdmin = false): Identity => ({
  userId,
  name: userId,
  roles: isAdmin ? ["admin"] : [],
  isAdmin,
  expiresAtMs: 0,
  tokenId: undefined,
  guest: userId.startsWith("guest:"),
});

describe("a session of alice", () => {
  test.each([
    { name: "is alice's", identity: who("alice"), part: "owner", author: "user:alice" },
    { name: "is seen by an admin", identity: who("bob", true), part: "admin", author: "admin:bob" },
    {
      name: "is alice's own also when she is an admin",
      identity: who("alice", true),
      part: "owner",
      author: "user:alice",
    },
    { name: "is nobody else's", identity: who("mallory"), part: undefined, author: undefined },
    {
      name: "is not who is called nearly so",
      identity: who("Alice"),
      part: undefined,
      author: undefined,
    },
    { name: "is no guest's", identity: who("guest:x"), part: undefined, author: undefined },
    {
      name: "cannot be written by a user who is called like an admin",
      identity: who("admin:bob"),
      part: undefined,
      author: undefined,
    },
  ])("$name", ({ identity, part, author }) => {
    expect(partIn(identity, "alice")).toBe(part);
    expect(authorIn(identity, "alice")).toBe(author);
  });
});

test("what needs an admin is forbidden to others", () => {
  expect(() => requireAdmin(who("alice"))).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
  expect(() => requireAdmin(who("bob", true))).not.toThrow();
});
