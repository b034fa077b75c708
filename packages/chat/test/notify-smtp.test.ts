import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret, type Guard } from "@warren/host";
import { freePort, RawService, testCertificates, virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { DeliveryError, type Mail } from "../src/notify/ports.ts";
import {
  classifySmtp,
  securityOfPort,
  smtpMailer,
  type SmtpEngine,
} from "../src/notify/smtp-mailer.ts";
import { guards } from "./_guards.ts";
import { TestSmtp } from "./_smtp.ts";

const MAIL: Mail = {
  to: "ada@example.org",
  subject: "Hilfe für Öl",
  text: "Grüße",
  html: "<b>Grüße</b>",
};
const HEAD = { from: "chat@example.com", fromName: "Chät", replyTo: "desk@example.com" };
const NEVER = new AbortController().signal;
const { server, ca } = testCertificates();

function engine(port: number, more: Partial<SmtpEngine> = {}): SmtpEngine {
  return {
    host: "localhost",
    port,
    security: "plain",
    credentials: undefined,
    ca: undefined,
    silenceMs: 10_000,
    maxConnections: 2,
    ...more,
  };
}

function mailer(
  engines: SmtpEngine[],
  made: (name: string) => Guard = (name) => guards()(name, classifySmtp),
) {
  let ids = 0;
  const routes = engines.map((engine, i) => ({ engine, guard: made(`smtp-${i}`) }));
  return smtpMailer(routes, HEAD, { wallNow: () => 0, newId: () => `id-${++ids}` });
}

const failure = (sent: Promise<void>) =>
  sent.then(
    () => undefined,
    (error: unknown) => error as DeliveryError,
  );

describe("a mail by SMTP", () => {
  test("shows the password that is in its file then, and keeps no connection under another", async () => {
    const folder = await mkdtemp(join(tmpdir(), "warren-chat-"));
    await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    const path = join(folder, "password");
    await using smtp = await TestSmtp.start(server);
    const password = Secret.file("SMTP_PASS_FILE", path);
    const security = "starttls";
    using to = mailer([
      engine(smtp.port, { security, ca, credentials: { user: "chat", password } }),
    ]);
    await writeFile(path, "right\n");
    for (let mail = 0; mail < 2; mail++) await to.send(MAIL, NEVER);
    expect([smtp.connections, smtp.passwords]).toEqual([1, ["right"]]);
    // Rotated: the server takes another one, and the file has it.
    smtp.right = "rotated";
    await writeFile(path, "rotated\n");
    await to.send(MAIL, NEVER);
    expect([smtp.connections, smtp.passwords]).toEqual([2, ["right", "rotated"]]);
    expect(smtp.mails.map(({ user }) => user)).toEqual(["chat", "chat", "chat"]);
    // Rotated once more, and the file is not there yet: it may be by the next try.
    await rm(path);
    expect(await failure(to.send(MAIL, NEVER))).toMatchObject({ retry: true });
  });

  test("arrives with its letterhead, both bodies and nothing left to decode wrongly", async () => {
    await using smtp = await TestSmtp.start();
    using to = mailer([engine(smtp.port)]);
    await to.send(MAIL, NEVER);
    const [mail] = smtp.mails;
    expect(mail).toMatchObject({ from: "chat@example.com", to: ["ada@example.org"] });
    expect(mail?.text).toContain("From: =?UTF-8?Q?Ch=C3=A4t?= <chat@example.com>");
    expect(mail?.text).toContain("Reply-To: desk@example.com");
    expect(mail?.text).toContain("Message-ID: <id-1@example.com>");
    expect(mail?.text).toContain("Date: Thu, 01 Jan 1970 00:00:00 +0000");
    expect(mail?.text).toMatch(/multipart\/alternative[^]*text\/plain[^]*text\/html/);
  });

  test("goes over connections that are kept and bounded", async () => {
    await using smtp = await TestSmtp.start();
    using to = mailer([engine(smtp.port)]);
    await Promise.all(Array.from({ length: 40 }, () => to.send(MAIL, NEVER)));
    expect(smtp.mails).toHaveLength(40);
    expect(smtp.connections).toBeLessThanOrEqual(2);
  });

  test.each([
    {
      name: "a subject that brings a header",
      mail: { subject: "x\r\nBcc: eve@example.net\r\n\r\nbody" },
    },
    { name: "a subject with a bare line feed", mail: { subject: "x\nBcc: eve@example.net" } },
    {
      name: "a subject with a Unicode line separator",
      mail: { subject: "x\u2028Bcc: eve@example.net" },
    },
    {
      name: "a body that ends the message",
      mail: { text: "x\r\n.\r\nRCPT TO:<eve@example.net>\r\n" },
    },
  ])("cannot be widened by $name", async ({ mail }) => {
    await using smtp = await TestSmtp.start();
    using to = mailer([engine(smtp.port)]);
    await to.send({ ...MAIL, ...mail }, NEVER);
    expect(smtp.mails).toHaveLength(1);
    expect(smtp.mails[0]?.to).toEqual(["ada@example.org"]);
    expect(smtp.mails[0]?.text).not.toMatch(/^bcc:/im);
  });

  test.each([
    { name: "a comma", to: "ada@example.org,eve@example.net" },
    { name: "a line break", to: "ada@example.org>\r\nRCPT TO:<eve@example.net" },
  ])("never reaches a second recipient through $name in an address", async ({ to: address }) => {
    await using smtp = await TestSmtp.start();
    using to = mailer([engine(smtp.port)]);
    await failure(to.send({ ...MAIL, to: address }, NEVER));
    const reached = smtp.mails.flatMap(({ to }) => to);
    expect(reached).not.toContain("eve@example.net");
  });
});

describe("encryption", () => {
  test("from the first byte", async () => {
    await using smtp = await TestSmtp.start({ secure: true, ...server });
    using to = mailer([engine(smtp.port, { security: "tls", ca })]);
    await to.send(MAIL, NEVER);
    expect(smtp.mails[0]?.isSecure).toBe(true);
  });

  test.each(["starttls", "opportunistic"] as const)(
    "by STARTTLS (%s), before the password",
    async (security) => {
      await using smtp = await TestSmtp.start({ ...server });
      const credentials = { user: "chat", password: Secret.text("SMTP_PASS", "right") };
      using to = mailer([engine(smtp.port, { security, ca, credentials })]);
      await to.send(MAIL, NEVER);
      expect(smtp.mails[0]).toMatchObject({ isSecure: true, user: "chat" });
    },
  );

  test.each(["starttls", "opportunistic"] as const)(
    "that somebody in between strips (%s) ends it: no password is shown",
    async (security) => {
      await using smtp = await TestSmtp.start({ hideSTARTTLS: true, allowInsecureAuth: true });
      const credentials = { user: "chat", password: Secret.text("SMTP_PASS", "right") };
      using to = mailer([engine(smtp.port, { security, ca, credentials })]);
      expect(await failure(to.send(MAIL, NEVER))).toBeInstanceOf(DeliveryError);
      expect(smtp.passwords).toEqual([]);
      expect(smtp.mails).toEqual([]);
    },
  );

  test("with a certificate that nobody vouches for ends it", async () => {
    await using smtp = await TestSmtp.start({ secure: true, ...server });
    using to = mailer([engine(smtp.port, { security: "tls" })]);
    expect(await failure(to.send(MAIL, NEVER))).toBeInstanceOf(DeliveryError);
    expect(smtp.mails).toEqual([]);
  });

  test("is chosen by the port where only that is named", () => {
    expect([465, 587, 25, 1025].map(securityOfPort)).toEqual([
      "tls",
      "starttls",
      "opportunistic",
      "opportunistic",
    ]);
  });
});

describe("a server that does not take the mail", () => {
  test("for a wrong password is not asked again, and its words stay out of the error", async () => {
    await using smtp = await TestSmtp.start({ ...server });
    const credentials = { user: "chat", password: Secret.text("SMTP_PASS", "wrong") };
    using to = mailer([engine(smtp.port, { security: "starttls", ca, credentials })]);
    const error = await failure(to.send(MAIL, NEVER));
    expect(error).toMatchObject({ code: "EAUTH", status: 535, retry: false });
    expect(smtp.passwords).toEqual(["wrong"]);
  });

  test("because it greylists may be asked later, and is no failing dependency", async () => {
    await using smtp = await TestSmtp.start();
    const made = guards()("smtp", classifySmtp);
    using to = mailer([engine(smtp.port)], () => made);
    for (let i = 0; i < 10; i++) {
      // One for each try of the guard.
      for (let j = 0; j < 3; j++) smtp.refusals.push({ status: 451, words: "greylisted" });
      const sent = failure(to.send(MAIL, NEVER));
      expect(await sent).toMatchObject({ status: 451, retry: true });
      smtp.refusals.length = 0;
    }
    expect(made.report().state).toBe("closed");
    await to.send(MAIL, NEVER);
    expect(smtp.mails).toHaveLength(1);
  });

  test("for an unknown mailbox is not asked again, and others are still served", async () => {
    await using smtp = await TestSmtp.start();
    const made = guards()("smtp", classifySmtp);
    using to = mailer([engine(smtp.port)], () => made);
    for (let i = 0; i < 10; i++) smtp.refusals.push({ status: 550, words: "no such user" });
    for (let i = 0; i < 10; i++) {
      const error = await failure(to.send(MAIL, NEVER));
      expect(error).toMatchObject({ status: 550, retry: false });
      expect(JSON.stringify([error, error?.message, error?.cause])).not.toContain("ada@");
    }
    await to.send(MAIL, NEVER);
    expect(made.report().state).toBe("closed");
  });

  test("because nobody listens may be asked later; the breaker opens after five tries", async () => {
    const made = guards()("smtp", classifySmtp);
    using to = mailer([engine(await freePort())], () => made);
    expect(await failure(to.send(MAIL, NEVER))).toMatchObject({ retry: true });
    await failure(to.send(MAIL, NEVER));
    expect(made.report().state).toBe("open");
    expect(await failure(to.send(MAIL, NEVER))).toMatchObject({
      code: "BREAKER_OPEN",
      retry: true,
    });
  });

  test("because it never greets is left after the silence", async () => {
    using mute = await RawService.start();
    using to = mailer([engine(mute.port, { silenceMs: 20 })]);
    expect(await failure(to.send(MAIL, NEVER))).toMatchObject({ code: "ETIMEDOUT", retry: true });
  });

  test("because it drips is left at the attempt's time-out", async () => {
    using drips = await RawService.start((end) => end.send("220-wait\r\n"));
    const clock = virtualClock();
    using to = mailer([engine(drips.port)], (name) => guards(clock)(name, classifySmtp));
    const sent = failure(to.send(MAIL, NEVER));
    for (let attempt = 1; attempt <= 3; attempt++) {
      await drips.connection(attempt);
      clock.advance(60_000);
    }
    expect(await sent).toMatchObject({ code: "TIMEOUT", retry: true });
  });

  test("because it hangs up in the middle is asked again", async () => {
    await using smtp = await TestSmtp.start();
    let tries = 0;
    using cuts = await RawService.start((end) => {
      tries += 1;
      end.send("220 here\r\n");
      end.socket.once("data", () => end.socket.resetAndDestroy());
    });
    using to = mailer([engine(cuts.port), engine(smtp.port)]);
    await to.send(MAIL, NEVER);
    expect(tries).toBe(1);
    expect(smtp.mails).toHaveLength(1);
  });
});

describe("several servers", () => {
  test("are asked in order: the second only when the first does not take it", async () => {
    await using first = await TestSmtp.start();
    await using second = await TestSmtp.start();
    using to = mailer([engine(first.port), engine(second.port)]);
    await to.send(MAIL, NEVER);
    first.refusals.push({ status: 554, words: "relay denied" });
    await to.send(MAIL, NEVER);
    expect([first.mails.length, second.mails.length]).toEqual([1, 1]);
  });

  test("that all refuse leave the error of one that may take it later", async () => {
    await using second = await TestSmtp.start();
    second.refusals.push({ status: 550, words: "no such user" });
    using to = mailer([engine(await freePort()), engine(second.port)]);
    expect(await failure(to.send(MAIL, NEVER))).toMatchObject({ retry: true });
  });

  test("are not asked for a caller who left", async () => {
    using mute = await RawService.start();
    await using second = await TestSmtp.start();
    using to = mailer([engine(mute.port), engine(second.port)]);
    const caller = new AbortController();
    const sent = to.send(MAIL, caller.signal);
    await mute.connection();
    caller.abort(new Error("gone"));
    await expect(sent).rejects.toThrow("gone");
    expect(second.connections).toBe(0);
  });
});
