import { createSecretKey, hkdfSync } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GuestTokens } from "../src/auth/guest-tokens.ts";
import { mintToken, orderProblems, type TokenOrder } from "../src/auth/mint-token.ts";
import { SharedSecrets } from "../src/auth/shared-secrets.ts";
import {
  ALICE,
  handmade,
  issued,
  NOW,
  NOW_MS,
  RULES,
  said,
  SECRET,
  verifier,
} from "./_tokens-kit.ts";

const HS256 = { alg: "HS256", typ: "JWT" };
const token = (claims: object) => handmade(HS256, claims);

const order = (given: Partial<TokenOrder> = {}): TokenOrder => ({
  secret: SECRET,
  algorithm: "HS256",
  userId: "zoë",
  roles: ["chat_admin"],
  name: "Zoë",
  lifeMs: 3_600_000,
  nowMs: NOW_MS,
  names: RULES.names,
  issuer: undefined,
  audience: undefined,
  ...given,
});

describe("a user's token", () => {
  test("says who someone is", async () => {
    const { tokens } = verifier({});
    expect(await tokens.verify(token({ ...ALICE, jti: "t1" }))).toEqual({
      userId: "alice",
      name: "Alice",
      roles: ["user"],
      isAdmin: false,
      expiresAtMs: NOW_MS + 3_605_000,
      tokenId: "t1",
      guest: false,
    });
  });

  test("by another library counts", async () => {
    const { tokens } = verifier({});
    const made = await issued(ALICE, { alg: "HS256", key: Buffer.from(SECRET) });
    expect(await tokens.verify(made)).toMatchObject({ userId: "alice" });
  });

  test.each([
    { roles: ["admin"], want: true },
    { roles: ["user", "chat_admin"], want: true },
    { roles: ["administrator", "Admin", "admin "], want: false },
    { roles: [], want: false },
    { roles: undefined, want: false },
  ])("with the roles $roles is an admin's: $want", async ({ roles, want }) => {
    const { tokens } = verifier({});
    expect(await tokens.verify(token({ ...ALICE, roles }))).toMatchObject({ isAdmin: want });
  });

  test.each([
    { name: "no name", given: { name: undefined }, want: "alice" },
    { name: "an empty name", given: { name: " " }, want: "alice" },
    { name: "a name that breaks lines", given: { name: "a\nb" }, want: "alice" },
    { name: "a number for a name", given: { name: 7 }, want: "alice" },
    { name: "a long name", given: { name: "🐇".repeat(300) }, want: "🐇".repeat(255) },
  ])("with $name has one that can be shown", async ({ given, want }) => {
    const { tokens } = verifier({});
    expect(await tokens.verify(token({ ...ALICE, ...given }))).toMatchObject({ name: want });
  });

  test("has its claims under the names that were set, in objects too", async () => {
    const names = { userId: "https://a.example/id", roles: "realm.roles", name: "nick" };
    const { tokens } = verifier({ rules: { names } });
    const claims = {
      "https://a.example/id": "bob",
      realm: { roles: ["admin"] },
      nick: "Bob",
      exp: NOW + 60,
    };
    const identity = { userId: "bob", name: "Bob", isAdmin: true };
    expect(await tokens.verify(token(claims))).toMatchObject(identity);
    expect(await said(() => tokens.verify(token({ ...claims, "https://a.example/id": {} })))).toBe(
      "INVALID_TOKEN",
    );
  });

  const invalid: { name: string; token: string; want?: string }[] = [
    { name: "nothing", token: "" },
    { name: "no token", token: "hello" },
    { name: "one with four parts", token: `${token(ALICE)}.x` },
    { name: "one whose header is no JSON", token: "aaaa.bbbb.cccc" },
    { name: "one whose claims are a list", token: handmade(HS256, [ALICE]) },
    { name: "one that is too long", token: token({ ...ALICE, more: "x".repeat(9000) }) },
    { name: "another secret's", token: handmade(HS256, ALICE, "another") },
    {
      name: "one of no algorithm",
      token: handmade({ alg: "none" }, ALICE).replace(/[^.]+$/, ""),
    },
    { name: "one that says none and is signed", token: handmade({ alg: "none" }, ALICE) },
    { name: "one that says HS512", token: handmade({ alg: "HS512" }, ALICE) },
    { name: "one that says RS256", token: handmade({ alg: "RS256" }, ALICE) },
    { name: "one with a key of its own", token: handmade({ ...HS256, jwk: {} }, ALICE, "own") },
    { name: "one with critical parts", token: handmade({ ...HS256, crit: ["b64"] }, ALICE) },
    { name: "one of another kind", token: handmade({ ...HS256, typ: "logout+jwt" }, ALICE) },
    {
      name: "one without exp, which would live for ever",
      token: token({ ...ALICE, exp: undefined }),
    },
    { name: "one with exp as text", token: token({ ...ALICE, exp: String(NOW + 60) }) },
    { name: "one with an exp beyond numbers", token: token({ ...ALICE, exp: null }) },
    { name: "one that lives too long", token: token({ ...ALICE, exp: NOW + 86_400 + 6 }) },
    {
      name: "one of tomorrow that lives too long",
      token: token({ ...ALICE, iat: NOW + 86_400, exp: NOW + 172_000 }),
    },
    { name: "one that is not good yet", token: token({ ...ALICE, nbf: NOW + 6 }) },
    { name: "one without a user id", token: token({ ...ALICE, user_id: undefined }) },
    { name: "an empty user id", token: token({ ...ALICE, user_id: "" }) },
    { name: "a number for a user id", token: token({ ...ALICE, user_id: 7 }) },
    { name: "a user id of 256 bytes", token: token({ ...ALICE, user_id: "é".repeat(128) }) },
    { name: "a user id that breaks lines", token: token({ ...ALICE, user_id: "a\r\nb" }) },
    { name: "half a character for a user id", token: token({ ...ALICE, user_id: "a\ud800" }) },
    { name: "a guest's id", token: token({ ...ALICE, user_id: "guest:0123456789abcdefghijkl" }) },
    { name: "roles that are text", token: token({ ...ALICE, roles: "admin" }) },
    { name: "roles that are numbers", token: token({ ...ALICE, roles: [1] }) },
    { name: "more roles than anyone has", token: token({ ...ALICE, roles: Array(101).fill("r") }) },
    { name: "an expired one", token: token({ ...ALICE, exp: NOW - 5 }), want: "EXPIRED_TOKEN" },
    {
      name: "an expired one of another secret",
      token: handmade(HS256, { ...ALICE, exp: NOW - 5 }, "other"),
    },
  ];
  test.each(invalid)("$name is refused", async ({ token, want = "INVALID_TOKEN" }) => {
    const { tokens } = verifier({});
    expect(await said(() => tokens.verify(token))).toBe(want);
  });

  test("is good while the clocks differ by less than the tolerance", async () => {
    const { tokens } = verifier({});
    const early = token({ ...ALICE, nbf: NOW + 5, iat: NOW + 5 });
    const late = token({ ...ALICE, exp: NOW - 4 });
    for (const one of [early, late])
      expect(await tokens.verify(one)).toMatchObject({ userId: "alice" });
  });

  test.each([
    { name: "the right ones", given: { iss: "i", aud: "a" }, want: undefined },
    { name: "one of several audiences", given: { iss: "i", aud: ["b", "a"] }, want: undefined },
    { name: "another issuer", given: { iss: "j", aud: "a" }, want: "INVALID_TOKEN" },
    { name: "no issuer", given: { aud: "a" }, want: "INVALID_TOKEN" },
    { name: "another audience", given: { iss: "i", aud: ["b"] }, want: "INVALID_TOKEN" },
    { name: "no audience", given: { iss: "i" }, want: "INVALID_TOKEN" },
  ])("of $name where they are demanded", async ({ given, want }) => {
    const { tokens } = verifier({ rules: { issuer: "i", audience: "a" } });
    const answer = await said(() => tokens.verify(token({ ...ALICE, ...given })));
    if (want === undefined) expect(answer).toMatchObject({ userId: "alice" });
    else expect(answer).toBe(want);
  });

  test.each(["HS384", "HS512"] as const)("by %s counts where that was set", async (alg) => {
    const secret = `${SECRET}${SECRET}x`;
    const made = await issued(ALICE, { alg, key: createSecretKey(secret, "utf8") });
    const trust = { keys: new SharedSecrets([secret], [alg]), rules: RULES };
    const { tokens } = verifier({ trust });
    expect(await tokens.verify(made)).toMatchObject({ userId: "alice" });
    const old = handmade(HS256, ALICE, secret);
    expect(await said(() => tokens.verify(old))).toBe("INVALID_TOKEN");
  });

  test("that was changed anywhere is refused", async () => {
    const { tokens } = verifier({});
    const good = token(ALICE);
    await tokens.verify(good);
    const last = good.length - 1;
    await fc.assert(
      fc.asyncProperty(fc.nat(last - 1), fc.constantFrom("A", "b", "_", "."), async (at, other) => {
        fc.pre(good[at] !== other);
        const changed = good.slice(0, at) + other + good.slice(at + 1);
        expect(await said(() => tokens.verify(changed))).toBe("INVALID_TOKEN");
      }),
    );
  });
});

describe("verified tokens", () => {
  test("are remembered, but not beyond their end", async () => {
    const { tokens, time } = verifier({});
    const one = token({ ...ALICE, exp: NOW + 10 });
    expect(await tokens.verify(one)).toBe(await tokens.verify(one));
    time.nowMs += 14_999;
    await tokens.verify(one);
    time.nowMs += 1;
    expect(await said(() => tokens.verify(one))).toBe("EXPIRED_TOKEN");
  });

  test("are forgotten when the secret changes, and either secret counts while both are set", async () => {
    const { tokens, secrets } = verifier({});
    const old = token(ALICE);
    const fresh = handmade(HS256, ALICE, "the new secret");
    await tokens.verify(old);
    secrets.replace(["the new secret", SECRET]);
    for (const one of [old, fresh]) await tokens.verify(one);
    secrets.replace(["the new secret"]);
    await tokens.verify(fresh);
    expect(await said(() => tokens.verify(old))).toBe("INVALID_TOKEN");
  });
});

describe("minting", () => {
  test("makes a token that the service takes", async () => {
    const { tokens } = verifier({ rules: { issuer: "i", audience: "a" } });
    const made = mintToken(order({ issuer: "i", audience: "a" }));
    const identity = { userId: "zoë", name: "Zoë", isAdmin: true, tokenId: expect.any(String) };
    expect(await tokens.verify(made)).toMatchObject(identity);
  });

  test("uses the claim names that were set", async () => {
    const names = { userId: "sub", roles: "realm.roles", name: "nick" };
    const { tokens } = verifier({ rules: { names } });
    const made = mintToken(order({ names }));
    expect(await tokens.verify(made)).toMatchObject({ userId: "zoë", isAdmin: true });
  });

  test.each([
    { name: "no user", given: { userId: "" } },
    { name: "a guest", given: { userId: "guest:me" } },
    { name: "an empty role", given: { roles: [""] } },
    { name: "a name with a line break", given: { name: "a\n" } },
    { name: "no life", given: { lifeMs: 0 } },
  ])("refuses $name with one problem", ({ given }) => {
    expect(orderProblems(order(given))).toHaveLength(1);
    expect(() => mintToken(order(given))).toThrow(TypeError);
  });
});

describe("guests", () => {
  const LIFE_MS = 30 * 86_400_000;
  const guests = new GuestTokens({ secrets: [SECRET], lifeMs: LIFE_MS });

  test("have an id of their own and no role", async () => {
    const { tokens } = verifier({ guests });
    const [one, two] = [guests.mint(NOW_MS), guests.mint(NOW_MS)];
    expect(one.userId).toMatch(/^guest:[\w-]{22}$/);
    expect(one.userId).not.toBe(two.userId);
    expect(await tokens.verify(one.token)).toEqual({
      userId: one.userId,
      name: "Guest",
      roles: [],
      isAdmin: false,
      expiresAtMs: one.expiresAtMs + 60_000,
      tokenId: expect.any(String),
      guest: true,
    });
  });

  test("keep their id when their token is renewed", async () => {
    const { tokens } = verifier({ guests });
    const first = guests.mint(NOW_MS);
    const again = guests.mint(NOW_MS + LIFE_MS / 2, await tokens.verify(first.token));
    expect(again.userId).toBe(first.userId);
    expect(again.expiresAtMs).toBe(first.expiresAtMs + LIFE_MS / 2);
  });

  test("come to an end", async () => {
    const { tokens, time } = verifier({ guests });
    const { token } = guests.mint(NOW_MS);
    time.nowMs += LIFE_MS + 60_000;
    expect(await said(() => tokens.verify(token))).toBe("EXPIRED_TOKEN");
  });

  test("are let in where there are guests, and nowhere else", async () => {
    const { tokens } = verifier({});
    expect(await said(() => tokens.verify(guests.mint(NOW_MS).token))).toBe("INVALID_TOKEN");
  });

  const TYPE = { alg: "HS256", typ: "warren-guest+jwt" };
  const claims = { sub: "guest:0123456789abcdefghijkl", iat: NOW, exp: NOW + 60 };
  test.each([
    { name: "a guest's token signed by the users' secret", token: handmade(TYPE, claims) },
    {
      name: "one of another secret",
      token: new GuestTokens({ secrets: ["x"], lifeMs: LIFE_MS }).mint(NOW_MS).token,
    },
    {
      name: "a user's token that says it is a guest's",
      token: handmade(TYPE, { ...ALICE, sub: "alice" }),
    },
    {
      name: "a guest's token without its kind",
      token: `${handmade(HS256, claims).split(".")[0]}.${guests.mint(NOW_MS).token.split(".").slice(1).join(".")}`,
    },
  ])("$name is refused", async ({ token }) => {
    const { tokens } = verifier({ guests });
    expect(await said(() => tokens.verify(token))).toBe("INVALID_TOKEN");
  });

  test("have no other id, even if their key signed one", async () => {
    const { tokens } = verifier({ guests });
    const key = Buffer.from(hkdfSync("sha256", SECRET, "", "warren chat guest tokens 1", 32));
    expect(await tokens.verify(handmade(TYPE, claims, key))).toMatchObject({ guest: true });
    const other = handmade(TYPE, { ...claims, sub: "alice" }, key);
    expect(await said(() => tokens.verify(other))).toBe("INVALID_TOKEN");
  });

  test("are merged into the user who holds their token", async () => {
    const { tokens } = verifier({ guests });
    const { token, userId } = guests.mint(NOW_MS);
    const user = await tokens.verify(handmade(HS256, ALICE));
    expect(guests.mergeable(token, user, NOW_MS)).toBe(userId);
  });

  test("are not merged by a guest, nor with a token that is not theirs or no longer good", async () => {
    const { tokens } = verifier({ guests });
    const { token } = guests.mint(NOW_MS);
    const guest = await tokens.verify(guests.mint(NOW_MS).token);
    const user = await tokens.verify(handmade(HS256, ALICE));
    const late = NOW_MS + LIFE_MS + 60_000;
    expect(await said(() => guests.mergeable(token, guest, NOW_MS))).toBe("FORBIDDEN");
    expect(await said(() => guests.mergeable(handmade(HS256, ALICE), user, NOW_MS))).toBe(
      "INVALID_TOKEN",
    );
    expect(await said(() => guests.mergeable(token, user, late))).toBe("EXPIRED_TOKEN");
  });
});
