import { rmSync } from "node:fs";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { answering, rawClient, RawService, testAuthority, tlsClient } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { ask, exchange, session, valuesOf } from "./_kit/web-client.ts";

const authority = testAuthority();
const issue = (...hosts: string[]) => authority.issue({ hosts });
const owned = new AsyncDisposableStack();
let joined: Joined;
let service: RawService;

beforeAll(async () => {
  service = owned.use(
    await RawService.start(answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")),
  );
  const { port } = service;
  joined = owned.use(
    await Joined.start({
      routes: [
        routeTo("one.test", port),
        routeTo("two.test", port),
        routeTo("shared.test", port),
        routeTo("plain.test", port),
        routeTo("a.wild.test", port, { policy: { hsts_seconds: 5 } }),
        routeTo("open.wild.test", port, { policy: { redirect_https: false } }),
      ],
      certificates: {
        one: issue("one.test", "shared.test"),
        two: issue("two.test"),
        wild: issue("*.wild.test"),
      },
      tls: { redirect: true, hstsSeconds: 31_536_000 },
    }),
  );
});
afterAll(() => owned.disposeAsync());

const secure = (servername: string, more = {}) =>
  tlsClient(joined.tlsPort, { ca: authority.ca, servername, ...more });
const names = ({ socket }: { socket: unknown }) =>
  (socket as TLSSocket).getPeerCertificate().subjectaltname;
const get = (host: string, target = "/") => `GET ${target} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;

describe("certificates of a folder", () => {
  test.each([
    { name: "one.test", want: "DNS:one.test, DNS:shared.test" },
    { name: "shared.test", want: "DNS:one.test, DNS:shared.test" },
    { name: "TWO.test", want: "DNS:two.test" },
    { name: "a.wild.test", want: "DNS:*.wild.test" },
  ])("are chosen by server name: $name", async ({ name, want }) => {
    using client = await secure(name);
    expect(names(client)).toBe(want);
  });

  test.each(["unknown.test", "a.b.wild.test", "wild.test"])(
    "answer for no other name: %s gets unrecognized_name",
    async (name) => {
      await expect(secure(name, { rejectUnauthorized: false })).rejects.toMatchObject({
        code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
      });
    },
  );

  test("are read again when they change, come or go, without touching connections", async () => {
    using before = await secure("two.test");
    const loaded = (name: string) => joined.log.line(({ fields }) => fields["name"] === name);
    joined.log.lines.length = 0;
    joined.writeCertificate("two", issue("two.test", "more.test"));
    await loaded("two");
    using after = await secure("two.test");
    expect(names(after)).toBe("DNS:two.test, DNS:more.test");
    joined.writeCertificate("late", issue("late.test"));
    await loaded("late");
    using late = await secure("late.test");
    expect(names(late)).toBe("DNS:late.test");
    joined.log.lines.length = 0;
    for (const suffix of ["crt", "key"]) rmSync(join(joined.certificatesFolder, `late.${suffix}`));
    await joined.log.line(({ fields }) => fields["name"] === "late");
    await expect(secure("late.test", { rejectUnauthorized: false })).rejects.toThrow();
    before.send(get("two.test"));
    await before.has("\r\n\r\nok");
  });
});

describe("ALPN", () => {
  test.each([
    { name: "h2 before http/1.1", offered: ["http/1.1", "h2"], want: "h2" },
    { name: "http/1.1", offered: ["http/1.1"], want: "http/1.1" },
  ])("chooses $name", async ({ offered, want }) => {
    using client = await secure("one.test", { ALPNProtocols: offered });
    expect((client.socket as TLSSocket).alpnProtocol).toBe(want);
  });

  test("of either kind tells the service of https", async () => {
    const entry = { port: 0, tlsPort: joined.tlsPort, ca: authority.ca, host: "one.test" };
    for (const front of ["h1 over TLS", "h2 over TLS"] as const) {
      for (const end of service.connections.splice(0)) end[Symbol.dispose]();
      expect((await exchange(front, entry, {})).status).toBe(200);
      expect(service.text).toContain("x-forwarded-proto: https\r\n");
      expect(service.text).toContain(";proto=https\r\n");
    }
  });

  test("none is HTTP/1.1", async () => {
    using client = await secure("one.test");
    client.send(get("one.test"));
    await client.has("\r\n\r\nok");
  });
});

const status = async (servername: string, host: string) => {
  using client = await secure(servername);
  client.send(get(host));
  await client.has("\r\n\r\n");
  return Number(client.text.slice(9, 12));
};

describe("421", () => {
  test.each([
    { name: "the same host", on: "one.test", host: "one.test", want: 200 },
    {
      name: "another host of the same certificate",
      on: "one.test",
      host: "shared.test",
      want: 200,
    },
    { name: "a host of another certificate", on: "one.test", host: "two.test", want: 421 },
    { name: "a host of a wildcard certificate", on: "one.test", host: "a.wild.test", want: 421 },
    { name: "a host without a certificate", on: "one.test", host: "plain.test", want: 200 },
    { name: "a host that nobody serves", on: "one.test", host: "none.test", want: 404 },
  ])("$name: $want", async ({ on, host, want }) => {
    expect(await status(on, host)).toBe(want);
  });

  test("over HTTP/2 too, and the connection goes on", async () => {
    const entry = {
      port: joined.port,
      tlsPort: joined.tlsPort,
      ca: authority.ca,
      host: "one.test",
    };
    const client = session(false, entry);
    expect((await ask(client, "two.test", {})).status).toBe(421);
    expect((await ask(client, "shared.test", {})).status).toBe(200);
    client.destroy();
  });
});

const plain = (host: string, path = "/") =>
  exchange("h1", { port: joined.port, tlsPort: 0, ca: "", host }, { method: "POST", path });

describe("plain HTTP", () => {
  test("is redirected to the same URL where there is a certificate", async () => {
    const answer = await plain("one.test", "/a;b//c?d=%41");
    expect(answer.status).toBe(308);
    expect(valuesOf(answer, "location")).toEqual([
      `https://one.test:${joined.tlsPort}/a;b//c?d=%41`,
    ]);
  });

  test("is served where there is none, or the route says so", async () => {
    expect((await plain("plain.test")).status).toBe(200);
    expect((await plain("open.wild.test")).status).toBe(200);
  });

  test("carries no Strict-Transport-Security; TLS does, as the route or the gateway says", async () => {
    using open = rawClient(joined.port, get("plain.test"));
    await open.has("\r\n\r\nok");
    expect(open.text).not.toMatch(/strict-transport-security/i);
    using one = await secure("one.test");
    one.send(get("one.test"));
    await one.has("\r\n\r\nok");
    expect(one.text).toContain("strict-transport-security: max-age=31536000\r\n");
    using wild = await secure("a.wild.test");
    wild.send(get("a.wild.test"));
    await wild.has("\r\n\r\nok");
    expect(wild.text).toContain("strict-transport-security: max-age=5\r\n");
  });
});
