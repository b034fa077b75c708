import { randomBytes } from "node:crypto";
import { loadConfig, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { expect, test } from "vitest";
import { GuestTokens } from "../src/auth/guest-tokens.ts";
import { CHAT_RATES } from "../src/connections/memory-limits.ts";
import { chatOptions } from "../src/options.ts";
import { readChatConfig, type GivenChat } from "../src/read-config.ts";
import { NO_BUCKET_KEYS } from "../src/read-content-config.ts";
import { apiOf } from "./_api.ts";
import { Client, runningChat, tokenOf } from "./_running-chat.ts";
import { UNLIMITED } from "./_talk-kit.ts";

const masterKey = () => randomBytes(32).toString("base64");

function read(argv: readonly string[], given: Partial<GivenChat> = {}) {
  const sources = { argv: ["--dev", ...argv], env: {}, file: undefined, all: [] };
  const loaded = loadConfig(chatOptions, sources);
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  const keys = { current: masterKey(), former: "" };
  return readChatConfig(loaded.config, {
    folder: "data/chat",
    jwtSecret: randomBytes(48).toString("base64"),
    keys,
    mongoUri: "",
    pages: undefined,
    bucketKeys: NO_BUCKET_KEYS,
    keySource: async () => keys,
    carriers: { smtpPass: undefined, smsAuthToken: undefined },
    outbox: "data/outbox",
    env: {},
    deps: { clock: systemClock, log: silentLog() },
    ...given,
  });
}

function config(...given: Parameters<typeof read>) {
  const found = read(...given);
  if ("problems" in found) throw new Error(found.problems.join("\n"));
  return found.config;
}

test("limits are the reference's unless they are set, and each may be", () => {
  expect(config([]).rates).toEqual(CHAT_RATES);
  expect(config([]).frameBytes).toBe(1_048_576);
  const { rates, frameBytes } = config([
    "--rate-limit=1",
    "--admin-rate-limit=2",
    "--admin-rate-window=2s",
    "--user-rate-limit=3",
    "--public-rate-limit=4",
    "--upload-rate-limit=5",
    "--help-alert-limit=6",
    "--help-alert-window=6s",
    "--max-message-size=2MiB",
  ]);
  expect(frameBytes).toBe(2_097_152);
  expect(rates).toEqual({
    ...CHAT_RATES,
    message: { points: 1, perMs: 60_000 },
    admin: { points: 2, perMs: 2_000 },
    user: { points: 3, perMs: 60_000 },
    public: { points: 4, perMs: 60_000 },
    upload: { points: 5, perMs: 60_000 },
    alert: { points: 6, perMs: 6_000 },
  });
});

test("a bound that lets nothing through is refused, with all others like it", () => {
  const found = read(["--rate-limit", "0", "--max-connections", "0", "--max-message-size", "1kB"]);
  expect(found).toEqual({
    problems: [
      "RATE_LIMIT: must be more than 0",
      "MAX_CONNECTIONS: must be more than 0",
      expect.stringContaining("MAX_MESSAGE_SIZE: must be 65536 at least"),
    ],
  });
});

test("a name by which others know us is refused as the template had it", () => {
  const left = ["--redis-url=redis://:REPLACE_WITH_PASSWORD@redis:6379", "--smtp-user=your-user"];
  const found = read([...left, "--smtp-host=mail.example.com", "--email-from=chat@example.com"]);
  expect("problems" in found && found.problems).toEqual(
    expect.arrayContaining([
      "REDIS_URL: still the template's placeholder",
      "SMTP_USER: still the template's placeholder",
    ]),
  );
});

test("visitors come back after the master key was replaced, where it is what signs for them", () => {
  const issuer = [
    "--jwt-jwks-url=https://id.example.com/jwks",
    "--jwt-issuer=id",
    "--jwt-audience=chat",
  ];
  const [old, fresh] = [masterKey(), masterKey()];
  const tokensOf = (current: string, former: string) => {
    const given = { jwtSecret: "", keys: { current, former } };
    return new GuestTokens(config(issuer, given).guests!);
  };
  const { token, userId } = tokensOf(old, "").mint(Date.now());
  expect(tokensOf(fresh, `${masterKey()}, ${old}`).prove(token, Date.now()).userId).toBe(userId);
  expect(() => tokensOf(fresh, "").prove(token, Date.now())).toThrow("not valid");
});

test("what a user asks over HTTP is limited too, in one count, with when to come back (T-47)", async () => {
  const rates = { ...UNLIMITED, user: { points: 3, perMs: 60_000 } };
  await using running = await runningChat({ rates });
  const ask = apiOf(running.chat.port, tokenOf("eager"));
  for (const path of ["/sessions", "/files", "/shares"]) {
    expect((await ask("GET", path)).status).toBe(200);
  }
  const refused = await ask("GET", "/sessions/none");
  expect(refused).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await apiOf(running.chat.port, tokenOf("calm"))("GET", "/sessions")).status).toBe(200);
  expect((await apiOf(running.chat.port, undefined)("GET", "/sessions")).status).toBe(401);
});

test("the largest frame is what it was set to", async () => {
  await using running = await runningChat({ frameBytes: 65_536 });
  using client = await Client.open(running.chat.port, tokenOf("alice"));
  client.send({ type: "ping", padding: "x".repeat(60_000) });
  await client.next("pong");
  client.send({ type: "ping", padding: "x".repeat(70_000) });
  expect(await client.closed).toMatchObject({ code: 1009 });
});
