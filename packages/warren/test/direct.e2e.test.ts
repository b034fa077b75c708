// Requests that a gateway sends to a cluster's own public endpoint instead of through its tunnel.
import { once } from "node:events";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rawClient, RawService, answering, testAuthority, testDns } from "@warren/host/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { PublicEndpoint } from "./_kit/public-endpoint.ts";
import { exchange, valuesOf, type FrontProtocol, type Request } from "./_kit/web-client.ts";

const authority = testAuthority();
const owned = new AsyncDisposableStack();
let endpoint: PublicEndpoint;
let tunnelled: RawService;
let joined: Joined;
let caFile: string;

/** Speaks HTTP/2 alone, as a gRPC service does. */
async function http2Endpoint(host: string): Promise<number> {
  const server = createSecureServer(authority.issue({ hosts: [host] }));
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end("from HTTP/2");
  });
  server.on("session", (session) => owned.defer(() => session.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  owned.defer(() => void server.close());
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const folder = owned.adopt(mkdtempDisposableSync(join(tmpdir(), "warren-direct-")), (f) =>
    f.remove(),
  );
  caFile = join(folder.path, "ca.pem");
  writeFileSync(caFile, authority.ca);
  const hosts = ["app.test", "both.test", "filtered.test", "stripping.test", "*.wild.test"];
  endpoint = owned.use(await PublicEndpoint.start(authority.issue({ hosts })));
  const ok = answering("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ntunnel");
  tunnelled = owned.use(await RawService.start(ok));
  const { port } = tunnelled;
  const http2 = await http2Endpoint("grpc.test");
  const at = { scheme: "https" as const, host: "127.0.0.1", port: endpoint.port };
  const direct = { mode: "direct" as const, endpoint: at };
  const filters = {
    request_headers: { set: [{ name: "x-team", value: "blue" }] },
    rewrite: { path: { type: "prefix" as const, value: "/v1" } },
  };
  joined = owned.use(
    await Joined.start({
      directPorts: [endpoint.port, http2, 1],
      gateway: { direct: { allow: ["127.0.0.1/32"], caFile } },
      routes: [
        routeTo("app.test", port, direct),
        routeTo("both.test", port, { mode: "both", endpoint: at }),
        routeTo("stranger.test", port, direct),
        routeTo("stripping.test", port, { ...direct, policy: { strip_headers: ["cdn-loop"] } }),
        routeTo("*.wild.test", port, { ...direct, service: "wild" }),
        routeTo("filtered.test", port, { ...direct, path: "/api", filters }),
        routeTo("grpc.test", port, {
          mode: "direct",
          protocol: "h2",
          endpoint: { ...at, port: http2 },
        }),
        routeTo("gone.test", port, { mode: "direct", endpoint: { ...at, port: 1 } }),
        routeTo("ssrf.test", port, { mode: "direct", endpoint: { ...at, host: "127.0.0.2" } }),
        routeTo("ula.test", port, { mode: "direct", endpoint: { ...at, host: "fd00::1" } }),
        routeTo("meta.test", port, {
          mode: "both",
          endpoint: { scheme: "http", host: "169.254.169.254", port: 80 },
        }),
        routeTo("port.test", port, { mode: "direct", endpoint: { ...at, port: 22 } }),
      ],
    }),
  );
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  endpoint.requests = [];
  endpoint.names.length = 0;
  endpoint.answer = (_request, response) => void response.end("from the endpoint");
});

const failures = () => joined.log.lines.filter(({ msg }) => msg === "endpoint unreachable").length;
const ask = (front: FrontProtocol, host: string, asked: Request = {}) =>
  exchange(front, { port: joined.port, tlsPort: 0, ca: "", host }, asked);

describe.each(["h1", "h2c"] as const)("over %s", (front) => {
  test("a direct route's requests reach the endpoint as they would its service", async () => {
    const headers = { "x-forwarded-for": "9.9.9.9", cookie: "a=1" };
    const body = Buffer.alloc(300_000, "x");
    endpoint.answer = (request, response) => {
      let bytes = 0;
      request.on("data", (chunk: Buffer) => (bytes += chunk.length));
      request.on("end", () => response.end(`${bytes}`));
    };
    const answer = await ask(front, "app.test", {
      method: "POST",
      path: "/a%2Eb?q",
      headers,
      body,
    });
    expect([answer.status, String(answer.body)]).toEqual([200, "300000"]);
    const [request] = endpoint.requests;
    expect(request!.url).toBe("/a%2Eb?q");
    expect(request!.headers).toMatchObject({
      host: "app.test",
      cookie: "a=1",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "cdn-loop": "warren",
    });
  });

  test("a large answer streams, and its trailers pass", async () => {
    const piece = Buffer.alloc(1_048_576, "y");
    endpoint.answer = (_request, response) => {
      response.writeHead(200, { trailer: "x-sum" });
      for (let i = 0; i < 8; i++) response.write(piece);
      response.addTrailers({ "x-sum": "8" });
      response.end();
    };
    const answer = await ask(front, "app.test");
    expect(answer.body.length).toBe(8 * piece.length);
    expect(answer.trailers["x-sum"]).toBe("8");
  });

  test("a redirect is the client's to follow", async () => {
    endpoint.answer = (_request, response) =>
      void response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    const answer = await ask(front, "app.test");
    expect(answer.status).toBe(302);
    expect(valuesOf(answer, "location")).toEqual(["http://169.254.169.254/"]);
    expect(endpoint.requests).toHaveLength(1);
  });

  test("filters change what an endpoint is asked", async () => {
    await ask(front, "filtered.test", { path: "/api/x?q" });
    expect(endpoint.requests[0]!.url).toBe("/v1/x?q");
    expect(endpoint.requests[0]!.headers["x-team"]).toBe("blue");
  });

  test("while there is a tunnel, a route with both goes through it", async () => {
    expect(String((await ask(front, "both.test")).body)).toBe("tunnel");
    expect(endpoint.requests).toEqual([]);
  });

  test("a certificate for another name is not spoken to", async () => {
    const answer = await ask(front, "stranger.test", { headers: { cookie: "secret" } });
    expect(answer.status).toBe(502);
    expect(endpoint.requests).toEqual([]);
  });
});

test("the server name is the request's host, also below a wildcard, and connections are kept apart", async () => {
  for (const host of ["one.wild.test", "two.wild.test", "one.wild.test"])
    expect((await ask("h1", host)).status).toBe(200);
  expect(endpoint.names).toEqual(["one.wild.test", "two.wild.test"]);
});

test("a route that speaks HTTP/2 does so to its endpoint, with trailers, as gRPC needs", async () => {
  const answer = await ask("h2c", "grpc.test", { method: "POST", body: Buffer.from("x") });
  const said = [answer.status, String(answer.body), answer.trailers["grpc-status"]];
  expect(said).toEqual([200, "from HTTP/2", "0"]);
});

test("an upgraded connection is raw bytes both ways", async () => {
  using client = rawClient(joined.port);
  client.send("GET / HTTP/1.1\r\nhost: app.test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
  await client.has("101 Switching");
  client.send("hello through");
  await client.has("hello through");
});

test.each([
  { host: "app.test", loop: "other, warren" },
  { host: "stripping.test", loop: "warren" },
  { host: "app.test", loop: ["other; seen", "warren"] },
])(
  "a request that came back from an endpoint goes round no second time: $host, $loop",
  async ({ host, loop }) => {
    const answer = await ask("h1", host, { headers: { "cdn-loop": loop } });
    expect(answer.status).toBe(508);
    expect(endpoint.requests).toEqual([]);
  },
);

test("an endpoint where nobody answers is said to be unreachable, and not dialled by each request", async () => {
  expect((await ask("h1", "gone.test")).status).toBe(502);
  const before = failures();
  expect((await ask("h1", "gone.test")).status).toBe(502);
  expect(failures()).toBe(before);
  expect(await joined.metrics.text()).toMatch(/^gateway_endpoint_failures_total\S* [1-9]/m);
});

test.each([
  { host: "ssrf.test", says: "not public" },
  { host: "ula.test", says: "not public" },
  { host: "meta.test", says: "not public" },
  { host: "port.test", says: "port 22" },
])("$host is refused at its publication, with the reason", async ({ host, says }) => {
  const { fields } = await joined.log.line(
    (line) => line.msg === "route rejected" && line.fields["host"] === host,
  );
  expect(fields).toMatchObject({ code: "endpoint_not_allowed" });
  expect(fields["reason"]).toContain(says);
  expect((await ask("h1", host)).status).toBe(404);
});

test("a name is resolved once and judged: where it leads later changes nothing", async () => {
  await using dns = await testDns();
  dns.zone.A = { "lb.test": ["127.0.0.1"], "meta.test": ["9.9.9.9", "169.254.169.254"] };
  dns.zone.AAAA = { "local.test": ["::1"] };
  const at = (host: string) => ({
    mode: "direct" as const,
    endpoint: { scheme: "https" as const, host, port: endpoint.port },
  });
  await using other = await Joined.start({
    directPorts: [endpoint.port],
    gateway: { direct: { allow: ["127.0.0.1/32"], caFile }, dnsServers: [dns.address] },
    routes: [
      routeTo("app.test", 1, at("lb.test")),
      ...["meta", "local", "unknown"].map((name) => routeTo(`${name}.test`, 1, at(`${name}.test`))),
    ],
  });
  const rejected = other.log.lines.filter(({ msg }) => msg === "route rejected");
  expect(rejected.map(({ fields }) => [fields["host"], fields["reason"]])).toEqual([
    ["meta.test", expect.stringContaining("not public")],
    ["local.test", expect.stringContaining("not public")],
    ["unknown.test", expect.stringContaining("not resolved")],
  ]);
  dns.zone.A["lb.test"] = ["127.0.0.2"];
  const entry = { port: other.port, tlsPort: 0, ca: "", host: "app.test" };
  expect((await exchange("h1", entry, {})).status).toBe(200);
  expect(dns.asked.filter((asked) => asked === "A lb.test")).toHaveLength(1);
});

test("why says where requests go", async () => {
  const said = await fetch(`http://127.0.0.1:${joined.adminPort}/why?url=http://app.test/`);
  expect(await said.json()).toMatchObject({
    served: true,
    clusters: [
      { direct: { endpoint: `https://127.0.0.1:${endpoint.port}`, usable: true }, agents: [] },
    ],
  });
});
