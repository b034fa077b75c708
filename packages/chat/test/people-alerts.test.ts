import { Secret } from "@warren/host";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { NotifyConfig } from "../src/notify/notify-config.ts";
import type { SmtpEngine } from "../src/notify/smtp-mailer.ts";
import { metricOf } from "./_metrics.ts";
import { Client, configOf, runningChat, tokenOf } from "./_running-chat.ts";
import { TestSmtp } from "./_smtp.ts";
import { device, UNLIMITED } from "./_talk-kit.ts";
import { TestTwilio } from "./_twilio.ts";

function engine(port: number): SmtpEngine {
  return {
    host: "127.0.0.1",
    port,
    security: "plain",
    credentials: undefined,
    ca: undefined,
    silenceMs: 5_000,
    maxConnections: 2,
  };
}

/** A chat whose admins are reached through real servers. */
async function alerting(given: Partial<NotifyConfig>) {
  const running = await runningChat({
    rates: UNLIMITED,
    notify: {
      emails: ["ada@x.org"],
      phones: [],
      adminPanelUrl: "https://desk.example.com/admin",
      letterhead: { from: "chat@x.org", fromName: "Chat", replyTo: undefined },
      smtp: [],
      sms: undefined,
      outbox: "/nonexistent/never-used",
      ...given,
    },
  });
  const metric = metricOf(running.metrics);
  return { ...running, metric };
}

async function helpOf(client: Client, client_message_id: string): Promise<string> {
  client.send({ type: "help_request", client_message_id });
  const ack = await client.next(
    "message_ack",
    (one) => one.client_message_id === client_message_id,
  );
  return ack.session_id;
}
const sms = (url: string) => ({
  accountSid: "AC1",
  authToken: Secret.text("SMS_AUTH_TOKEN", "token"),
  from: "+15550001111",
  baseUrl: url,
});

describe("a call for help", () => {
  test("reaches every admin by mail and by SMS, with what was typed shown as text", async () => {
    await using smtp = await TestSmtp.start();
    await using twilio = await TestTwilio.start();
    await using running = await alerting({
      emails: ["ada@x.org", "bob@x.org"],
      phones: ["+15551234567", "+15551234568"],
      smtp: [engine(smtp.port)],
      sms: sms(twilio.url),
    });
    // T-28: what users are called came into admins' mails as markup.
    using alice = await Client.open(
      running.chat.port,
      tokenOf(`<img src=x onerror="alert('A&B')">`),
    );
    const sessionId = await helpOf(alice, "help");
    await smtp.waiting.until(() => smtp.mails.length === 2);
    await twilio.waiting.until(() => twilio.asked.length === 2);
    expect(smtp.mails.flatMap(({ to }) => to).toSorted()).toEqual(["ada@x.org", "bob@x.org"]);
    for (const { text } of smtp.mails) {
      const plain = text.replaceAll("=\r\n", "").replaceAll("=3D", "=");
      expect(plain).toContain(`https://desk.example.com/admin/${sessionId}`);
      expect(plain).toContain("&lt;img src=x onerror=&quot;");
      expect(plain.slice(plain.indexOf("<!doctype"))).not.toContain("<img");
    }
    expect(twilio.asked.map(({ body }) => String(body.get("To"))).toSorted()).toEqual([
      "+15551234567",
      "+15551234568",
    ]);
    for (const { body } of twilio.asked) expect(body.get("Body")).toContain(sessionId);
    const sent = (channel: string) =>
      running.metric(
        `chat_alert_messages_total{event="help_request",channel="${channel}",outcome="sent"}`,
      );
    await expect.poll(() => sent("mail")).toBe(2);
    await expect.poll(() => sent("sms")).toBe(2);
    expect(
      await running.metric(
        `dependency_attempts_total{dependency="smtp",operation="mail",outcome="ok"}`,
      ),
    ).toBe(2);
    expect(JSON.stringify(running.log.lines)).not.toMatch(/ada@|onerror|\+1555/);
  });

  test("goes through the next mail server where the first is away", async () => {
    await using smtp = await TestSmtp.start();
    await using running = await alerting({ smtp: [engine(await freePort()), engine(smtp.port)] });
    using alice = await device(running.chat.port, tokenOf("alice"), "phone");
    await helpOf(alice, "help");
    await smtp.waiting.until(() => smtp.mails.length === 1);
    expect(smtp.mails[0]!.to).toEqual(["ada@x.org"]);
  });

  // T-36: a mail that failed kept short messages from being sent.
  test("goes by SMS although no mail server is there, and the user is told at once", async () => {
    await using twilio = await TestTwilio.start();
    await using running = await alerting({
      smtp: [engine(await freePort())],
      phones: ["+15551234567"],
      sms: sms(twilio.url),
    });
    using alice = await device(running.chat.port, tokenOf("alice"), "phone");
    await helpOf(alice, "help");
    await twilio.waiting.until(() => twilio.asked.length === 1);
    expect(twilio.asked[0]!.body.get("To")).toBe("+15551234567");
  });

  test("is told five times in five minutes of one session, of others all the same", async () => {
    await using smtp = await TestSmtp.start();
    await using running = await alerting({ smtp: [engine(smtp.port)] });
    using alice = await device(running.chat.port, tokenOf("alice"), "phone");
    for (let i = 0; i < 7; i++) await helpOf(alice, `help-${i}`);
    using carol = await device(running.chat.port, tokenOf("carol"), "phone");
    await helpOf(carol, "help");
    await smtp.waiting.until(() => smtp.mails.length === 6);
    const limited = `chat_alert_messages_total{event="help_request",channel="mail",outcome="limited"}`;
    expect(await running.metric(limited)).toBe(2);
    expect(smtp.mails).toHaveLength(6);
  });

  test("that is said again under the same id is told once", async () => {
    await using smtp = await TestSmtp.start();
    await using running = await alerting({ smtp: [engine(smtp.port)] });
    using alice = await device(running.chat.port, tokenOf("alice"), "phone");
    for (let i = 0; i < 3; i++) await helpOf(alice, "the same");
    using carol = await device(running.chat.port, tokenOf("carol"), "phone");
    await helpOf(carol, "another");
    await smtp.waiting.until(() => smtp.mails.length === 2);
  });

  test("becomes files where no carrier is set", async () => {
    await using running = await runningChat({ rates: UNLIMITED });
    await using trial = await runningChat({
      notify: {
        ...configOf(running.folder.path).notify,
        emails: ["admin@localhost"],
        phones: ["+15550100"],
      },
    });
    using alice = await device(trial.chat.port, tokenOf("alice"), "phone");
    const sessionId = await helpOf(alice, "help");
    const outbox = join(running.folder.path, "outbox");
    const files = () => readdirSync(outbox).filter((name) => /\.(eml|txt)$/.test(name));
    await expect.poll(() => files().length).toBe(2);
    const texts = files().map((name) => readFileSync(join(outbox, name), "utf8"));
    for (const text of texts) expect(text).toContain(sessionId);
  });
});
