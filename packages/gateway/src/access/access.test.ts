import { describe, expect, test } from "vitest";
import * as v from "valibot";
import { Policy, WireError } from "@warren/wire";
import { Access } from "./access.ts";
import { BASIC_AUTH, BasicAuth } from "./basic-auth.ts";
import { CidrList, cidrProblem } from "./cidr-list.ts";
import { hashBasicAuth, readPasswordLine } from "./password-hash.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const policy = (some: v.InferInput<typeof Policy>): Policy => v.parse(Policy, some);
/** Cheap, so that tests run fast; the format is the same. */
const quickLine = "ada:scrypt$2$1$1$c2FsdHNhbHQ$qnYt8HCqZQoGJYqXKiH1c2nnkGy4b0wzSqyKNe1X5JE";

describe("CIDR lists", () => {
  test.each([
    { list: ["10.0.0.0/8"], address: "10.255.0.1", want: true },
    { list: ["10.0.0.0/8"], address: "11.0.0.1", want: false },
    { list: ["10.0.0.0/8"], address: "::ffff:10.0.0.1", want: true },
    { list: ["10.0.0.0/8"], address: "::ffff:a00:1", want: true },
    { list: ["::ffff:10.0.0.0/104"], address: "10.9.9.9", want: true },
    { list: ["192.0.2.1"], address: "192.0.2.1", want: true },
    { list: ["192.0.2.1"], address: "192.0.2.2", want: false },
    { list: ["0.0.0.0/0"], address: "203.0.113.9", want: true },
    { list: ["0.0.0.0/0"], address: "2001:db8::1", want: false },
    { list: ["2001:db8::/32"], address: "2001:DB8:1::1", want: true },
    { list: ["2001:db8::/32", "192.0.2.0/24"], address: "192.0.2.200", want: true },
    { list: ["nonsense", "10.0.0.0/33"], address: "10.0.0.1", want: false },
    { list: [], address: "10.0.0.1", want: false },
    { list: ["0.0.0.0/0"], address: "not an address", want: false },
  ])("$list holds $address: $want", ({ list, address, want }) => {
    expect(new CidrList(list).has(address)).toBe(want);
  });

  test.each([
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "2001:db8::/129",
    "::ffff:1.2.3.4/95",
    "host",
    "",
    "10.0.0.0/-1",
    "fe80::1%eth0/64",
  ])("%j is not a CIDR", (text) => {
    expect(cidrProblem(text)).toContain("neither an address nor a CIDR");
  });
  test.each(["10.0.0.0/8", "::/0", "192.0.2.1", "::1"])("%j is one", (text) => {
    expect(cidrProblem(text)).toBeUndefined();
  });
});

describe("trusted proxies", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8", "2001:db8::/32"]);
  test.each([
    {
      name: "an untrusted peer's word counts for nothing",
      peer: "203.0.113.1",
      said: "1.2.3.4",
      want: "203.0.113.1",
    },
    { name: "a trusted peer's counts", peer: "10.0.0.1", said: "203.0.113.7", want: "203.0.113.7" },
    {
      name: "the rightmost untrusted is the client, not what it made up",
      peer: "10.0.0.1",
      said: "1.1.1.1, 203.0.113.7, 10.0.0.2",
      want: "203.0.113.7",
    },
    {
      name: "if all are trusted, the farthest",
      peer: "10.0.0.1",
      said: "10.0.0.3, 10.0.0.2",
      want: "10.0.0.3",
    },
    {
      name: "nonsense ends the chain",
      peer: "10.0.0.1",
      said: "1.1.1.1, unknown, 10.0.0.2",
      want: "10.0.0.2",
    },
    { name: "no field, no other client", peer: "10.0.0.1", said: undefined, want: "10.0.0.1" },
    { name: "an empty field says nothing", peer: "10.0.0.1", said: "", want: "10.0.0.1" },
    { name: "ports are cut off", peer: "10.0.0.1", said: "203.0.113.7:4711", want: "203.0.113.7" },
    { name: "also from IPv6", peer: "2001:db8::1", said: "[2a00::7]:4711", want: "2a00::7" },
    {
      name: "mapped addresses are IPv4",
      peer: "::ffff:10.0.0.1",
      said: "::ffff:203.0.113.7",
      want: "203.0.113.7",
    },
  ])("$name", ({ peer, said, want }) => {
    expect(proxies.client(peer, said)).toBe(want);
  });

  test("none are trusted by default", () => {
    expect(new TrustedProxies([]).trusts("127.0.0.1")).toBe(false);
  });
});

describe("password lines", () => {
  test("what was hashed opens, with any characters", async () => {
    const line = await hashBasicAuth("zoë", "påss:wörd");
    expect(line).toMatch(/^zoë:scrypt\$16384\$8\$5\$/);
    const access = new Access(BASIC_AUTH);
    const guarded = policy({ basic_auth: [line] });
    expect(await access.check(guarded, "192.0.2.1", basic("zoë", "påss:wörd"))).toBeUndefined();
    expect(await access.check(guarded, "192.0.2.1", basic("zoë", "påss"))).toMatchObject({
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
    const access = new Access(BASIC_AUTH);
    const guarded = policy({ basic_auth: [line] });
    expect(await access.check(guarded, "192.0.2.1", basic("ada", "secret"))).toMatchObject({
      code: "unauthorized",
    });
  });
});

describe("access to a route", () => {
  test("a route without rules lets everybody in, at once", () => {
    expect(new Access(BASIC_AUTH).check(policy({}), "192.0.2.1", undefined)).toBeUndefined();
  });

  test("an address outside the list is refused before any password is looked at", () => {
    const guarded = policy({ allow: ["10.0.0.0/8"], basic_auth: [quickLine] });
    const access = new Access(BASIC_AUTH);
    expect(access.check(guarded, "192.0.2.1", undefined)).toMatchObject({ code: "forbidden" });
    expect(access.check(guarded, "10.1.1.1", undefined)).toMatchObject({ code: "unauthorized" });
  });

  test("a right password is remembered: the second answer comes at once", async () => {
    const line = await hashBasicAuth("ada", "lovelace");
    const basicAuth = new BasicAuth(BASIC_AUTH);
    const first = basicAuth.check([line], basic("ada", "lovelace"));
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(basicAuth.check([line], basic("ada", "lovelace"))).toBeUndefined();
    // The same words at a route with another list are another question.
    expect(basicAuth.check([quickLine], basic("ada", "lovelace"))).toBeInstanceOf(Promise);
  });

  test.each([
    "Bearer abc",
    "Basic",
    "Basic !!!",
    basic("nocolon", "").replace(/.{4}$/, ""),
    "Basic bm9jb2xvbg==",
    `Basic ${"a".repeat(5000)}`,
  ])("%j is refused without a check", (authorization) => {
    const answer = new BasicAuth(BASIC_AUTH).check([quickLine], authorization);
    expect(answer).toBeInstanceOf(WireError);
  });

  test("an unknown user is refused like a wrong password, also with a right one", async () => {
    const basicAuth = new BasicAuth(BASIC_AUTH);
    const line = await hashBasicAuth("ada", "lovelace");
    const unknown = await basicAuth.check([line], basic("bob", "lovelace"));
    const wrong = await basicAuth.check([line], basic("ada", "x"));
    expect(unknown).toMatchObject({ code: "unauthorized" });
    expect(unknown?.message).toBe(wrong?.message);
  });

  test("guesses wait in a short line; who is remembered does not", async () => {
    const line = await hashBasicAuth("ada", "lovelace");
    const basicAuth = new BasicAuth({ ...BASIC_AUTH, atOnce: 1, waiting: 1 });
    await basicAuth.check([line], basic("ada", "lovelace"));
    const running = basicAuth.check([line], basic("ada", "guess 1"));
    const queued = basicAuth.check([line], basic("ada", "guess 2"));
    const same = basicAuth.check([line], basic("ada", "guess 2"));
    expect(same).toBe(queued);
    expect(basicAuth.check([line], basic("ada", "guess 3"))).toMatchObject({
      code: "overloaded",
      retryAfterMs: 1000,
    });
    expect(basicAuth.check([line], basic("ada", "lovelace"))).toBeUndefined();
    expect(await running).toMatchObject({ code: "unauthorized" });
    expect(await queued).toMatchObject({ code: "unauthorized" });
  });
});
