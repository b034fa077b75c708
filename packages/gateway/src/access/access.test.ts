import { describe, expect, test } from "vitest";
import * as v from "valibot";
import { virtualClock } from "@warren/host/testing";
import { Policy, WireError } from "@warren/wire";
import { Access } from "./access.ts";
import { BASIC_AUTH, BasicAuth, type Visitor } from "./basic-auth.ts";
import { hashBasicAuth, readPasswordLine } from "./password-hash.ts";

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const policy = (some: v.InferInput<typeof Policy>): Policy => v.parse(Policy, some);
const clock = virtualClock();
const SETTINGS = { ...BASIC_AUTH, now: () => clock.now() };
/** Somebody who says `authorization`, at the first route of a cluster unless said otherwise. */
const visitor = (
  authorization: string | undefined,
  address = "192.0.2.1",
  { group = "g1", key = "r1" } = {},
): Visitor => {
  const entry = { group, clusterUuid: `cluster of ${group}`, key };
  return { address, authorization, entry, countTry: () => 0 };
};
/** Cheap, so that tests run fast; the format is the same. */
const quickLine = "ada:scrypt$2$1$1$c2FsdHNhbHQ$qnYt8HCqZQoGJYqXKiH1c2nnkGy4b0wzSqyKNe1X5JE";

describe("password lines", () => {
  test("what was hashed opens, with any characters", async () => {
    const line = await hashBasicAuth("zoë", "påss:wörd");
    expect(line).toMatch(/^zoë:scrypt\$16384\$8\$5\$/);
    const access = new Access(SETTINGS);
    const guarded = policy({ basic_auth: [line] });
    expect(
      await access.check(guarded, visitor(basic("zoë", "påss:wörd"), "192.0.2.1")),
    ).toBeUndefined();
    expect(await access.check(guarded, visitor(basic("zoë", "påss"), "192.0.2.1"))).toMatchObject({
      code: "unauthorized",
    });
  });

  test.each(["a:b", "", "a\nb"])("%j is no user name", async (user) => {
    await expect(hashBasicAuth(user, "x")).rejects.toThrow("user name");
  });

  test.each([
    { name: "a plain password", line: "ada:secret" },
    { name: "an N that is no power of two", line: quickLine.replace("$2$", "$3$") },
    {
      name: "more memory than a check may take",
      line: quickLine.replace("$2$1$1$", "$1048576$8$1$"),
    },
    { name: "more time than a check may take", line: quickLine.replace("$2$1$1$", "$65536$8$64$") },
    { name: "no rounds", line: quickLine.replace("$2$1$1$", "$2$0$0$") },
    { name: "a short hash", line: "ada:scrypt$2$1$1$c2FsdHNhbHQ$AAAA" },
  ])("$name is not a line, and the route stays closed", async ({ line }) => {
    expect(readPasswordLine(line)).toBeUndefined();
    const access = new Access(SETTINGS);
    const guarded = policy({ basic_auth: [line] });
    expect(await access.check(guarded, visitor(basic("ada", "secret"), "192.0.2.1"))).toMatchObject(
      {
        code: "unauthorized",
      },
    );
  });
});

describe("access to a route", () => {
  test("a route without rules lets everybody in, at once", () => {
    expect(new Access(SETTINGS).check(policy({}), visitor(undefined))).toBeUndefined();
  });

  test("an address outside the list is refused before any password is looked at", () => {
    const guarded = policy({ allow: ["10.0.0.0/8"], basic_auth: [quickLine] });
    const access = new Access(SETTINGS);
    expect(access.check(guarded, visitor(undefined, "192.0.2.1"))).toMatchObject({
      code: "forbidden",
    });
    expect(access.check(guarded, visitor(undefined, "10.1.1.1"))).toMatchObject({
      code: "unauthorized",
    });
  });

  test("a right password is remembered: the second answer comes at once", async () => {
    const line = await hashBasicAuth("ada", "lovelace");
    const basicAuth = new BasicAuth(SETTINGS);
    const first = basicAuth.check([line], visitor(basic("ada", "lovelace")));
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(basicAuth.check([line], visitor(basic("ada", "lovelace")))).toBeUndefined();
    // The same words at a route with another list are another question.
    expect(basicAuth.check([quickLine], visitor(basic("ada", "lovelace")))).toBeInstanceOf(Promise);
  });

  test.each([
    "Bearer abc",
    "Basic",
    "Basic !!!",
    basic("nocolon", "").replace(/.{4}$/, ""),
    "Basic bm9jb2xvbg==",
    `Basic ${"a".repeat(5000)}`,
  ])("%j is refused without a check", (authorization) => {
    const answer = new BasicAuth(SETTINGS).check([quickLine], visitor(authorization));
    expect(answer).toBeInstanceOf(WireError);
  });

  test("an unknown user is refused like a wrong password, also with a right one", async () => {
    const basicAuth = new BasicAuth(SETTINGS);
    const line = await hashBasicAuth("ada", "lovelace");
    const unknown = await basicAuth.check([line], visitor(basic("bob", "lovelace")));
    const wrong = await basicAuth.check([line], visitor(basic("ada", "x")));
    expect(unknown).toMatchObject({ code: "unauthorized" });
    expect(unknown?.message).toBe(wrong?.message);
  });

  test("guesses wait in a short line; who is remembered does not", async () => {
    const line = await hashBasicAuth("ada", "lovelace");
    const basicAuth = new BasicAuth({ ...SETTINGS, atOnce: 1, waiting: 1 });
    await basicAuth.check([line], visitor(basic("ada", "lovelace")));
    const running = basicAuth.check([line], visitor(basic("ada", "guess 1")));
    const queued = basicAuth.check([line], visitor(basic("ada", "guess 2")));
    const same = basicAuth.check([line], visitor(basic("ada", "guess 2")));
    expect(same).toBe(queued);
    expect(await basicAuth.check([line], visitor(basic("ada", "guess 3")))).toMatchObject({
      code: "overloaded",
      retryAfterMs: 1000,
    });
    expect(basicAuth.check([line], visitor(basic("ada", "lovelace")))).toBeUndefined();
    expect(await running).toMatchObject({ code: "unauthorized" });
    expect(await queued).toMatchObject({ code: "unauthorized" });
  });
});

const guess = (n: number) => basic("ada", `guess ${n}`);

describe("guesses", () => {
  test("of one address are limited before a password is computed, at one cluster", async () => {
    const basicAuth = new BasicAuth({
      ...SETTINGS,
      waiting: 100,
      tries: { per_second: 1, burst: 3 },
    });
    const tries = [0, 1, 2].map(async (n) => basicAuth.check([quickLine], visitor(guess(n))));
    expect(basicAuth.check([quickLine], visitor(guess(3)))).toMatchObject({
      code: "rate_limited",
      retryAfterMs: 1000,
    });
    const elsewhere = visitor(guess(4), "192.0.2.1", { group: "g2" });
    const others = [visitor(guess(5), "192.0.2.2"), elsewhere];
    for (const one of others) expect(basicAuth.check([quickLine], one)).toBeInstanceOf(Promise);
    await Promise.all(tries);
    clock.advance(1_000);
    expect(basicAuth.check([quickLine], visitor(guess(6)))).toBeInstanceOf(Promise);
  });

  test("over the route's own limit per client are not computed", () => {
    const limited = { ...visitor(guess(1)), countTry: () => 700 };
    expect(new BasicAuth(SETTINGS).check([quickLine], limited)).toMatchObject({
      code: "rate_limited",
      retryAfterMs: 700,
    });
  });

  test.each([
    { name: "from one address", from: () => "192.0.2.66", key: (_n: number) => "r1" },
    { name: "from many addresses", from: (n: number) => `198.51.100.${n}`, key: () => "r1" },
    { name: "at many of its routes", from: () => "192.0.2.66", key: (n: number) => `r${n}` },
  ])("$name at one tenant's routes do not lock out another's users", async ({ from, key }) => {
    const line = await hashBasicAuth("ada", "lovelace");
    const tries = { per_second: 1, burst: 1_000 };
    const basicAuth = new BasicAuth({ ...SETTINGS, atOnce: 1, waiting: 8, tries });
    const ended: string[] = [];
    const attack = Array.from({ length: 100 }, async (_, n) => {
      const who = visitor(guess(n), from(n), { group: "attacked", key: key(n) });
      const verdict = await basicAuth.check([quickLine], who);
      ended.push(verdict!.code);
    });
    const honest = visitor(basic("ada", "lovelace"), "192.0.2.9", { group: "other" });
    expect(await basicAuth.check([line], honest)).toBeUndefined();
    // It had its turn after at most one of theirs that was under way and one in line.
    expect(ended.filter((code) => code === "unauthorized").length).toBeLessThanOrEqual(2);
    await Promise.all(attack);
    expect(ended.filter((code) => code === "overloaded").length).toBeGreaterThan(80);
  });

  test("at one route do not lock out users of another route of the same tenant", async () => {
    const line = await hashBasicAuth("ada", "lovelace");
    const basicAuth = new BasicAuth({ ...SETTINGS, atOnce: 1, waiting: 8 });
    const attack = Array.from({ length: 50 }, async (_, n) =>
      basicAuth.check([quickLine], visitor(guess(n), `198.51.100.${n}`, { key: "attacked" })),
    );
    const honest = visitor(basic("ada", "lovelace"), "192.0.2.9", { key: "other" });
    expect(await basicAuth.check([line], honest)).toBeUndefined();
    await Promise.all(attack);
  });
});
