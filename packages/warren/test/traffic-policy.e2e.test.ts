import { hashBasicAuth } from "@warren/gateway";
import { answering, leapingClock, rawClient, RawService, type RawEnd } from "@warren/host/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { passTime } from "./_kit/pass-time.ts";
import { exchange, valuesOf, type FrontProtocol, type Request } from "./_kit/web-client.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const SECRETS = ["Basic c2VjcmV0", "cookie-secret", "token-secret", "query-secret"];
const owned = new AsyncDisposableStack();
let joined: Joined;
let service: RawService;
const FRONTS = ["h1", "h2c"] as const;
/** To the head of an answer of slow.test; a slow body is cut off after 30 s. */
const HEAD_MS = 8_000;
/** Deadlines are looked at once a second. */
const LOOK_MS = 1_000;
const SLOW_MS = 30_000;
const clock = leapingClock();
const pass = (ms: number) => passTime({ clock, port: joined.port, host: "app.test" }, ms);

beforeAll(async () => {
  service = owned.use(await RawService.start());
  const { port } = service;
  const strip = ["authorization", "Cookie", "x-auth-token"];
  const password = await hashBasicAuth("user", "pass");
  const rate = { per_second: 0.1, burst: 2 };
  joined = owned.use(
    await Joined.start({
      clock,
      routes: [
        routeTo("app.test", port),
        routeTo("strip.test", port, { policy: { strip_headers: strip } }),
        routeTo("limited.test", port, { policy: { rate } }),
        routeTo("each.test", port, { policy: { client_rate: rate } }),
        routeTo("auth.test", port, { policy: { basic_auth: [password] } }),
        routeTo("inside.test", port, { policy: { allow: ["10.0.0.0/8"] } }),
        routeTo("local.test", port, { policy: { allow: ["127.0.0.1/32"] } }),
        routeTo("small.test", port, { policy: { max_body_bytes: 1_000 } }),
        routeTo("slow.test", port, { policy: { head_timeout_ms: HEAD_MS } }),
        routeTo("patient.test", port, { policy: { head_timeout_ms: 100 * SLOW_MS } }),
        routeTo("nobody.test", 1),
      ],
    }),
  );
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  for (const end of service.connections.splice(0)) end[Symbol.dispose]();
  service.onConnection = answering(OK);
});

/** Answers requests for nothing, and lets a test answer the others. */
function answersGets(end: RawEnd): void {
  end.socket.on("data", (data: Buffer) => {
    if (data.toString("latin1").startsWith("GET ")) end.send(OK);
  });
}

const ask = (front: FrontProtocol, host: string, asked: Request = {}, to = joined) =>
  exchange(front, { port: to.port, tlsPort: 0, ca: "", host }, asked);
const seen = (name: string) =>
  service.text
    .split("\r\n")
    .filter((line) => line.toLowerCase().startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2));

describe.each(FRONTS)("over %s", (front) => {
  test("foreign forwarding fields are dropped, in every spelling, and ours are set", async () => {
    const headers = {
      "x-forwarded-for": "1.2.3.4",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.test",
      "x-forwarded-port": "1",
      x_forwarded_for: "1.2.3.4",
      "x-forwarded_for": "1.2.3.4",
      forwarded: "for=1.2.3.4;proto=https",
      "x-real-ip": "1.2.3.4",
      "x_real-ip": "1.2.3.4",
    };
    await ask(front, "app.test", { headers });
    expect(service.text).not.toMatch(/1\.2\.3\.4|evil/);
    expect(seen("x-forwarded-for")).toEqual(["127.0.0.1"]);
    expect(seen("x-forwarded-proto")).toEqual(["http"]);
    expect(seen("x-forwarded-host")).toEqual(["app.test"]);
    expect(seen("forwarded")).toEqual(["for=127.0.0.1;host=app.test;proto=http"]);
  });

  test("Authorization, Cookie and X-Auth-Token reach the application, unless the route strips them", async () => {
    const headers = {
      authorization: SECRETS[0]!,
      cookie: "a=1",
      "x-auth-token": "t",
      "x-other": "1",
    };
    await ask(front, "app.test", { headers });
    for (const [name, value] of Object.entries(headers)) expect(seen(name)).toEqual([value]);
    for (const end of service.connections.splice(0)) end[Symbol.dispose]();
    await ask(front, "strip.test", { headers });
    expect(seen("x-other")).toEqual(["1"]);
    for (const name of ["authorization", "cookie", "x-auth-token"]) expect(seen(name)).toEqual([]);
  });

  test("a request id goes in and out; one that is no id is replaced", async () => {
    const good = await ask(front, "app.test", { headers: { "x-request-id": "abc-123" } });
    expect(valuesOf(good, "x-request-id")).toEqual(["abc-123"]);
    const bad = await ask(front, "app.test", { headers: { "x-request-id": "<script>" } });
    const ids = seen("x-request-id");
    expect(ids).toEqual(["abc-123", valuesOf(bad, "x-request-id")[0]]);
    expect(ids[1]).not.toContain("<");
  });

  test("trace context passes", async () => {
    const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
    await ask(front, "app.test", { headers });
    expect(seen("traceparent")).toEqual([headers.traceparent]);
  });

  test("a route's password is asked for, checked, and is the route's alone", async () => {
    const none = await ask(front, "auth.test");
    expect(none.status).toBe(401);
    expect(valuesOf(none, "www-authenticate")[0]).toMatch(/^Basic /);
    const wrong = { authorization: `Basic ${btoa("user:wrong")}` };
    expect((await ask(front, "auth.test", { headers: wrong })).status).toBe(401);
    expect(service.connections.length).toBe(0);
    const right = { authorization: `Basic ${btoa("user:pass")}` };
    expect((await ask(front, "auth.test", { headers: right })).status).toBe(200);
  });

  test("addresses that a route does not allow are refused", async () => {
    expect((await ask(front, "inside.test")).status).toBe(403);
    // Nobody is believed who says to be another.
    const headers = { "x-forwarded-for": "10.0.0.1" };
    expect((await ask(front, "inside.test", { headers })).status).toBe(403);
    expect(service.connections.length).toBe(0);
    expect((await ask(front, "local.test")).status).toBe(200);
  });

  test("a body that is too large is 413, announced or not", async () => {
    const body = Buffer.alloc(1_001);
    const announced = { method: "POST", body, headers: { "content-length": "1001" } };
    expect((await ask(front, "small.test", announced)).status).toBe(413);
    expect(service.connections.length).toBe(0);
    const more = front === "h1" ? { headers: { "transfer-encoding": "chunked" } } : {};
    expect((await ask(front, "small.test", { method: "POST", body, ...more })).status).toBe(413);
    const fits = { method: "POST", headers: { "content-length": "0" } };
    expect((await ask(front, "small.test", fits)).status).toBe(200);
  });

  test("a head that is too large is 431", async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`x-${n}`, "a".repeat(4_000)]),
    );
    expect((await ask(front, "app.test", { headers })).status).toBe(431);
    expect(service.connections.length).toBe(0);
  });

  test("a service that does not answer in time is 504", async () => {
    service.onConnection = undefined;
    const answer = ask(front, "slow.test");
    const end = await (await service.connection()).has("\r\n\r\n");
    clock.leap(HEAD_MS + LOOK_MS);
    expect((await answer).status).toBe(504);
    await end.over();
  });

  test("informational answers do not put the final one off", async () => {
    service.onConnection = undefined;
    const { promise: hint, resolve: onHint } = Promise.withResolvers<void>();
    const answer = ask(front, "slow.test", { onHint });
    const end = await (await service.connection()).has("\r\n\r\n");
    clock.leap(HEAD_MS / 2);
    end.send("HTTP/1.1 103 Early Hints\r\nx: 1\r\n\r\n");
    await hint;
    clock.leap(HEAD_MS / 2 + LOOK_MS);
    expect((await answer).status).toBe(504);
  });

  test("a service that is not there is 502, and nothing is said of where it is not", async () => {
    for (const accept of ["application/json", "text/html,*/*;q=0.1"]) {
      const answer = await ask(front, "nobody.test", { headers: { accept } });
      expect(answer.status).toBe(502);
      expect(answer.body.toString()).not.toMatch(/127\.0\.0\.1|ECONN|nobody|agent|\bat /);
    }
  });

  test("a service that speaks no HTTP is 502", async () => {
    service.onConnection = (end) => end.socket.once("data", () => end.send("SSH-2.0-x\r\n\r\n"));
    expect((await ask(front, "app.test")).status).toBe(502);
  });

  test("errors are JSON or a page, as the client accepts, with code and request id", async () => {
    const headers = { accept: "text/html", "x-request-id": "my-id" };
    const page = await ask(front, "none.test", { headers });
    expect([page.status, valuesOf(page, "content-type")]).toEqual([
      404,
      ["text/html; charset=utf-8"],
    ]);
    expect(page.body.toString()).toMatch(/no_route[^]*my-id/);
    const json = await ask(front, "none.test", { headers: { "x-request-id": "my-id" } });
    expect(valuesOf(json, "content-type")).toEqual(["application/json"]);
    expect(JSON.parse(json.body.toString())).toMatchObject({
      error: { code: "no_route", request_id: "my-id" },
    });
    const head = await ask(front, "none.test", { method: "HEAD" });
    expect([head.status, head.body.length]).toEqual([404, 0]);
  });
});

describe("rate limits", () => {
  test("of a route: 429 with Retry-After, and nothing reaches the service", async () => {
    const statuses = [];
    for (let n = 0; n < 4; n++) statuses.push((await ask("h1", "limited.test")).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
    const answer = await ask("h2c", "limited.test");
    const [seconds] = valuesOf(answer, "retry-after");
    expect(Number(seconds)).toBeGreaterThanOrEqual(1);
    expect(Number(seconds)).toBeLessThanOrEqual(10);
    expect(service.text.match(/^GET /gm)?.length).toBe(2);
  });

  test("of a client, whatever it says to be", async () => {
    const statuses = [];
    for (let n = 0; n < 3; n++) {
      const headers = { "x-forwarded-for": `1.2.3.${n}` };
      statuses.push((await ask("h1", "each.test", { headers })).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  test("of a token, over all its routes; of its clients, each for itself", async () => {
    const rate = { per_second: 0.1, burst: 3 };
    const client_rate = { per_second: 0.1, burst: 2 };
    const routes = ["a.test", "b.test"].map((host) => routeTo(host, service.port));
    await using limited = await Joined.start({
      routes,
      rates: { rate, client_rate },
      gateway: { trustedProxies: ["127.0.0.1/32"] },
    });
    const from = async (host: string, address: string) =>
      (await ask("h1", host, { headers: { "x-forwarded-for": address } }, limited)).status;
    expect(await from("a.test", "192.0.2.1")).toBe(200);
    expect(await from("b.test", "192.0.2.1")).toBe(200);
    expect(await from("a.test", "192.0.2.1")).toBe(429);
    expect(await from("a.test", "192.0.2.2")).toBe(200);
    expect(await from("b.test", "192.0.2.3")).toBe(429);
  });
});

describe("time", () => {
  test("to the answer's head counts from the last byte of the body that was passed on", async () => {
    service.onConnection = answersGets;
    using client = rawClient(
      joined.port,
      "POST / HTTP/1.1\r\nhost: slow.test\r\ncontent-length: 6\r\n\r\n",
    );
    // Three pieces, each within the limit but not together.
    const end = await (await service.connection()).has("\r\n\r\n");
    for (const sent of ["aa", "aabb", "aabbcc"]) {
      await pass(HEAD_MS - 2 * LOOK_MS);
      client.send(sent.slice(-2));
      await end.has(sent);
    }
    await pass(HEAD_MS - 2 * LOOK_MS);
    expect(client.text).toBe("");
    clock.leap(3 * LOOK_MS);
    await client.has("\r\n\r\n");
    expect(client.text).toMatch(/^HTTP\/1.1 504 /);
  });

  test("is never limited once an answer has begun", async () => {
    service.onConnection = undefined;
    using client = rawClient(joined.port, "GET / HTTP/1.1\r\nhost: slow.test\r\n\r\n");
    const end = await (await service.connection()).has("\r\n\r\n");
    service.onConnection = answering(OK);
    end.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    await client.has("\r\n\r\n");
    await pass(20 * HEAD_MS);
    end.send("2\r\nok\r\n0\r\n\r\n");
    await client.has("0\r\n\r\n");
  });

  test("slow heads and slow bodies are cut off", async () => {
    service.onConnection = answersGets;
    using head = rawClient(joined.port, "GET / HTTP/1.1\r\nhost: app.test\r\nx-a");
    using body = rawClient(
      joined.port,
      "POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: 100\r\n\r\nslow",
    );
    const end = await (await service.connection()).has("slow");
    // A window may have begun before the bytes came: the one behind it has none.
    await pass(2 * SLOW_MS + LOOK_MS);
    await head.over();
    expect(head.text).toMatch(/^HTTP\/1.1 408 /);
    await body.over();
    expect(body.text).toMatch(/^HTTP\/1.1 408 /);
    await end.over();
  });

  test("a body that the service does not read is not slow", async () => {
    service.onConnection = answersGets;
    const size = 50_000_000;
    using large = rawClient(
      joined.port,
      `POST / HTTP/1.1\r\nhost: patient.test\r\ncontent-length: ${size}\r\n\r\n`,
    );
    const reader = await (await service.connection()).has("\r\n\r\n");
    reader.socket.pause();
    large.send(Buffer.alloc(size));
    await pass(10 * SLOW_MS);
    expect(large.text).toBe("");
    reader.socket.resume();
    await reader.until(({ received }) => received > size);
    reader.send(OK);
    await large.has("\r\n\r\nok");
  });
});

describe("a trusted proxy in front", () => {
  test("is believed about clients and protocol, and its words are kept", async () => {
    await using behind = await Joined.start({
      routes: [
        routeTo("app.test", service.port),
        routeTo("inside.test", service.port, { policy: { allow: ["10.0.0.0/8"] } }),
      ],
      gateway: { trustedProxies: ["127.0.0.0/8", "192.168.0.0/16"] },
    });
    const headers = {
      "x-forwarded-for": "6.6.6.6, 10.1.2.3, 192.168.1.1",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "outside.test",
      forwarded: "for=10.1.2.3",
    };
    expect((await ask("h1", "inside.test", { headers }, behind)).status).toBe(200);
    expect(seen("x-forwarded-for")).toEqual(["6.6.6.6, 10.1.2.3, 192.168.1.1, 127.0.0.1"]);
    expect(seen("x-forwarded-proto")).toEqual(["https"]);
    expect(seen("x-forwarded-host")).toEqual(["outside.test"]);
    expect(seen("forwarded")).toEqual(["for=10.1.2.3, for=127.0.0.1;host=inside.test;proto=http"]);
    // The leftmost address is the client's own word.
    const lie = { headers: { "x-forwarded-for": "10.0.0.1, 6.6.6.6" } };
    expect((await ask("h1", "inside.test", lie, behind)).status).toBe(403);
  });
});

test("no log line shows Authorization, Cookie, X-Auth-Token or a query", async () => {
  joined.log.lines.length = 0;
  const headers = {
    authorization: SECRETS[0]!,
    cookie: SECRETS[1]!,
    "x-auth-token": SECRETS[2]!,
  };
  const path = `/path?key=${SECRETS[3]}`;
  for (const front of FRONTS)
    for (const host of ["app.test", "auth.test", "none.test", "nobody.test", "strip.test"])
      await ask(front, host, { headers, path });
  using client = rawClient(
    joined.port,
    `GET ${path} HTTP/1.1\r\nhost: app.test\r\nauthorization: ${SECRETS[0]}\r\nbad header: x\r\n\r\n`,
  );
  await client.over();
  const lines = joined.log.lines.filter(({ msg }) => msg === "Gateway proxy request");
  expect(lines.length).toBe(10);
  expect(lines[0]!.fields).toMatchObject({
    host: "app.test",
    path: "/path",
    method: "GET",
    status: 200,
  });
  const all = JSON.stringify(joined.log.lines);
  for (const secret of SECRETS) expect(all).not.toContain(secret);
});
