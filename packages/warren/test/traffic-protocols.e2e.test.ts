import { createHash, randomBytes } from "node:crypto";
import { testCertificates } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import {
  exchange,
  FRONT_PROTOCOLS,
  valuesOf,
  type Entry,
  type FrontProtocol,
} from "./_kit/web-client.ts";
import {
  webService,
  type Listener,
  type ServiceProtocol,
  type WebService,
} from "./_kit/web-service.ts";

const SERVICE_PROTOCOLS: readonly ServiceProtocol[] = ["http", "https", "h2c", "h2"];
const HOSTS = SERVICE_PROTOCOLS.map((protocol) => `${protocol}.test`);
const certificates = testCertificates([...HOSTS, "localhost", "127.0.0.1"]);
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Says what it was asked, echoes bodies and trailers. */
const echo: Listener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const sum = request.trailers["x-sum"];
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    response.setHeader("x-method", request.method!);
    response.setHeader("x-path", request.url!);
    response.setHeader("x-version", request.httpVersion);
    response.setHeader("x-announced", String(request.headers["trailer"]));
    if (request.url === "/204") return response.writeHead(204).end();
    if (request.url === "/304") return response.writeHead(304, { etag: '"1"' }).end();
    response.writeHead(200, sum === undefined ? {} : { trailer: "x-sum-back" });
    if (sum !== undefined) {
      // Chunked, so that HTTP/1.1 has a place for trailers.
      response.flushHeaders();
      response.addTrailers({ "x-sum-back": sum });
    }
    response.end(Buffer.concat(chunks));
  });
};

let joined: Joined;
const services: WebService[] = [];

beforeAll(async () => {
  const routes = [];
  for (const protocol of SERVICE_PROTOCOLS) {
    const service = await webService(protocol, echo, certificates.server);
    services.push(service);
    routes.push(routeTo(`${protocol}.test`, service.port, { protocol }));
  }
  joined = await Joined.start({
    routes,
    certificates: { all: certificates.authority.issue({ hosts: HOSTS }) },
    serviceCa: certificates.ca,
  });
});
afterAll(async () => {
  await joined?.[Symbol.asyncDispose]();
  for (const service of services) service[Symbol.dispose]();
});

const pairs = FRONT_PROTOCOLS.flatMap((front) =>
  SERVICE_PROTOCOLS.map((behind) => ({ front, behind })),
);
const entry = (behind: ServiceProtocol): Entry => ({
  port: joined.port,
  tlsPort: joined.tlsPort,
  ca: certificates.ca,
  host: `${behind}.test`,
});
const ask = (front: FrontProtocol, behind: ServiceProtocol, asked = {}) =>
  exchange(front, entry(behind), asked);

describe.each(pairs)("$front in front, $behind behind", ({ front, behind }) => {
  test("a GET is answered, in the service's own protocol", async () => {
    const answer = await ask(front, behind, { path: "/a%20b;c//d?q=%C3%A9" });
    expect(answer.status).toBe(200);
    expect(valuesOf(answer, "x-path")).toEqual(["/a%20b;c//d?q=%C3%A9"]);
    expect(valuesOf(answer, "x-version")).toEqual([behind.startsWith("http") ? "1.1" : "2.0"]);
    expect(valuesOf(answer, "set-cookie")).toEqual(["a=1", "b=2"]);
  });

  test("a POST of 3 MB comes back whole", async () => {
    const body = randomBytes(3_000_001);
    const answer = await ask(front, behind, { method: "POST", body });
    expect(answer.status).toBe(200);
    expect(digest(answer.body)).toBe(digest(body));
  });

  test("a body of unknown length, trailers and their announcement pass both ways", async () => {
    const chunked = front.startsWith("h1") ? { "transfer-encoding": "chunked" } : {};
    const headers = { ...chunked, trailer: "x-sum" };
    const asked = { method: "POST", headers, body: Buffer.from("x"), trailers: { "x-sum": "42" } };
    const answer = await ask(front, behind, asked);
    expect(answer.body.toString()).toBe("x");
    expect(answer.trailers["x-sum-back"]).toBe("42");
    expect(valuesOf(answer, "x-announced")).toEqual(["x-sum"]);
    expect(valuesOf(answer, "trailer")).toEqual(["x-sum-back"]);
  });

  test("HEAD, 204, 304 and an empty POST end with their heads", async () => {
    const head = await ask(front, behind, { method: "HEAD", path: "/x" });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    const none = await ask(front, behind, { path: "/204" });
    expect([none.status, none.body.length]).toEqual([204, 0]);
    const same = await ask(front, behind, { path: "/304" });
    expect([same.status, same.body.length, valuesOf(same, "etag")]).toEqual([304, 0, ['"1"']]);
    const empty = await ask(front, behind, { method: "POST", body: Buffer.alloc(0) });
    expect([empty.status, valuesOf(empty, "x-method")]).toEqual([200, ["POST"]]);
  });
});
