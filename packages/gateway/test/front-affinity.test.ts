import { once } from "node:events";
import { connect } from "node:http2";
import { WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

const COOKIES = { policy: { affinity: "cookie" as const } };
const get = (...lines: string[]) =>
  ["GET / HTTP/1.1", "Host: app.test", "Connection: close", ...lines, "", ""].join("\r\n");
const FIELD = "x-forwarded-client";

/** One request on a connection of its own: what its service heard, and the cookies of its answer. */
async function ask(kit: FrontKit, ...lines: string[]) {
  const client = kit.send(get(...lines));
  const stream = await kit.stream();
  stream.answer("200 OK", "done");
  await client.has("done");
  const set = client.text.matchAll(/set-cookie: (\w+)=([^;]+)(; .*)/g);
  const cookies = Object.fromEntries([...set].map(([, name, value, how]) => [name, [value, how]]));
  return { names: stream.fields(FIELD), cookies };
}

describe("a client of a route that keeps clients by a cookie", () => {
  test("has a name from its first request on, which it is told once", async () => {
    await using kit = await FrontKit.start({ route: COOKIES });
    const first = await ask(kit);
    const [name] = first.names;
    expect(first.cookies).toEqual({
      warren_affinity: ["agent-cookie", "; Path=/; HttpOnly; SameSite=Lax"],
      warren_client: [name, "; Path=/; HttpOnly; SameSite=Lax"],
    });
    const again = await ask(kit, `Cookie: a=b; warren_client=${name}`);
    expect(again.names).toEqual([name]);
    expect(again.cookies["warren_client"]).toBeUndefined();
    const other = await ask(kit);
    expect(other.names).not.toEqual([name]);
  });

  test("keeps the cookie of the release before, and is named beside it", async () => {
    await using kit = await FrontKit.start({ route: COOKIES });
    const got = await ask(kit, "Cookie: warren_affinity=tag.tag");
    expect(kit.errands[0]!.sticky).toBe("tag.tag");
    expect(got.cookies["warren_client"]![0]).toBe(got.names[0]);
  });

  test.each(["", "with space", "a".repeat(65), "a\u00e4"])(
    "is named anew where it says %j, which nobody gave it",
    async (said) => {
      await using kit = await FrontKit.start({ route: COOKIES });
      const got = await ask(kit, `Cookie: warren_client=${said}`);
      expect(got.names[0]).not.toBe(said);
      expect(got.cookies["warren_client"]![0]).toBe(got.names[0]);
    },
  );

  test.each([
    { name: "in one field", lines: ["Cookie: warren_client=!; warren_client=9f86-1"] },
    { name: "in two", lines: ["Cookie: warren_client=", "Cookie: a=b; warren_client=9f86-1"] },
  ])("keeps its name behind one that no gateway gave, $name", async ({ lines }) => {
    await using kit = await FrontKit.start({ route: COOKIES });
    const got = await ask(kit, ...lines);
    expect(got.names).toEqual(["9f86-1"]);
    expect(got.cookies["warren_client"]).toBeUndefined();
  });

  test("keeps its agent behind an affinity cookie that no gateway gave", async () => {
    await using kit = await FrontKit.start({ route: COOKIES });
    await ask(kit, "Cookie: warren_affinity=!; warren_affinity=tag.tag");
    expect(kit.errands[0]!.sticky).toBe("tag.tag");
  });

  test("does not name itself by a field", async () => {
    await using kit = await FrontKit.start({ route: COOKIES });
    expect((await ask(kit, "X-Forwarded-Client: me")).names).not.toContain("me");
  });

  test("is named also where its cookies do not reach the service", async () => {
    const policy = { affinity: "cookie" as const, strip_headers: ["cookie"] };
    await using kit = await FrontKit.start({ route: { policy } });
    expect((await ask(kit, "Cookie: warren_client=9f86-1")).names).toEqual(["9f86-1"]);
  });

  test("has the same name when its request moves to another agent, whose answer tells it", async () => {
    await using kit = await FrontKit.start({ route: COOKIES });
    const client = kit.send(get());
    const refusing = await kit.stream();
    await kit.publish([{ host: "app.test", service: "other", port: 80, ...COOKIES }], "update");
    refusing.opened.reset(new WireError("refused", "draining"));
    const taking = await kit.stream();
    expect(taking.fields(FIELD)).toEqual(refusing.fields(FIELD));
    taking.answer("200 OK", "done");
    await client.has("done");
    expect(client.text).toContain(`set-cookie: warren_client=${taking.field(FIELD)};`);
  });

  test("has one over HTTP/2 too", async () => {
    await using kit = await FrontKit.start({ route: COOKIES });
    kit.onStream = (stream) => stream.answer("200 OK");
    const session = connect(`http://127.0.0.1:${kit.front.ports.http}`);
    const request = session.request({ ":authority": "app.test", ":path": "/" });
    const [head] = await once(request, "response");
    session.destroy();
    const name = kit.streams[0]!.field(FIELD);
    const cookie = `warren_client=${name}; Path=/; HttpOnly; SameSite=Lax`;
    expect(head["set-cookie"]).toContain(cookie);
  });
});

test.each([{}, { policy: { affinity: "client_ip" as const } }])(
  "a client of another route has no name and no cookie: %j",
  async (route) => {
    await using kit = await FrontKit.start({ route });
    expect(await ask(kit, "Cookie: warren_client=me")).toEqual({ names: [], cookies: {} });
  },
);
