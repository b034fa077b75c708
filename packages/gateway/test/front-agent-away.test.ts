import { once } from "node:events";
import { connect, type ClientHttp2Stream } from "node:http2";
import { text } from "node:stream/consumers";
import { virtualClock, type VirtualClock } from "@warren/host/testing";
import { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

async function clocked(): Promise<{ kit: FrontKit; clock: VirtualClock }> {
  const clock = virtualClock();
  return { kit: await FrontKit.start({ clock }), clock };
}

test("no service is called slow whose agent is away, and the agent hears of it when it is back", async () => {
  const { kit, clock } = await clocked();
  await using _ = kit;
  const client = kit.send(GET);
  const stream = await kit.stream();
  kit.pair.pipe.cut();
  clock.advance(31_000);
  await client.has("tunnel_lost");
  expect(client.text).toMatch(/^HTTP\/1.1 502 Bad Gateway/);
  stream.say("HTTP/1.1 200 OK\r\nx-late: 1");
  kit.pair.join();
  expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("tunnel_lost");
  kit.onStream = (next) => next.answer("200 OK", "next");
  client.send(GET);
  await client.has("next");
  expect(client.text).not.toContain("x-late");
});

test.each([
  { name: "while it says that the agent is away", isAway: true, want: /502 .*tunnel_lost/s },
  { name: "while it does not", isAway: false, want: /504 .*upstream_timeout/s },
])("over another gateway a request is too late $name", async ({ isAway, want }) => {
  const { kit, clock } = await clocked();
  await using _ = kit;
  let isAwayThere = false;
  kit.isAway = () => isAwayThere;
  const client = kit.send(GET);
  await kit.stream();
  isAwayThere = isAway;
  clock.advance(31_000);
  await client.has("request_id");
  expect(client.text).toMatch(want);
});

test("a request whose agent is away for a while is answered by it, once", async () => {
  const { kit, clock } = await clocked();
  await using _ = kit;
  const client = kit.send(GET);
  const stream = await kit.stream();
  kit.pair.pipe.cut();
  clock.advance(29_000);
  kit.pair.join();
  stream.answer("200 OK", "after all");
  await client.has("after all");
  expect(kit.streams).toHaveLength(1);
});

test("over HTTP/2 it is the same", async () => {
  const { kit, clock } = await clocked();
  await using _ = kit;
  const session = connect(`http://127.0.0.1:${kit.front.ports.http}`);
  const asked: ClientHttp2Stream = session.request({ ":authority": "app.test" });
  const answer = once(asked, "response") as Promise<[Record<string, unknown>]>;
  await kit.stream();
  kit.pair.pipe.cut();
  clock.advance(31_000);
  const [head] = await answer;
  expect([head[":status"], await text(asked)]).toEqual([
    502,
    expect.stringContaining("tunnel_lost"),
  ]);
  session.destroy();
});

test("an agent whose token is revoked leaves its visitors a 502: they are asked for no token", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(GET);
  await kit.stream();
  kit.pair.acceptor.fail(new WireError("token_revoked", "the agent token was revoked"));
  await client.has("tunnel_lost");
  expect(client.text).toMatch(/^HTTP\/1.1 502 /);
});
