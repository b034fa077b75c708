import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "@warren/host";
import { freePort, virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { DeliveryError } from "../src/notify/ports.ts";
import { classifyTwilio, twilioTexter } from "../src/notify/twilio-texter.ts";
import { guards } from "./_guards.ts";
import { TestTwilio, type Answer } from "./_twilio.ts";

const NEVER = new AbortController().signal;
const MESSAGE = { to: "+15551234567", text: "Help requested & more + ümlaut" };

const refused =
  (status: number, code: number, headers: Record<string, string> = {}): Answer =>
  ({ body }, response) => {
    const message = `The 'To' number ${body.get("To")} is wrong`;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ code, message, more_info: "https://x", status }));
  };

const endless: Answer = (_asked, response) => {
  response.writeHead(400);
  const more = () => {
    while (response.write("x".repeat(65_536))) continue;
  };
  response.on("drain", more);
  more();
};

function texter(
  baseUrl: string,
  clock = virtualClock(),
  authToken = Secret.text("SMS_AUTH_TOKEN", "s3cret"),
) {
  const guard = guards(clock)("twilio", classifyTwilio);
  const options = { accountSid: "AC12", authToken, from: "+15550000000", baseUrl };
  return { guard, to: twilioTexter(options, { guard, wallNow: () => 0 }) };
}
const failure = (sent: Promise<void>) =>
  sent.then(
    () => undefined,
    (error: unknown) => error as DeliveryError,
  );

describe("a short message by Twilio", () => {
  test("is asked for as its interface wants it", async () => {
    await using twilio = await TestTwilio.start();
    await texter(twilio.url).to.send(MESSAGE, NEVER);
    expect(twilio.asked).toHaveLength(1);
    const [asked] = twilio.asked;
    expect(asked).toMatchObject({
      method: "POST",
      url: "/2010-04-01/Accounts/AC12/Messages.json",
      authorization: `Basic ${Buffer.from("AC12:s3cret").toString("base64")}`,
    });
    expect(Object.fromEntries(asked!.body)).toEqual({
      From: "+15550000000",
      To: MESSAGE.to,
      Body: MESSAGE.text,
    });
  });

  test("shows the token that is in its file then", async () => {
    const folder = await mkdtemp(join(tmpdir(), "warren-chat-"));
    await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    const path = join(folder, "token");
    await using twilio = await TestTwilio.start();
    const { to } = texter(twilio.url, virtualClock(), Secret.file("SMS_AUTH_TOKEN_FILE", path));
    for (const token of ["first", "second"]) {
      await writeFile(path, `${token}\n`);
      await to.send(MESSAGE, NEVER);
    }
    const shown = twilio.asked.map(({ authorization = "" }) => atob(authorization.slice(6)));
    expect(shown).toEqual(["AC12:first", "AC12:second"]);
  });

  test("is cut at the length that Twilio takes", async () => {
    await using twilio = await TestTwilio.start();
    await texter(twilio.url).to.send({ ...MESSAGE, text: "x".repeat(5000) }, NEVER);
    expect(twilio.asked[0]?.body.get("Body")).toHaveLength(1600);
  });

  test.each([
    { name: "a number that is none", status: 400, code: 21211, state: "closed" },
    { name: "someone who unsubscribed", status: 400, code: 21610, state: "closed" },
    { name: "a wrong token", status: 401, code: 20003, state: "open" },
  ])("is not asked for again after $name", async ({ status, code, state }) => {
    await using twilio = await TestTwilio.start(
      ...Array.from({ length: 5 }, () => refused(status, code)),
    );
    const { to, guard } = texter(twilio.url);
    for (let i = 0; i < 5; i++) {
      const error = await failure(to.send(MESSAGE, NEVER));
      expect(error).toMatchObject({ code: String(code), status, retry: false });
      expect(JSON.stringify([error, error?.message, error?.cause])).not.toContain("5551234567");
    }
    expect(twilio.asked).toHaveLength(5);
    expect(guard.report().state).toBe(state);
  });

  test.each([
    { name: "too many requests", answer: refused(429, 20429) },
    { name: "a full queue", answer: refused(400, 21611) },
    { name: "an outage", answer: refused(503, 20503) },
    {
      name: "an answer that is no JSON",
      answer: ((_asked, response) => response.writeHead(502).end("<html>")) as Answer,
    },
    {
      name: "a connection that is cut",
      answer: ((_asked, response) => response.socket?.resetAndDestroy()) as Answer,
    },
  ])("is asked for again after $name", async ({ answer }) => {
    await using twilio = await TestTwilio.start(answer);
    await texter(twilio.url).to.send(MESSAGE, NEVER);
    expect(twilio.asked).toHaveLength(2);
  });

  test("that is asked for later than a retry waits is left to whoever sends it", async () => {
    await using twilio = await TestTwilio.start(refused(429, 20429, { "retry-after": "60" }));
    const error = await failure(texter(twilio.url).to.send(MESSAGE, NEVER));
    expect(error).toMatchObject({ status: 429, retry: true });
    expect(twilio.asked).toHaveLength(1);
  });

  test("does not take its credentials elsewhere", async () => {
    await using other = await TestTwilio.start();
    const away: Answer = (_asked, response) => {
      response.writeHead(307, { location: `${other.url}/2010-04-01/x` }).end();
    };
    await using twilio = await TestTwilio.start(...Array.from({ length: 3 }, () => away));
    expect(await failure(texter(twilio.url).to.send(MESSAGE, NEVER))).toBeInstanceOf(DeliveryError);
    expect(other.asked).toEqual([]);
  });

  test("that nobody answers ends at the attempt's time-out", async () => {
    await using twilio = await TestTwilio.start(...Array.from({ length: 3 }, () => () => {}));
    const clock = virtualClock();
    const sent = failure(texter(twilio.url, clock).to.send(MESSAGE, NEVER));
    for (let n = 1; n <= 3; n++) {
      await twilio.waiting.until(() => twilio.asked.length === n);
      clock.advance(10_000);
    }
    expect(await sent).toMatchObject({ code: "TIMEOUT", retry: true });
  });

  test("reads no more of an error than an honest one has", async () => {
    await using twilio = await TestTwilio.start(endless);
    const error = await failure(texter(twilio.url).to.send(MESSAGE, NEVER));
    expect(error).toMatchObject({ code: "UNKNOWN", status: 400, retry: false });
  });

  test("that nobody listens for may be asked for later", async () => {
    const { to } = texter(`http://127.0.0.1:${await freePort()}`);
    expect(await failure(to.send(MESSAGE, NEVER))).toMatchObject({ code: "NETWORK", retry: true });
  });
});
