import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { testCertificates } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { chatErrorOf } from "../src/providers/provider-error.ts";
import {
  anthropicSays,
  openaiSays,
  openaiStream,
  startFakeAnthropic,
  startFakeOpenai,
  startFakeUpstream,
  type FakeExchange,
  type FakeUpstream,
  type Script,
} from "../src/testing/index.ts";
import { KEY, openKit, providerEnv, Reader, requestOf, type Kit } from "./_providers-kit.ts";

const { text, finish, done } = openaiSays;

function envFor(fake: FakeUpstream) {
  return providerEnv(1, { TYPE: "openai", ENDPOINT: `${fake.origin}/v1`, MODEL: "m" });
}

/** One try that ends by time; its upstream must be closed for it. */
async function timed(
  script: Script,
  act: (kit: Kit, fake: FakeUpstream, reader: Reader) => unknown,
) {
  await using fake = await startFakeOpenai(KEY);
  await using kit = openKit(envFor(fake), { attempts: 1 });
  fake.next(script);
  const reader = new Reader(kit.providers, requestOf("hi"));
  const exchange = await fake.request(1);
  await act(kit, fake, reader);
  const end = await reader.fault();
  // Cut at once, not by the server's closing.
  await exchange.closed;
  await fake.quiet();
  expect(kit.clock.pending).toBe(0);
  return { end, code: chatErrorOf(end).code, text: reader.text };
}

describe("time", () => {
  test("to the first token is 30 s, also after a head and pings", async () => {
    const { end, code } = await timed(
      (exchange) => {
        exchange.events();
        return exchange.write(": ping\n\n" + openaiSays.start());
      },
      async ({ clock }) => {
        await clock.waits(30_000);
        clock.advance(29_999);
        expect(clock.pending).toBeGreaterThan(0);
        clock.advance(1);
      },
    );
    expect([end.kind, end.afterText, code]).toEqual(["timeout_first_token", false, "LLM_TIMEOUT"]);
  });

  test("between tokens is 30 s, whatever else comes", async () => {
    const {
      end,
      code,
      text: said,
    } = await timed(
      (exchange) => {
        exchange.events();
        return exchange.write(text("Hal") + ": ping\n\n".repeat(3));
      },
      async ({ clock }, _fake, reader) => {
        await reader.until((event) => event.type === "text");
        await clock.waits(30_000);
        clock.advance(30_000);
      },
    );
    expect([end.kind, end.afterText, said, code]).toEqual([
      "broke_off",
      true,
      "Hal",
      "LLM_TIMEOUT",
    ]);
    expect((end.cause as typeof end).kind).toBe("stalled");
  });

  test("of the whole is 120 s, however steadily it drips (T-8)", async () => {
    const { end, code } = await timed(
      async (exchange) => {
        exchange.events();
        // oxlint-disable-next-line no-await-in-loop -- a drip
        while (await exchange.write(text("x")));
      },
      async ({ clock }, _fake, reader) => {
        for (let i = 1; i <= 6; i++) {
          // oxlint-disable-next-line no-await-in-loop -- one after another is what it is for
          await reader.until(() => reader.text.length > i);
          clock.advance(20_000);
        }
      },
    );
    expect([end.kind, end.afterText, code]).toEqual(["broke_off", true, "LLM_TIMEOUT"]);
    expect((end.cause as typeof end).kind).toBe("timeout_whole");
  });

  test("goes on for a model that shows its reasoning", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor(fake));
    fake.next(async (exchange) => {
      exchange.events();
      await exchange.write(openaiSays.reasoning("hm"));
    });
    const reader = new Reader(kit.providers, requestOf("hi"));
    const exchange = await fake.request(1);
    await reader.until((event) => event.type === "working");
    await kit.clock.waits(30_000);
    kit.clock.advance(20_000);
    await exchange.write(openaiSays.reasoning("hm"));
    await reader.until(() => reader.events.filter(({ type }) => type === "working").length === 2);
    await kit.clock.waits(30_000);
    kit.clock.advance(20_000);
    exchange.end(text("done") + finish() + done());
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("done");
  });

  test("is not given anew by what is no sign of work", async () => {
    await using fake = await startFakeAnthropic(KEY);
    const env = { TYPE: "anthropic", ENDPOINT: `${fake.origin}/v1`, MODEL: "m" };
    await using kit = openKit(providerEnv(1, env), { attempts: 1 });
    fake.next((exchange) => exchange.events());
    const reader = new Reader(kit.providers, requestOf("hi"));
    const exchange = await fake.request(1);
    await kit.clock.waits(30_000);
    kit.clock.advance(20_000);
    await exchange.write(anthropicSays.start(5));
    await reader.until((event) => event.type === "usage");
    await kit.clock.waits(10_000);
    kit.clock.advance(10_000);
    expect((await reader.fault()).kind).toBe("timeout_first_token");
    expect(await kit.metric(`chatbox_tokens_used_total{provider="p1"}`)).toBe(6);
  });

  test("in which the reader is slow is not the model's", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor(fake), { wholeMs: 10_000_000 });
    const answer = kit.providers.answer(
      { modelId: undefined, isAlone: false, request: requestOf("one two three") },
      new AbortController().signal,
    );
    let said = "";
    for await (const event of answer) {
      if (event.type === "text") said += event.text;
      kit.clock.advance(60_000);
    }
    expect(said).toBe("You said: one two three");
  });
});

function stream(exchange: FakeExchange): void {
  exchange.events();
  exchange.end(openaiStream(["safe"]));
}

describe("connecting", () => {
  test("has 10 s, with TLS", async () => {
    const server = await listening(createServer());
    const { port } = server.address() as AddressInfo;
    await using kit = openKit(
      providerEnv(1, { TYPE: "openai", ENDPOINT: `https://127.0.0.1:${port}/v1`, MODEL: "m" }),
      { attempts: 1 },
    );
    const connected = once(server, "connection");
    const reader = new Reader(kit.providers, requestOf("hi"));
    const [socket] = await connected;
    socket.resume();
    const gone = once(socket, "close");
    await kit.clock.waits(10_000);
    kit.clock.advance(10_000);
    expect((await reader.fault()).kind).toBe("timeout_connect");
    await gone;
    expect(kit.clock.pending).toBe(0);
    server.close();
  });

  test("with TLS is done once its handshake is, and checks the certificate", async () => {
    const { ca, server } = testCertificates();
    await using fake = await startFakeUpstream(stream, server);
    await using kit = openKit(envFor(fake), { attempts: 1 });
    const untrusted = await new Reader(kit.providers, requestOf("hi")).fault();
    expect([untrusted.kind, fake.requests.length]).toEqual(["unreachable", 0]);
    const before = getCACertificates("default");
    using _ = { [Symbol.dispose]: () => setDefaultCACertificates(before) };
    setDefaultCACertificates([ca]);
    fake.next(() => {});
    const reader = new Reader(kit.providers, requestOf("hi"));
    const exchange = await fake.request(1);
    kit.clock.advance(10_000);
    stream(exchange);
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("safe");
  });

  test("to nobody is unreachable", async () => {
    const server = await listening(createServer());
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    await using kit = openKit(
      providerEnv(1, { TYPE: "openai", ENDPOINT: `http://127.0.0.1:${port}/v1`, MODEL: "m" }),
      { attempts: 1 },
    );
    const fault = await new Reader(kit.providers, requestOf("hi")).fault();
    expect([fault.kind, fault.message]).toEqual(["unreachable", "not reached: ECONNREFUSED"]);
    expect(kit.providers.checks()).toMatchObject({
      status: "not ready",
      providers: [{ id: "p1", status: "not ready", reason: "unreachable" }],
    });
  });

  test("is done again where an idle connection turns out to be closed", async () => {
    await using fake = await startFakeOpenai(KEY);
    await using kit = openKit(envFor(fake), { attempts: 1 });
    await new Reader(kit.providers, requestOf("one")).end;
    await (await fetch(fake.origin, { headers: { connection: "close" } })).text();
    fake.next((exchange) => exchange.cut());
    const reader = new Reader(kit.providers, requestOf("two"));
    expect(await reader.end).toBeUndefined();
    expect(reader.text).toBe("You said: two");
    const [one, , cut, two] = fake.requests;
    expect([one?.port === cut?.port, cut?.port === two?.port]).toEqual([true, false]);
  });
});

async function listening(server: Server): Promise<Server> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}
