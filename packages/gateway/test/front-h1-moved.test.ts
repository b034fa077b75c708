import { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { FrontKit, moveGate } from "./_front-kit.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const post = (more: string): string => `POST /up HTTP/1.1\r\nHost: app.test\r\n${more}\r\n\r\n`;

test("a request that was refused unread goes elsewhere with its body", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(`${post("content-length: 5")}hello`);
  const first = await kit.stream();
  await first.requested();
  first.opened.reset(new WireError("refused", "draining"));
  const second = await (await kit.stream()).requested();
  expect(second.text).toBe("hello");
  second.answer("200 OK", "took it");
  await client.has("took it");
});

test("a request that was refused unread waits for nobody when its route is gone", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(GET);
  const first = await kit.stream();
  await kit.publish([{ host: "app.test", service: "app", port: 80 }], "delete");
  first.opened.reset(new WireError("refused", "not published"));
  await client.has("no_route");
  expect(kit.errands.length).toBe(1);
});

test("a request that was refused unread goes where its path leads now, and pays once", async () => {
  const policy = { client_rate: { per_second: 0.001, burst: 1 } };
  const gone = { host: "app.test", path: "/x", service: "x", port: 80, policy };
  await using kit = await FrontKit.start({ route: { policy } });
  await kit.publish([gone]);
  const client = kit.send(GET.replace("/", "/x"));
  const first = await kit.stream();
  await kit.publish([gone], "delete");
  first.opened.reset(new WireError("refused", "not published"));
  (await kit.stream()).answer("200 OK", "the rest");
  await client.has("the rest");
  const services = kit.errands.map(({ matched }) => matched.entries[0]!.route.service);
  expect(services).toEqual(["x", "app"]);
});

test("a request that was refused unread is held to what its route says now", async () => {
  await using kit = await FrontKit.start();
  const client = kit.send(GET);
  const first = await kit.stream();
  const policy = { allow: ["192.0.2.0/24"] };
  await kit.publish([{ host: "app.test", service: "app", port: 80, policy }], "update");
  first.opened.reset(new WireError("refused", "draining"));
  await client.has("403 Forbidden");
  expect(kit.streams).toHaveLength(1);
});

test("what comes of a body while another agent is looked for is not lost", async () => {
  const { gate, moved, open } = moveGate();
  await using kit = await FrontKit.start({ gate });
  const client = kit.send(`${post("content-length: 10")}hello`);
  const first = await kit.stream();
  await first.until((s) => s.bytes === 5);
  first.opened.reset(new WireError("refused", "draining"));
  await moved;
  client.send("world");
  // Heard by the time that something later is answered.
  await kit.send(GET.replace("app", "no")).has("404");
  open();
  const second = await (await kit.stream()).requested();
  expect(second.text).toBe("helloworld");
});

test("a request that everybody refuses is 503", async () => {
  await using kit = await FrontKit.start();
  kit.onStream = (stream) => stream.opened.reset(new WireError("refused", ""));
  const client = kit.send(GET);
  await client.has("503 Service Unavailable");
  expect(kit.streams).toHaveLength(65);
});
