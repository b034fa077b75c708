import { virtualClock, type VirtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const post = (more: string): string => `POST /up HTTP/1.1\r\nHost: app.test\r\n${more}\r\n\r\n`;

async function clocked(): Promise<{ kit: FrontKit; clock: VirtualClock }> {
  const clock = virtualClock();
  return { kit: await FrontKit.start({ clock }), clock };
}

describe("time, over HTTP/1.1", () => {
  test("a head that comes too slowly is 408; one that comes fast enough is not", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const slow = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n");
    const fine = kit.send("GET / HTTP/1.1\r\nHost: app.test\r\n");
    // Heard when an answer to something later on the same listener is.
    await kit.send(GET.replace("app", "no")).has("404");
    clock.advance(29_000);
    fine.send(`X-Long: ${"a".repeat(2_000)}\r\n`);
    await kit.send(GET.replace("app", "no")).has("404");
    clock.advance(2_000);
    await slow.has("408 Request Timeout");
    fine.send("\r\n");
    (await kit.stream()).answer("200 OK", "in time");
    await fine.has("in time");
  });

  test("a body that comes too slowly is 408 while there is credit for it", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(`${post("content-length: 100000")}x`);
    const stream = await kit.stream();
    await stream.until((s) => s.bytes === 1);
    clock.advance(31_000);
    await client.has("408 Request Timeout");
    expect((await stream.until((s) => s.error !== undefined)).error!.code).toBe("request_timeout");
  });

  test("a service that does not read is its own fault: 504, not 408", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(post("content-length: 3000000"));
    client.send(Buffer.alloc(3_000_000));
    const stream = await kit.stream();
    stream.consuming = false;
    await stream.until((s) => s.bytes >= 16_000);
    clock.advance(31_000);
    await client.has("504 Gateway Timeout");
  });

  test("the time to the answer counts from the last byte of the body", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(post("content-length: 4000"));
    const stream = await kit.stream();
    clock.advance(20_000);
    client.send("a".repeat(2_000));
    await stream.until((s) => s.bytes === 2_000);
    clock.advance(20_000);
    client.send("a".repeat(2_000));
    await stream.requested();
    clock.advance(29_000);
    expect(client.text).toBe("");
    clock.advance(2_000);
    await client.has("504 Gateway Timeout");
  });

  test("once the answer has begun there is no limit", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    const client = kit.send(GET);
    const stream = await kit.stream();
    stream.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked");
    await client.has("\r\n\r\n");
    clock.advance(3_600_000);
    stream.write("still here", true);
    await client.has("still here");
  });

  test("an idle connection is closed, quietly", async () => {
    const { kit, clock } = await clocked();
    await using _ = kit;
    kit.onStream = (stream) => stream.answer("200 OK", "x");
    const client = kit.send(GET);
    await client.has("\r\n\r\nx");
    const { length } = client.text;
    clock.advance(60_000);
    expect(client.ended).toBe(false);
    clock.advance(16_000);
    await client.over();
    expect(client.text).toHaveLength(length);
  });
});
