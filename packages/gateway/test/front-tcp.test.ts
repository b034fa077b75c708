import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { freePort } from "@warren/host/testing";
import { KIND } from "@warren/wire";
import { expect, test } from "vitest";
import { CLUSTER, FrontKit } from "./_front-kit.ts";

const open = async (): Promise<{ kit: FrontKit; port: number }> => {
  const port = await freePort();
  const kit = await FrontKit.start({
    routes: [{ kind: "tcp", service: "db", port: 5432, public_port: port }],
  });
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
