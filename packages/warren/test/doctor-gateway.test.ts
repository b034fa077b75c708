/** Each thing about a gateway, a token and clocks that keeps an agent from working, made at a real gateway, and found. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { ADMIN_FIELD, createToken, openSigningKey } from "@warren/gateway";
import { systemClock, type Clock } from "@warren/host";
import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { checkClock } from "../src/doctor/check-clock.ts";
import { checkGateway } from "../src/doctor/check-gateway.ts";
import { checkToken, claimsOf } from "../src/doctor/check-token.ts";
import { findingOf, silentServer, troubles } from "./_kit/doctor.ts";
import { Joined } from "./_kit/joined.ts";

const { signal } = new AbortController();
const NOW = Date.now();

async function tokenOf(folder: string, more: { exp?: number } = {}) {
  const files = { privateFile: join(folder, "signing.pem"), publicFolder: join(folder, "keys") };
  const jti = randomUUID();
  const who = { jti, sub: randomUUID(), cluster: "home", group: "home", hosts: ["*"] };
  const iat = Math.floor(NOW / 1_000) - 600;
  return { jti, token: await createToken(await openSigningKey(files), { ...who, iat, ...more }) };
}

describe("a gateway", () => {
  const NO_PROXY = { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined };
  const files = { caFile: undefined, certFile: undefined, keyFile: undefined };
  const check = (url: string, token: string, clock: Clock = systemClock) =>
    checkGateway({
      url,
      token,
      dial: { ...files, proxy: NO_PROXY, handshakeTimeoutMs: 10_000 },
      tls: { ca: undefined, cert: undefined, key: undefined },
      clock,
      wallClock: Date.now,
      signal,
    });

  test("that takes the token tells how far it is", async () => {
    await using joined = await Joined.start({ routes: [] });
    const { token } = await tokenOf(joined.folder);
    const found = await check(`ws://127.0.0.1:${joined.port}`, token);
    expect(found.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(found.map(({ check: name }) => name)).toEqual([
      "gateway name",
      "gateway",
      "clock of the gateway",
      "tunnel",
    ]);
  });

  test("that refuses a token says which of its faults it is, and never the token", async () => {
    await using joined = await Joined.start({ routes: [] });
    await using other = await Joined.start({ routes: [] });
    const url = `ws://127.0.0.1:${joined.port}`;
    const expired = await tokenOf(joined.folder, { exp: Math.floor(NOW / 1_000) - 300 });
    const revoked = await tokenOf(joined.folder);
    const foreign = await tokenOf(other.folder);
    await fetch(`${joined.adminUrl}/revocations`, {
      method: "POST",
      headers: { "content-type": "application/json", [ADMIN_FIELD]: "1" },
      body: JSON.stringify({ token_id: revoked.jti }),
    });
    for (const [{ token }, code, todo] of [
      [expired, "token_expired", "see the clocks"],
      [revoked, "token_revoked", "somebody has revoked it"],
      [foreign, "unauthorized", "it is another gateway's"],
    ] as const) {
      const found = await check(url, token);
      const tunnel = findingOf(found, "tunnel");
      expect(tunnel).toMatchObject({ level: "fail", said: expect.stringMatching(`^${code}: `) });
      expect(tunnel!.todo).toContain(todo);
      expect(JSON.stringify(found)).not.toContain(token.split(".")[2]);
    }
  });

  test.each([
    { name: "has no name in DNS", url: "ws://gateway.invalid", check: "gateway name" },
    { name: "is not there", url: "ws://127.0.0.1:1", check: "gateway" },
  ])("that $name is told once", async ({ url, check: name }) => {
    const found = troubles(await check(url, "t"));
    expect(found).toMatchObject([{ check: name, level: "fail" }]);
    expect(found[0]!.todo).toBeDefined();
  });

  test("that never answers is given up on", async () => {
    await using nobody = await silentServer();
    const clock = virtualClock();
    const found = check(`ws://127.0.0.1:${nobody.port}`, "t", clock);
    await nobody.came;
    clock.advance(60_000);
    const [failed] = troubles(await found);
    expect(failed).toMatchObject({ check: "gateway", said: expect.stringContaining("within 8 s") });
  });
});

test.each([
  { name: "of the same time", apartMs: 900, level: "ok", said: "the same as here" },
  { name: "a little behind", apartMs: -20_000, level: "warn", said: "20 s behind this machine's" },
  { name: "far ahead", apartMs: 90_000, level: "fail", said: "90 s ahead of this machine's" },
])("a clock $name", ({ apartMs, level, said }) => {
  const found = checkClock("the gateway", new Date(NOW + apartMs).toUTCString(), NOW);
  expect(found).toMatchObject({ level, said: expect.stringContaining(said.replace(/^\d+/, "")) });
});

test.each([
  { name: "no token at all", claims: undefined, level: "fail", said: "is no token" },
  { name: "one that is over", claims: { exp: NOW / 1_000 - 60 }, level: "fail", said: "expired" },
  { name: "one that ends soon", claims: { exp: NOW / 1_000 + 60 }, level: "warn", said: "expires" },
  { name: "one for no host", claims: { hosts: [] }, level: "warn", said: "for no host" },
  { name: "one that is yet to be", claims: { iat: NOW / 1_000 + 600 }, level: "fail", said: "yet" },
])("a token: $name", ({ claims, level, said }) => {
  const who = { jti: "1", sub: "s", cluster: "home", group: "home", tcp: false, hosts: ["*"] };
  const found = checkToken(claims && { ...who, iat: NOW / 1_000 - 9, ...claims }, NOW);
  expect(troubles(found)).toMatchObject([{ level, said: expect.stringContaining(said) }]);
});

test("what is no token has no claims", () => {
  expect(["", "a", "a.b.c", "a.e30.c"].map(claimsOf)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
