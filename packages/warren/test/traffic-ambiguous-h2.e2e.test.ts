import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { answering, http2Frames, rawClient, RawService } from "@warren/host/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";

const { answered, piece, request, reset } = http2Frames;
const owned = new AsyncDisposableStack();
let joined: Joined;
let service: RawService;

beforeAll(async () => {
  service = owned.use(await RawService.start());
  joined = owned.use(await Joined.start({ routes: [routeTo("app.test", service.port)] }));
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  for (const end of service.connections.splice(0)) end[Symbol.dispose]();
  service.onConnection = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
});

const P = (more: string[], { method = "GET", path = "/", authority = "app.test" } = {}) =>
  [":method", method, ":path", path, ":scheme", "http", ":authority", authority].concat(more);

describe("what no request over HTTP/2 should say", () => {
  let client: ClientHttp2Session;
  beforeEach(() => {
    client = connectHttp2(`http://127.0.0.1:${joined.port}`, {
      strictFieldWhitespaceValidation: false,
    } as object);
    client.on("error", () => {});
    return () => client.destroy();
  });
  const tricks = [
    { name: "a path without a slash", head: P([], { path: "x" }) },
    { name: "a path that is a URL", head: P([], { path: "http://other.test/" }) },
    { name: "a path with a space", head: P([], { path: "/a HTTP/1.1" }) },
    { name: "a path with a fragment", head: P([], { path: "/a#b" }) },
    { name: "a method with a space", head: P([], { method: "GET /x" }) },
    { name: "an unknown method", head: P([], { method: "SMUGGLE" }) },
    { name: "an authority with a path", head: P([], { authority: "app.test/x" }) },
    { name: "an authority with a user", head: P([], { authority: "a@app.test" }) },
    { name: "two authorities", head: P(["host", "other.test"]) },
    { name: "a length that ends early", head: P(["content-length", "5"]) },
    { name: "a length that is none", head: P(["content-length", "x"]) },
  ];
  test.each(tricks)("$name never reaches the service", async ({ head }) => {
    const outcome = await new Promise<string>((resolve) => {
      try {
        const asked = client.request(head, { endStream: true });
        asked.on("response", (fields) => resolve(String(fields[":status"])));
        asked.on("error", () => resolve("reset"));
        asked.on("close", () => resolve("reset"));
      } catch {
        resolve("unsaid");
      }
    });
    expect(outcome).toMatch(/^(400|501|reset|unsaid)$/);
    expect(service.connections.length).toBe(0);
  });

  const usual = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "app.test"],
  ];
  const spoken = [
    { name: "capitals in a name", fields: [...usual, ["Content-Length", "0"]] },
    {
      name: "CR LF in the path",
      fields: [...usual.slice(0, 2), [":path", "/ HTTP/1.1\r\nx: y"], usual[3]!],
    },
    {
      name: "CR LF in the method",
      fields: [[":method", "GET / HTTP/1.1\r\nx: y"], ...usual.slice(1)],
    },
    {
      name: "CR LF in the authority",
      fields: [...usual.slice(0, 3), [":authority", "app.test\r\nx: y"]],
    },
    { name: "transfer-encoding", fields: [...usual, ["transfer-encoding", "chunked"]] },
    { name: "connection", fields: [...usual, ["connection", "upgrade"]] },
    { name: "upgrade", fields: [...usual, ["upgrade", "websocket"]] },
    { name: "two methods", fields: [...usual, [":method", "POST"]] },
    { name: "two paths", fields: [...usual, [":path", "/other"]] },
    { name: "a pseudo-field behind fields", fields: [["x", "1"], ...usual] },
    { name: "an unknown pseudo-field", fields: [...usual, [":smuggled", "1"]] },
    { name: "a pseudo-field of answers", fields: [...usual, [":status", "200"]] },
    { name: "no path", fields: [usual[0]!, usual[1]!, usual[3]!] },
    { name: "no scheme", fields: [usual[0]!, usual[2]!, usual[3]!] },
    { name: "no authority", fields: usual.slice(0, 3) },
    { name: "an empty path", fields: [...usual.slice(0, 2), [":path", ""], usual[3]!] },
    { name: "CONNECT", fields: [[":method", "CONNECT"], usual[3]!] },
    {
      name: "extended CONNECT",
      fields: [[":method", "CONNECT"], ...usual.slice(1), [":protocol", "websocket"]],
    },
    { name: "two lengths", fields: [...usual, ["content-length", "0"], ["content-length", "5"]] },
    { name: "te other than trailers", fields: [...usual, ["te", "chunked"]] },
  ];
  test.each(spoken)("$name, in frames by hand, never reaches the service", async ({ fields }) => {
    using raw = rawClient(joined.port);
    raw.send(request(fields));
    // An answer, a reset of the stream, or the end of the connection.
    await raw.until((end) => end.closed || end.ended || answered(end.bytes));
    expect(service.connections.length).toBe(0);
  });

  /** nghttp2 leaves such a field out before anybody sees it (decision 0110). */
  const unsayable = [
    { name: "CR LF in a value", field: ["x-odd", "a\r\nGET /smuggled HTTP/1.1"] },
    { name: "LF in a value", field: ["x-odd", "a\nb"] },
    { name: "NUL in a value", field: ["x-odd", "a\0b"] },
    { name: "CR LF in a name", field: ["x-odd\r\ny", "a"] },
    { name: "a colon in a name", field: ["x-odd: y", "a"] },
    { name: "a space in a name", field: ["x-odd y", "a"] },
  ];
  test.each(unsayable)("of a field with $name nothing reaches the service", async ({ field }) => {
    using raw = rawClient(joined.port);
    raw.send(request([...usual, field, ["x-last", "1"]]));
    await raw.until((end) => end.closed || end.ended || answered(end.bytes));
    expect(service.text).not.toMatch(/x-odd|smuggled/);
    expect(service.connections.length).toBeLessThanOrEqual(1);
  });

  test("the frames by hand are right: a usual request passes", async () => {
    using raw = rawClient(joined.port);
    raw.send(request(usual));
    const end = await service.connection();
    await end.has("GET / HTTP/1.1\r\nhost: app.test\r\n");
    await raw.until(({ bytes }) => answered(bytes));
  });

  test("a body that its client gives up, even without an error, is never completed", async () => {
    service.onConnection = undefined;
    using raw = rawClient(joined.port);
    raw.send(request([[":method", "POST"], ...usual.slice(1)], false));
    raw.send(piece("half"));
    const end = await (await service.connection()).has("half");
    raw.send(reset());
    await end.over();
    expect(end.text).not.toContain("0\r\n\r\n");
  });

  test("a body longer than its content-length is cut off", async () => {
    service.onConnection = undefined;
    const asked = client.request(P(["content-length", "3"], { method: "POST" }));
    asked.on("error", () => {});
    asked.end("hello");
    await new Promise((resolve) => asked.on("close", resolve));
    if (service.connections.length > 0) await service.connections[0]!.until(({ closed }) => closed);
    expect(service.text).not.toContain("hello");
  });
});
