import { loadConfig, Secret } from "@warren/host";
import { describe, expect, test } from "vitest";
import { notifyOptions } from "./options.ts";
import { notifyWarnings, readNotifyConfig, type CarrierSecrets } from "./read-notify-config.ts";

const OUTBOX = "data/outbox";
const NO_SECRETS: CarrierSecrets = { smtpPass: undefined, smsAuthToken: undefined };

const secret = (text: string) => Secret.text("SECRET_FILE", text);

function load(env: Record<string, string>, toml = "") {
  const file = { name: "config.toml", text: toml };
  const loaded = loadConfig(notifyOptions, { argv: [], env, file, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  return loaded.config;
}
function read(env: Record<string, string>, secrets: Partial<CarrierSecrets> = {}, toml = "") {
  return readNotifyConfig(load(env, toml), {
    secrets: { ...NO_SECRETS, ...secrets },
    outbox: OUTBOX,
  });
}
function notify(...given: Parameters<typeof read>) {
  const found = read(...given);
  if ("problems" in found) throw new Error(found.problems.join("\n"));
  return found.notify;
}

const SMTP = { SMTP_HOST: "mail.x.org", EMAIL_FROM: "chat@x.org" };
const SMS = { SMS_ACCOUNT_SID: "AC1", SMS_FROM_NUMBER: "+15550001111" };

// T-36: arrays of TOML could not be read, so nobody was told.
test.each([
  {
    name: "comma lists of the environment",
    env: { ADMIN_EMAILS: "ada@x.org, bob@x.org,", ADMIN_PHONES: "+1 555 123 4567,+15551234568" },
    toml: "",
  },
  {
    name: "arrays of TOML",
    env: {},
    toml: `[notification]\nadminEmails = ["ada@x.org", "bob@x.org"]\nadminPhones = ["+15551234567", "+15551234568"]`,
  },
])("who is alerted may be written as $name", ({ env, toml }) => {
  expect(notify(env, {}, toml)).toMatchObject({
    emails: ["ada@x.org", "bob@x.org"],
    phones: ["+15551234567", "+15551234568"],
  });
});

test("who is named twice is alerted once", () => {
  expect(notify({ ADMIN_EMAILS: "ada@x.org,ada@x.org" }).emails).toEqual(["ada@x.org"]);
});

test("a bad address stops the start, and is not repeated", () => {
  expect(() => load({ ADMIN_EMAILS: "ada@x.org,bob@" })).toThrow(/ADMIN_EMAILS: expected a mail/);
  expect(() => load({ ADMIN_EMAILS: "ada smith@x.org" })).not.toThrow(/ada smith/);
});

describe("carriers", () => {
  test("are files that somebody gets while nothing is set", () => {
    const found = notify({});
    expect(found).toMatchObject({ smtp: [], sms: undefined, outbox: OUTBOX });
    expect([found.emails.length, found.phones.length]).toEqual([1, 1]);
  });

  test("are mail servers in their order, with what their ports speak", () => {
    const hosts = "mail.x.org, backup.x.org:465,[::1]:25";
    const found = notify(
      { ...SMTP, SMTP_HOST: hosts, SMTP_USER: "chat" },
      { smtpPass: secret("s3cret-pass") },
    );
    expect(found.smtp).toMatchObject([
      { host: "mail.x.org", port: 587, security: "starttls" },
      { host: "backup.x.org", port: 465, security: "tls" },
      { host: "::1", port: 25, security: "opportunistic" },
    ]);
    expect(found.smtp[0]!.credentials).toMatchObject({ user: "chat" });
    // Where a server is set there is nobody whom nobody named.
    expect(found.emails).toEqual([]);
  });

  test("are Twilio's with account, token and sender", () => {
    const { sms } = notify(SMS, { smsAuthToken: secret("t") });
    expect(String(sms?.authToken)).toContain("SECRET_FILE");
    expect(sms).toMatchObject({ accountSid: "AC1", from: "+15550001111" });
  });

  test.each<{ name: string; env: Record<string, string>; secrets?: object; want: RegExp }>([
    { name: "no sender", env: { SMTP_HOST: "mail.x.org" }, want: /EMAIL_FROM: needed/ },
    {
      name: "a user and no password",
      env: { ...SMTP, SMTP_USER: "a" },
      want: /SMTP_USER, SMTP_PASS/,
    },
    {
      name: "a password and no server",
      env: {},
      secrets: { smtpPass: secret("p") },
      want: /SMTP_HOST/,
    },
    { name: "an account without its token", env: SMS, want: /SMS_AUTH_TOKEN: needed/ },
    {
      name: "a token alone",
      env: {},
      secrets: { smsAuthToken: secret("t") },
      want: /SMS_ACCOUNT_SID/,
    },
  ])("are refused with $name", ({ env, secrets = {}, want }) => {
    const found = read(env, secrets);
    expect("problems" in found && found.problems.join("\n")).toMatch(want);
  });

  test("without anybody to tell are warned of", () => {
    expect(notifyWarnings(notify({ ...SMTP, ...SMS }, { smsAuthToken: secret("t") }))).toHaveLength(
      2,
    );
    expect(notifyWarnings(notify({}))).toEqual([]);
  });
});
