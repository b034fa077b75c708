import { describe, expect, test } from "vitest";
import { recordingLog, virtualClock, Waiting } from "@warren/host/testing";
import { RemoteKeys, REMOTE_KEYS_TIMES, type RemoteAlgorithm } from "../src/auth/remote-keys.ts";
import { GuestTokens } from "../src/auth/guest-tokens.ts";
import {
  ALICE,
  handmade,
  issued,
  keyPair,
  NOW_MS,
  RULES,
  said,
  startIssuer,
  verifier,
  type Issuer,
  type KeyPair,
} from "./_tokens-kit.ts";

const CLAIMS = { ...ALICE, iss: "https://issuer.example", aud: "chat" };
const LONG = { ...CLAIMS, exp: ALICE.iat + 80_000 };
const RS = keyPair("RS256", "rs-1");
const ES = keyPair("ES256", "es-1");
const ED = keyPair("EdDSA", "ed-1");
const signed = ({ alg, key, kid }: KeyPair, claims: object = CLAIMS) =>
  issued(claims, { alg, key, kid });

function over(issuer: Issuer, algorithms: RemoteAlgorithm[] = ["RS256", "ES256", "EdDSA"]) {
  const clock = virtualClock();
  const log = recordingLog();
  const fetches = new Waiting();
  const seen = { fetched: 0, failed: 0 };
  const keys = new RemoteKeys({
    url: issuer.url,
    algorithms,
    times: REMOTE_KEYS_TIMES,
    clock,
    fetch,
    events: {
      fetched: () => ((seen.fetched += 1), fetches.look()),
      failed: () => ((seen.failed += 1), fetches.look()),
    },
  });
  const rules = { ...RULES, issuer: "https://issuer.example", audience: "chat" };
  const guests = new GuestTokens({ secrets: ["s"], lifeMs: 60_000 });
  const { tokens, time } = verifier({ trust: { keys, rules }, guests });
  const advance = (ms: number) => ((time.nowMs += ms), clock.advance(ms));
  return { clock, log, keys, tokens, advance, seen, fetches, guests };
}

describe("tokens by the keys of an issuer", () => {
  test.each([RS, ES, ED])("count with $alg", async (pair) => {
    await using issuer = await startIssuer(RS, ES, ED);
    const { tokens } = over(issuer);
    expect(await tokens.verify(await signed(pair))).toMatchObject({ userId: "alice" });
    expect(issuer.asked).toBe(1);
  });

  test("count without a kid, whichever key of the kind signed", async () => {
    const other = keyPair("RS256", "rs-2");
    await using issuer = await startIssuer(RS, other);
    const { tokens, advance } = over(issuer);
    for (const { alg, key } of [RS, other]) {
      const token = await issued(CLAIMS, { alg, key });
      expect(await tokens.verify(token)).toMatchObject({ userId: "alice" });
    }
    const foreign = await issued(CLAIMS, { alg: "RS256", key: keyPair("RS256", "x").key });
    advance(10_000);
    expect(await said(() => tokens.verify(foreign))).toBe("INVALID_TOKEN");
  });

  test("of ten thousand who come at once cost one fetch", async () => {
    await using issuer = await startIssuer(ES);
    const { tokens } = over(issuer);
    const token = await signed(ES);
    await Promise.all(Array.from({ length: 10_000 }, () => tokens.verify(token)));
    expect(issuer.asked).toBe(1);
  });

  test.each([
    {
      name: "the issuer's public key used as a shared secret",
      token: handmade({ alg: "HS256", kid: "rs-1" }, CLAIMS, JSON.stringify(RS.jwk)),
    },
    { name: "no signature", token: handmade({ alg: "none", kid: "rs-1" }, CLAIMS) },
  ])("are refused with $name, without a fetch", async ({ token }) => {
    await using issuer = await startIssuer(RS);
    const { tokens } = over(issuer);
    expect(await said(() => tokens.verify(token))).toBe("INVALID_TOKEN");
    expect(issuer.asked).toBe(0);
  });

  test("are refused by an algorithm that was not set, another issuer, audience or key", async () => {
    await using issuer = await startIssuer(RS, ES);
    const { tokens } = over(issuer, ["RS256"]);
    const bad = [
      await signed(ES),
      await signed(RS, { ...CLAIMS, iss: "https://other.example" }),
      await signed(RS, { ...CLAIMS, aud: "mail" }),
      await signed({ ...keyPair("RS256", "rs-1") }),
    ];
    for (const token of bad) expect(await said(() => tokens.verify(token))).toBe("INVALID_TOKEN");
  });

  test("leave guests' tokens to this service, whatever the issuer does", async () => {
    await using issuer = await startIssuer(RS);
    issuer.answer = (_, response) => response.writeHead(500).end();
    const { tokens, guests } = over(issuer);
    expect(await tokens.verify(guests.mint(NOW_MS).token)).toMatchObject({ guest: true });
    expect(issuer.asked).toBe(0);
  });
});

describe("an issuer's keys", () => {
  test("are fetched again for a key that is new, but not for every one that is made up", async () => {
    await using issuer = await startIssuer(RS);
    const { tokens, advance } = over(issuer);
    await tokens.verify(await signed(RS));
    issuer.keys.push(ES);
    const made = await Promise.all(
      [...Array(50).keys()].map((n) => signed({ ...ED, kid: `x${n}` })),
    );
    // Nobody can tell yet: INVALID_TOKEN would make clients of a key that is new give up for good.
    for (const token of made) {
      expect(await said(() => tokens.verify(token))).toBe("SERVICE_UNAVAILABLE");
    }
    expect(issuer.asked).toBe(1);
    advance(10_000);
    expect(await tokens.verify(await signed(ES))).toMatchObject({ userId: "alice" });
    expect(issuer.asked).toBe(2);
  });

  test("that are not there after a fetch are nobody's, and who is told to wait is told how long", async () => {
    await using issuer = await startIssuer(RS);
    const { tokens, advance } = over(issuer);
    const foreign = await signed(ED);
    expect(await said(() => tokens.verify(foreign))).toBe("INVALID_TOKEN");
    advance(4_000);
    await expect(tokens.verify(foreign)).rejects.toMatchObject({
      retryAfterMs: 6_000,
      retry: true,
    });
    advance(6_000);
    expect(await said(() => tokens.verify(foreign))).toBe("INVALID_TOKEN");
    expect(issuer.asked).toBe(2);
  });

  test("that were taken away count no more once they are fetched, remembered tokens neither", async () => {
    await using issuer = await startIssuer(RS, ES);
    const { tokens, advance } = over(issuer);
    const token = await signed(RS);
    await tokens.verify(token);
    issuer.keys = [ES];
    advance(10_000);
    await said(async () => tokens.verify(await signed(ED)));
    expect(await said(() => tokens.verify(token))).toBe("SERVICE_UNAVAILABLE");
    advance(10_000);
    expect(await said(() => tokens.verify(token))).toBe("INVALID_TOKEN");
  });

  test("go on counting while the issuer is away, for a day", async () => {
    await using issuer = await startIssuer(RS);
    const { tokens, advance, seen, fetches } = over(issuer);
    await tokens.verify(await signed(RS, LONG));
    issuer.answer = (_, response) => response.writeHead(503).end();
    for (let hour = 1; hour < 12; hour++) {
      advance(3_600_000);
      await tokens.verify(await signed(RS, { ...LONG, name: `hour ${hour}` }));
      await fetches.until(() => seen.failed >= hour);
    }
    advance(12 * 3_600_000);
    const later = { ...LONG, iat: LONG.iat + 80_000, exp: LONG.exp + 80_000 };
    expect(await tokens.verify(await signed(RS, later)).catch(String)).toMatchObject({
      userId: "alice",
    });
    advance(3_600_000);
    const last = await signed(RS, { ...later, name: "too late" });
    expect(await said(() => tokens.verify(last))).toBe("SERVICE_UNAVAILABLE");
    issuer.answer = undefined;
    advance(2_000);
    expect(await tokens.verify(last)).toMatchObject({ userId: "alice" });
  });

  test("of an issuer that is away make nobody's token a bad one", async () => {
    await using issuer = await startIssuer(RS);
    const { tokens, advance } = over(issuer);
    issuer.answer = (request) => request.destroy();
    const token = await signed(RS);
    expect(await said(() => tokens.verify(token))).toBe("SERVICE_UNAVAILABLE");
    issuer.answer = undefined;
    expect(await said(() => tokens.verify(token))).toBe("SERVICE_UNAVAILABLE");
    expect(issuer.asked).toBe(1);
    advance(2_000);
    expect(await tokens.verify(token)).toMatchObject({ userId: "alice" });
  });

  test("are waited for no longer than the timeout, by known keys' tokens not at all", async () => {
    await using issuer = await startIssuer(RS);
    const { tokens, advance, clock } = over(issuer);
    const asked = new Waiting();
    const stalls: Issuer["answer"] = (_, response) => (response.write("{"), asked.look());
    issuer.answer = stalls;
    const token = await signed(RS);
    const first = said(() => tokens.verify(token));
    await asked.until(() => issuer.asked === 1);
    advance(5_000);
    expect(await first).toBe("SERVICE_UNAVAILABLE");
    issuer.answer = undefined;
    advance(2_000);
    await tokens.verify(token);
    issuer.answer = stalls;
    advance(600_000);
    await tokens.verify(await signed(RS, { ...CLAIMS, name: "at once" }));
    await asked.until(() => issuer.asked === 3);
    expect(clock.pending).toBe(1);
  });

  test.each([
    { name: "garbage", body: "<html>" },
    { name: "none at all", body: '{"keys":[]}' },
    { name: "another shape", body: '{"keys":{}}' },
    {
      name: "more than half a megabyte",
      body: JSON.stringify({ keys: [ED.jwk], x: "x".repeat(600_000) }),
    },
  ])("that are $name leave those from before", async ({ body }) => {
    await using issuer = await startIssuer(RS);
    const { tokens, advance, seen, fetches } = over(issuer);
    await tokens.verify(await signed(RS));
    issuer.answer = (_, response) => response.end(body);
    advance(600_000);
    expect(await tokens.verify(await signed(RS, { ...CLAIMS, name: "x" }))).toBeDefined();
    await fetches.until(() => seen.failed === 1);
    expect(await tokens.verify(await signed(RS, { ...CLAIMS, name: "y" }))).toBeDefined();
  });

  test("are not fetched where a redirect leads", async () => {
    await using elsewhere = await startIssuer(ED);
    await using issuer = await startIssuer(RS);
    issuer.answer = (_, response) =>
      response.writeHead(302, { location: elsewhere.url.href }).end();
    const { tokens } = over(issuer);
    expect(await said(async () => tokens.verify(await signed(ED)))).toBe("SERVICE_UNAVAILABLE");
    expect(elsewhere.asked).toBe(0);
  });
});
