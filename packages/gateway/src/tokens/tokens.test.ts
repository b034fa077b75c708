import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { virtualClock, type VirtualClock } from "@warren/host/testing";
import { WireError } from "@warren/wire";
import { createToken, verifyToken, type TokenClaimsInput } from "./agent-token.ts";
import { openSigningKey, type SigningKey, type SigningKeyFiles } from "./signing-key.ts";
import { TokenKeys } from "./token-keys.ts";

const NOW = new Date("2030-01-01T00:00:00Z");
const seconds = NOW.getTime() / 1000;
const claims = {
  jti: "token-1",
  sub: "5a0f2a52-6a3f-4a5e-9a7e-2f0a6b0b1c1d",
  cluster: "home",
  group: "home",
  hosts: ["*.example.com"],
  rate: { per_second: 100, burst: 1000 },
  iat: seconds,
  exp: seconds + 60,
} satisfies TokenClaimsInput;

let folder: string;
let files: SigningKeyFiles;
let clock: VirtualClock;
let problems: string[];
const openKeys = (): TokenKeys =>
  new TokenKeys({
    folder: files.publicFolder,
    clock,
    onProblem: (file, problem) => problems.push(`${file}: ${problem}`),
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "warren-tokens-"));
  files = { privateFile: join(folder, "signing.pem"), publicFolder: join(folder, "keys") };
  clock = virtualClock();
  problems = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** A token that is right but for what `alter` does. */
const sign = (key: SigningKey, alter: (jwt: SignJWT) => SignJWT): Promise<string> =>
  alter(
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: "EdDSA", kid: key.kid })
      .setIssuer("warren")
      .setAudience("warren-gateway"),
  ).sign(key.privateKey);

describe("minting the key pair", () => {
  test("the private half is its owner's alone, the public half lies in the keys folder", async () => {
    const key = await openSigningKey(files);
    expect((await stat(files.privateFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(files.publicFolder)).toEqual([`${key.kid}.pem`]);
    expect(await readdir(folder)).toEqual(["keys", "signing.pem"]);
    expect((await openSigningKey(files)).kid).toBe(key.kid);
  });

  test("two that mint at once end with one key", async () => {
    const [one, two] = await Promise.all([openSigningKey(files), openSigningKey(files)]);
    expect(one.kid).toBe(two.kid);
    expect(await readdir(files.publicFolder)).toEqual([`${one.kid}.pem`]);
  });

  test("a file that holds something else is refused by name", async () => {
    await writeFile(files.privateFile, "secret words");
    const refused = openSigningKey(files);
    await expect(refused).rejects.toThrow("signing.pem does not hold an Ed25519 private key");
    await expect(refused).rejects.not.toThrow("secret words");
  });
});

describe("verifying a token", () => {
  test("what was signed comes back", async () => {
    const token = await createToken(await openSigningKey(files), claims);
    expect(await verifyToken(token, openKeys(), NOW)).toEqual({ ...claims, tcp: false });
  });

  test("a host pattern that is none is refused at creation", async () => {
    const key = await openSigningKey(files);
    await expect(createToken(key, { ...claims, hosts: ["a b"] })).rejects.toThrow("hosts");
  });

  const foreign = generateKeyPairSync("ed25519").privateKey;
  const shared = new TextEncoder().encode("x".repeat(32));
  test.each<{ name: string; make: (key: SigningKey) => Promise<string> }>([
    {
      name: "another key's signature",
      make: (key) => createToken({ ...key, privateKey: foreign }, claims),
    },
    {
      name: "an unknown kid",
      make: (key) => createToken({ kid: "0".repeat(16), privateKey: key.privateKey }, claims),
    },
    {
      name: "a kid that is a path",
      make: (key) => createToken({ kid: "../signing", privateKey: key.privateKey }, claims),
    },
    { name: "another issuer", make: (key) => sign(key, (jwt) => jwt.setIssuer("other")) },
    { name: "another audience", make: (key) => sign(key, (jwt) => jwt.setAudience("other")) },
    {
      name: "an algorithm of shared secrets",
      make: (key) =>
        new SignJWT({ ...claims })
          .setProtectedHeader({ alg: "HS256", kid: key.kid })
          .setIssuer("warren")
          .setAudience("warren-gateway")
          .sign(shared),
    },
    {
      name: "no algorithm at all",
      make: async () =>
        new UnsecuredJWT({ ...claims }).setIssuer("warren").setAudience("warren-gateway").encode(),
    },
    {
      name: "claims that are none",
      make: (key) => sign(key, (jwt) => jwt.setSubject("not a uuid")),
    },
    {
      name: "a signature cut short",
      make: async (key) => (await createToken(key, claims)).slice(0, -4),
    },
    { name: "something that is no token", make: async () => "hunter2" },
    { name: "something very long", make: async () => "a".repeat(1_000_000) },
    { name: "nothing", make: async () => "" },
  ])("$name gets the one fixed text", async ({ make }) => {
    const token = await make(await openSigningKey(files));
    const refused = await verifyToken(token, openKeys(), NOW);
    expect(refused).toBeInstanceOf(WireError);
    expect(refused).toMatchObject({
      code: "unauthorized",
      message: "the agent token is not valid",
    });
  });

  test("one that was good is told that it has expired", async () => {
    const token = await createToken(await openSigningKey(files), claims);
    const later = new Date(NOW.getTime() + 61_000);
    expect(await verifyToken(token, openKeys(), later)).toMatchObject({ code: "token_expired" });
  });

  test("without exp it lasts", async () => {
    const { exp: _, ...lasting } = claims;
    const token = await createToken(await openSigningKey(files), lasting);
    expect(await verifyToken(token, openKeys(), new Date("2090-01-01"))).toMatchObject({
      jti: "token-1",
    });
  });
});

describe("the keys folder", () => {
  test("a key that comes later is found, one that was taken away counts no more", async () => {
    const keys = openKeys();
    expect(await keys.get("0123456789abcdef")).toBeUndefined();
    const { kid } = await openSigningKey(files);
    clock.advance(1001);
    expect(await keys.get(kid)).toBeDefined();
    await rename(join(files.publicFolder, `${kid}.pem`), join(folder, "retired.pem"));
    expect(await keys.get(kid)).toBeDefined();
    clock.advance(1001);
    expect(await keys.get(kid)).toBeUndefined();
  });

  test("who asks for a key that was minted just now waits for the next look", async () => {
    const keys = openKeys();
    await keys.get("0123456789abcdef");
    const { kid } = await openSigningKey(files);
    const asked = [keys.get(kid), keys.get("0123456789abcdef")];
    expect(clock.pending).toBe(1);
    clock.advance(1000);
    const [minted, unknown] = await Promise.all(asked);
    expect(minted).toBeDefined();
    expect(unknown).toBeUndefined();
  });

  test("what holds no public key is left out and said once", async () => {
    const { kid } = await openSigningKey(files);
    await writeFile(join(files.publicFolder, "bad.pem"), "hello");
    await rename(files.privateFile, join(files.publicFolder, "private.pem"));
    const keys = openKeys();
    expect(await keys.get(kid)).toBeDefined();
    clock.advance(1001);
    expect(await keys.get("private")).toBeUndefined();
    expect(problems).toHaveLength(2);
    expect(problems.join()).toContain("private.pem: holds a private key");
  });
});
