import { Secret } from "@warren/host";
import { expect, test } from "vitest";
import type { ProviderConfig } from "../src/providers/provider-config.ts";
import { startFakeUpstream } from "../src/testing/index.ts";
import { apiOf } from "./_api.ts";
import { runningChat, tokenOf } from "./_running-chat.ts";
import { device, entry, say, UNLIMITED } from "./_talk-kit.ts";

/** A chat whose answers come from a function, later, by events of its own. */
async function answeredLater() {
  const opened = new AsyncDisposableStack();
  const upstream = opened.use(
    await startFakeUpstream((exchange) => {
      exchange.head(202, {});
      exchange.end("");
    }),
  );
  const provider: ProviderConfig = {
    id: "agent",
    name: "Agent",
    type: "function",
    model: "",
    endpoint: new URL(`${upstream.origin}/`),
    apiKey: Secret.text("LLM_PROVIDER_1_API_KEY", "sk-function"),
    mode: "binary",
    prices: undefined,
  };
  const running = opened.use(await runningChat({ providers: [provider], rates: UNLIMITED }));
  const post = apiOf(running.chat.port, undefined);
  return { running, upstream, post, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const CE = (id: string) => ({
  "ce-specversion": "1.0",
  "ce-id": id,
  "ce-source": "/agent",
  "ce-type": "agent.response",
});
const data = (idempotency_key: string, response: string) => ({
  idempotency_key,
  conversation_id: "c",
  response,
});

test.each(["binary", "structured"] as const)(
  "a function's answer comes in by an event of its own, in %s mode, and counts once",
  async (mode) => {
    await using chat = await answeredLater();
    using alice = await device(chat.running.chat.port, tokenOf("alice"), "phone");
    await say(alice, "hello?");
    const asked = await chat.upstream.request(1);
    const { idempotency_key: key } = JSON.parse(asked.body) as { idempotency_key: string };
    const send = () =>
      mode === "binary"
        ? chat.post("POST", "/events", data(key, "Here I am."), CE("e1"))
        : chat.post(
            "POST",
            "/events",
            JSON.stringify({
              specversion: "1.0",
              id: "e1",
              source: "/agent",
              type: "agent.response",
              data: data(key, "Here I am."),
            }),
            { "content-type": "application/cloudevents+json" },
          );
    expect(await send()).toMatchObject({ status: 202, body: { status: "delivered" } });
    await entry(alice, (one) => one.kind === "message" && one.content === "Here I am.");
    expect(await send()).toMatchObject({ status: 202, body: { status: "duplicate" } });
  },
);

test("the id of the run, which every viewer has, lets no answer in", async () => {
  await using chat = await answeredLater();
  using alice = await device(chat.running.chat.port, tokenOf("alice"), "phone");
  await say(alice, "hello?");
  await chat.upstream.request(1);
  const { run } = await alice.next("run_start");
  const forged = data(run.run_id, "You get it for free.");
  expect(await chat.post("POST", "/events", forged, CE("e1"))).toMatchObject({
    status: 404,
    body: { code: "NOT_FOUND" },
  });
  alice.send({ type: "stop" });
  await entry(alice, (one) => one.kind === "message" && one.sender === "ai");
  expect(JSON.stringify(alice.heard)).not.toContain("for free");
});

test.each([
  { name: "no event", body: "{}", headers: {}, status: 400 },
  {
    name: "another event",
    body: data("k", "x"),
    headers: { ...CE("1"), "ce-type": "x" },
    status: 400,
  },
  { name: "no text", body: { idempotency_key: "k" }, headers: CE("1"), status: 400 },
  { name: "too much", body: data("k", "x".repeat(1_100_000)), headers: CE("1"), status: 413 },
])("what is $name is refused", async ({ body, headers, status }) => {
  await using chat = await answeredLater();
  const answer = await chat.post("POST", "/events", body, headers);
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.body)).not.toContain("xxxx");
});
