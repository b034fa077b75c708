import { createSecureContext, connect as connectTls, type ConnectionOptions } from "node:tls";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { RawEnd, testAuthority } from "@warren/host/testing";
import { proxyV1, proxyV2 } from "@warren/http";
import { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import type { CertificateChoice } from "../src/front/front-context.ts";
import { ANY_PORT, FrontKit, type KitOptions } from "./_front-kit.ts";

const authority = testAuthority();
const contextFor = (host: string) => {
  const { cert, key } = authority.issue({ hosts: [host] });
  return { context: createSecureContext({ cert, key }) };
};
const contexts = {
  "app.test": contextFor("app.test"),
  "other.test": contextFor("other.test"),
  "app.localhost": contextFor("app.localhost"),
};
const certificates: CertificateChoice = {
  choose: (name) => contexts[name as keyof typeof contexts],
  misdirected: (host, name) => host in contexts && host !== name,
};
const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

function start(options: Partial<KitOptions> = {}): Promise<FrontKit> {
  return FrontKit.start({
    listeners: { tls: ANY_PORT },
    ...options,
    deps: { certificates, ...options.deps },
  });
}

function secure(kit: FrontKit, options: ConnectionOptions = {}): RawEnd {
  const client = new RawEnd(
    connectTls({
      port: kit.front.ports.tls!,
      host: "127.0.0.1",
      servername: "app.test",
      ca: authority.ca,
      ...options,
    }),
  );
  kit.clients.push(client);
  return client;
}

test("TLS is terminated with the certificate of the server name", async () => {
  await using kit = await start({ settings: { hstsSeconds: 60 } });
  const client = secure(kit);
  client.send(GET);
  const stream = await kit.stream();
  expect(stream.field("x-forwarded-proto")).toBe("https");
  stream.answer("200 OK", "safe");
  await client.has("\r\n\r\nsafe");
  expect(client.text).toContain("strict-transport-security: max-age=60");
});

test("a large answer over TLS arrives whole", async () => {
  await using kit = await start();
  const client = secure(kit);
  client.send(GET);
  const stream = await kit.stream();
  const body = Buffer.alloc(4_000_000, "y");
  stream.say(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}`);
  stream.write(body, true);
  await client.until((c) => c.received > body.length);
});

test("a server name that nobody serves gets unrecognized_name", async () => {
  await using kit = await start();
  const client = secure(kit, { servername: "unknown.test" });
  await client.until((c) => c.closed);
  expect(client.error?.code).toBe("ERR_SSL_TLSV1_UNRECOGNIZED_NAME");
});

test("a request for another certificate's host is 421", async () => {
  await using kit = await start({
    routes: [
      { host: "app.test", service: "a", port: 1 },
      { host: "other.test", service: "a", port: 1 },
      { host: "third.test", service: "a", port: 1 },
    ],
  });
  kit.onStream = (stream) => stream.answer("200 OK", "x");
  const client = secure(kit);
  client.send(GET.replace("app", "other"));
  await client.has("421 ");
  client.send(GET.replace("app", "third"));
  await client.has("200 OK");
});

test("plain HTTP redirects where there is a certificate, but on this machine", async () => {
  await using kit = await start({
    settings: { redirectPort: 8443 },
    routes: [
      { host: "app.test", service: "a", port: 1 },
      { host: "plain.test", service: "a", port: 1 },
      { host: "app.localhost", service: "a", port: 1 },
      { host: "other.test", service: "a", port: 1, policy: { redirect_https: false } },
    ],
  });
  kit.onStream = (stream) => stream.answer("200 OK", "plain");
  const client = kit.send(GET.replace(" / ", " /a?b=c "));
  await client.has("location: https://app.test:8443/a?b=c\r\n");
  expect(client.text).toMatch(/^HTTP\/1.1 308 /);
  await kit.send(GET.replace("app", "plain")).has("\r\n\r\nplain");
  await kit.send(GET.replace("app", "other")).has("\r\n\r\nplain");
  await kit.send(GET.replace("app.test", "app.localhost")).has("\r\n\r\nplain");
});

test("a passthrough route gets the bytes as they come, from the ClientHello on", async () => {
  await using kit = await start({
    routes: [{ host: "pass.test", service: "a", port: 1, kind: "passthrough" }],
  });
  const client = secure(kit, { servername: "pass.test" });
  const stream = await kit.stream();
  expect(stream.head).toMatch(/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
  await stream.until((s) => s.bytes > 0);
  expect(stream.body[0]).toBe(22);
  expect(stream.body.includes("pass.test")).toBe(true);
  stream.opened.reset(new WireError("upstream_failed", ""));
  await client.until((c) => c.closed);
});

test("a passthrough host answers no HTTP: 421", async () => {
  await using kit = await start({
    routes: [{ host: "pass.test", service: "a", port: 1, kind: "passthrough" }],
  });
  await kit.send(GET.replace("app", "pass")).has("421 ");
});

test("a passthrough connection that is refused unread goes elsewhere", async () => {
  await using kit = await start({
    routes: [{ host: "pass.test", service: "a", port: 1, kind: "passthrough" }],
  });
  secure(kit, { servername: "pass.test" });
  const first = await kit.stream();
  await first.until((s) => s.bytes > 0);
  first.opened.reset(new WireError("refused", ""));
  const second = await kit.stream();
  await second.until((s) => s.bytes === first.bytes);
  expect(second.body.equals(first.body)).toBe(true);
});

test.each([
  { name: "plain HTTP", send: GET },
  { name: "a record that is no handshake", send: "\x17\x03\x03\x00\x01x" },
  {
    name: "a hello that never ends",
    send: `\x16\x03\x01\x40\x00\x01\x00\xff\xff${"a".repeat(20_000)}`,
  },
])("$name on the TLS port is refused", async ({ send }) => {
  await using kit = await start();
  const client = new RawEnd(connect(kit.front.ports.tls!, "127.0.0.1"));
  client.send(send);
  await client.until((c) => c.closed);
});

test("a ClientHello in single bytes is understood", async () => {
  await using kit = await start();
  const splitter = createServer((near) => {
    const far = connect({ port: kit.front.ports.tls!, host: "127.0.0.1", noDelay: true });
    near.on("data", (chunk: Buffer) => {
      for (const byte of chunk) far.write(Buffer.of(byte));
    });
    far.pipe(near);
  }).listen(0, "127.0.0.1");
  await once(splitter, "listening");
  const client = secure(kit, { port: (splitter.address() as AddressInfo).port });
  client.send(GET);
  (await kit.stream()).answer("200 OK", "safe");
  await client.has("safe");
  client.socket.destroy();
  splitter.close();
});

test.each([
  {
    name: "version 1",
    header: Buffer.from(
      proxyV1({ address: "192.0.2.9", port: 4711 }, { address: "192.0.2.1", port: 443 }),
    ),
  },
  {
    name: "version 2",
    header: Buffer.from(
      proxyV2({ address: "192.0.2.9", port: 4711 }, { address: "192.0.2.1", port: 443 }),
    ),
  },
])("a trusted balancer's PROXY header, $name, says who the client is", async ({ header }) => {
  await using kit = await start({
    trusted: ["127.0.0.0/8"],
    settings: { acceptProxyProtocol: true, redirect: false },
  });
  const client = kit.connect();
  client.send(header.subarray(0, 5));
  client.send(Buffer.concat([header.subarray(5), Buffer.from(GET)]));
  const stream = await kit.stream();
  expect(stream.field("x-forwarded-for")).toBe("192.0.2.9");
  expect(kit.errands[0]!.client).toMatchObject({
    address: "192.0.2.9",
    port: 4711,
    localPort: 443,
  });
});

test("a trusted balancer without its header is refused; nobody else's is believed", async () => {
  await using kit = await start({
    trusted: ["127.0.0.0/8"],
    settings: { acceptProxyProtocol: true },
  });
  await kit.send("\x16\x03\x01").until((c) => c.closed);
  for (let n = 0; n < 2; n++) {
    const refused = await kit.send(GET).over();
    expect(refused.text).toMatch(/^HTTP\/1.1 400 .*must begin with a PROXY header.*--agent-port/s);
  }
  const told = kit.log.lines.filter(({ msg }) => msg.includes("must send a PROXY header"));
  expect(told.map(({ level }) => level)).toEqual(["warn", "debug", "debug"]);
  expect(told[0]!.fields).toMatchObject({ address: "127.0.0.1" });
  await using open = await start({ settings: { acceptProxyProtocol: true } });
  await open.send(`PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n${GET}`).has("HTTP/1.1 501 ");
});
