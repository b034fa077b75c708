import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { freePort } from "@warren/host/testing";
import { KIND, WireError, type RouteInput } from "@warren/wire";
import { expect, test } from "vitest";
import { CLUSTER, FrontKit, type AgentStream } from "./_front-kit.ts";

const OTHER = "22222222-2222-4222-8222-222222222222";

const routeAt = (port: number, more: Partial<RouteInput> = {}): RouteInput => ({
  kind: "tcp",
  service: "db",
  port: 5432,
  public_port: port,
  ...more,
});

const open = async (): Promise<{ kit: FrontKit; port: number }> => {
  const port = await freePort();
  const kit = await FrontKit.start({ routes: [routeAt(port)] });
  await kit.log.line((line) => line.fields["port"] === port);
  return { kit, port };
};

test("a tcp route's port carries raw bytes, each direction with its own end", async () => {
  const { kit, port } = await open();
  await using _ = kit;
  const client = kit.connect(port);
  client.send("ping");
  const stream = await kit.stream();
  expect(stream.kind).toBe(KIND.tcp);
  expect(stream.head).toMatch(new RegExp(`^PROXY TCP4 127.0.0.1 127.0.0.1 \\d+ ${port}\r\n$`));
  await stream.until((s) => s.text === "ping");
  client.socket.end();
  await stream.requested();
  stream.write("pong", true);
  await client.until((c) => c.closed);
  expect(client.text).toBe("pong");
  const line = await kit.log.line(({ msg }) => msg === "tcp connection closed");
  expect(line.fields).toMatchObject({ bytes_in: 4, bytes_out: 4, cluster_uuid: CLUSTER });
});

test("a service that speaks first is heard", async () => {
  const { kit, port } = await open();
  await using _ = kit;
  const client = kit.connect(port);
  (await kit.stream()).write("220 ready");
  await client.has("220 ready");
});

test("ports open and close as routes come and go; connections stay", async () => {
  const { kit, port } = await open();
  await using _ = kit;
  const client = kit.connect(port);
  const stream = await kit.stream();
  await kit.registry.apply({
    clusterUuid: CLUSTER,
    group: "group",
    tokenId: "token",
    allowed: ["*"],
    tcpAllowed: true,
    action: "sync",
    revision: undefined,
    routes: [],
  });
  const late = kit.connect(port);
  await late.until((c) => c.closed);
  expect(late.error?.code).toBe("ECONNREFUSED");
  stream.write("still here");
  await client.has("still here");
});

const refuse = (stream: AgentStream) => stream.opened.reset(new WireError("refused", ""));

test("a connection that was refused unread waits for nobody when its route is gone", async () => {
  const { kit, port } = await open();
  await using _ = kit;
  const client = kit.connect(port);
  const first = await kit.stream();
  await kit.publish([routeAt(port)], "delete");
  refuse(first);
  await client.until((c) => c.closed);
  expect(client.error?.code).toBe("ECONNRESET");
  expect(kit.errands).toHaveLength(1);
  const line = await kit.log.line(({ msg }) => msg === "tcp connection closed");
  expect(line.fields["code"]).toBe("no_route");
});

test("a connection that was refused unread goes where its port leads now, and counts there", async () => {
  const { kit, port } = await open();
  await using _ = kit;
  const client = kit.connect(port);
  client.send("ping");
  const first = await kit.stream();
  await first.until((s) => s.text === "ping");
  await kit.publish([routeAt(port)], "delete");
  await kit.publish([routeAt(port, { service: "other" })], "add", OTHER);
  refuse(first);
  const second = await kit.stream();
  await second.until((s) => s.text === "ping");
  expect(kit.errands.at(-1)!.matched.entries[0]!.clusterUuid).toBe(OTHER);
  const connections = async () =>
    (await kit.metrics.text()).match(/(?<=^gateway_tcp_connections\{.*\} )\d/gm);
  expect(await connections()).toEqual(["0", "1"]);
  second.write("pong", true);
  client.socket.end();
  await kit.log.line(({ msg }) => msg === "tcp connection closed");
  expect(client.text).toBe("pong");
  expect(await connections()).toEqual(["0", "0"]);
});

test("what a client says while another agent is looked for is not lost, nor that it said all", async () => {
  const [moved, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let dispatches = 0;
  const port = await freePort();
  await using kit = await FrontKit.start({
    routes: [routeAt(port)],
    gate: () => {
      if (++dispatches === 1) return undefined;
      moved.resolve();
      return gate.promise;
    },
  });
  await kit.log.line((line) => line.fields["port"] === port);
  const client = kit.connect(port);
  client.send("hello ");
  const first = await kit.stream();
  await first.until((s) => s.text === "hello ");
  refuse(first);
  await moved.promise;
  client.send("world");
  client.socket.end();
  // Heard by the time that something later is answered.
  await kit.send("GET / HTTP/1.1\r\nHost: no.test\r\n\r\n").has("404");
  gate.resolve();
  expect((await (await kit.stream()).requested()).text).toBe("hello world");
});

test("a connection that was refused unread is held to what its route says now", async () => {
  const { kit, port } = await open();
  await using _ = kit;
  const client = kit.connect(port);
  const first = await kit.stream();
  await kit.publish([routeAt(port, { policy: { allow: ["192.0.2.0/24"] } })], "update");
  refuse(first);
  await client.until((c) => c.closed);
  expect(kit.streams).toHaveLength(1);
});

test("a port that another program holds is told of", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  await using kit = await FrontKit.start({
    routes: [{ kind: "tcp", service: "db", port: 5432, public_port: port }],
  });
  const line = await kit.log.line(({ msg }) => msg === "public port not open");
  expect(line.fields["port"]).toBe(port);
  holder.close();
});
