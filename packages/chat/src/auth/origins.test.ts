import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cors } from "./cors.ts";
import { normalOrigin } from "./origins.ts";
import { SocketOrigins } from "./socket-origins.ts";

const sockets = (allowed: string[], isDevelopment = false) =>
  new SocketOrigins({ allowed, isDevelopment });
const cors = (allowed: string[], isDevelopment = false) => new Cors({ allowed, isDevelopment });

describe("an origin", () => {
  test.each([
    { text: "https://app.example.com", want: "https://app.example.com" },
    { text: "HTTPS://App.Example.com:443/", want: "https://app.example.com" },
    { text: "http://app.example.com:80", want: "http://app.example.com" },
    { text: "https://app.example.com:8443", want: "https://app.example.com:8443" },
    { text: "http://[::1]:3000", want: "http://[::1]:3000" },
    { text: "https://bücher.example", want: "https://xn--bcher-kva.example" },
    { text: "capacitor://localhost", want: "capacitor://localhost" },
    { text: "null", want: undefined },
    { text: "", want: undefined },
    { text: "app.example.com", want: undefined },
    { text: "https://", want: undefined },
    { text: "https://a.example/path", want: undefined },
    { text: "https://a.example?x", want: undefined },
    { text: "https://user@a.example", want: undefined },
    { text: "https://a.example, https://b.example", want: undefined },
    { text: "https://a.example\\.b.example", want: undefined },
    { text: "https://a.example:99999", want: undefined },
  ])("$text is compared as $want", ({ text, want }) => {
    expect(normalOrigin(text)).toBe(want);
  });

  test("is never a crash, whatever it is made of", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.webUrl()), (text) => {
        for (const isDevelopment of [true, false]) {
          const socket = sockets([text], isDevelopment);
          const site = cors([text], isDevelopment);
          expect([...socket.problems, ...site.problems].every((one) => one !== "")).toBe(true);
          socket.allows(text);
          site.decide({ method: "OPTIONS", origin: text, requestMethod: "GET" });
        }
      }),
    );
  });
});

describe("pages that open sockets", () => {
  const listed = ["https://app.example.com", " https://b.example:8443/ ", ""];
  test.each([
    { name: "a listed one", origin: "https://app.example.com", want: true },
    {
      name: "one with its own port written out",
      origin: "https://app.example.com:443",
      want: true,
    },
    { name: "one in capitals", origin: "https://APP.example.com", want: true },
    { name: "one on a listed port", origin: "https://b.example:8443", want: true },
    { name: "what is no browser", origin: undefined, want: true },
    { name: "another site", origin: "https://evil.example", want: false },
    { name: "one without TLS", origin: "http://app.example.com", want: false },
    { name: "another port", origin: "https://app.example.com:8443", want: false },
    { name: "one below", origin: "https://x.app.example.com", want: false },
    { name: "one that ends alike", origin: "https://evilapp.example.com", want: false },
    { name: "one that begins alike", origin: "https://app.example.com.evil.example", want: false },
    { name: "a sandboxed page", origin: "null", want: false },
    { name: "nothing", origin: "", want: false },
    { name: "two at once", origin: "https://app.example.com, https://evil.example", want: false },
    { name: "this machine", origin: "http://localhost:3000", want: false },
  ])("$name: $want", ({ origin, want }) => {
    const list = sockets(listed);
    expect(list.problems).toEqual([]);
    expect(list.allows(origin)).toBe(want);
  });

  test.each([
    { origin: "http://localhost:3333", want: true },
    { origin: "https://localhost", want: true },
    { origin: "http://chat.localhost:8080", want: true },
    { origin: "http://127.0.0.1:5173", want: true },
    { origin: "http://[::1]:5173", want: true },
    { origin: "https://app.example.com", want: true },
    { origin: "http://localhost.evil.example", want: false },
    { origin: "http://notlocalhost", want: false },
    { origin: "http://127.0.0.1.evil.example", want: false },
    { origin: "ftp://localhost", want: false },
    { origin: "null", want: false },
  ])("in development $origin: $want", ({ origin, want }) => {
    expect(sockets(["https://app.example.com"], true).allows(origin)).toBe(want);
  });

  test("must be listed outside development", () => {
    expect(sockets([]).problems).toEqual([expect.stringContaining("WS_ALLOWED_ORIGINS: not set")]);
    expect(sockets([], true).problems).toEqual([]);
    expect(sockets([]).allows("https://a.example")).toBe(false);
  });

  test("are all let in by *, with a warning", () => {
    const all = sockets(["*"]);
    expect(all.problems).toEqual([]);
    expect(all.warnings).toHaveLength(1);
    expect(all.allows("https://a.example")).toBe(true);
    expect(sockets(["https://a.example"]).warnings).toEqual([]);
  });

  test("that are listed wrongly are told all at once, and the good ones count", () => {
    const wrong = [
      "app.example.com",
      "https://*.a.example",
      "wss://a.example",
      "https://YOUR-APP.example",
      "null",
    ];
    const list = sockets([...wrong, "https://a.example"]);
    expect(list.problems).toHaveLength(wrong.length);
    for (const [at, text] of wrong.entries()) expect(list.problems[at]).toContain(`"${text}"`);
    expect(list.allows("https://a.example")).toBe(true);
    expect(list.allows("https://x.a.example")).toBe(false);
  });
});

describe("CORS", () => {
  const ORIGIN = "https://app.example.com";
  const preflight = { method: "OPTIONS", origin: ORIGIN, requestMethod: "DELETE" };

  test("answers a listed page's preflight", () => {
    expect(cors([ORIGIN]).decide(preflight)).toEqual({
      kind: "answer",
      status: 204,
      headers: [
        ["Access-Control-Allow-Origin", ORIGIN],
        ["Access-Control-Allow-Credentials", "true"],
        ["Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"],
        ["Access-Control-Allow-Headers", "Origin, Content-Type, Accept, Authorization"],
        ["Access-Control-Max-Age", "43200"],
        ["Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"],
      ],
    });
  });

  test("lets a listed page read answers, with its origin as it wrote it", () => {
    const asked = { method: "GET", origin: "https://APP.example.com", requestMethod: undefined };
    expect(cors([ORIGIN]).decide(asked)).toEqual({
      kind: "headers",
      headers: [
        ["Access-Control-Allow-Origin", "https://APP.example.com"],
        ["Access-Control-Allow-Credentials", "true"],
        ["Access-Control-Expose-Headers", "Content-Length, Retry-After"],
        ["Vary", "Origin"],
      ],
    });
  });

  test.each([
    { name: "another page's preflight", given: { origin: "https://evil.example" }, status: 403 },
    { name: "a sandboxed page's preflight", given: { origin: "null" }, status: 403 },
    {
      name: "another page's request",
      given: { origin: "https://evil.example", method: "GET", requestMethod: undefined },
    },
    {
      name: "a request of no page",
      given: { origin: undefined, method: "GET", requestMethod: undefined },
    },
    {
      name: "an OPTIONS that is no preflight",
      given: { origin: "https://evil.example", requestMethod: undefined },
    },
  ])("gives $name nothing but Vary", ({ given, status }) => {
    const decision = cors([ORIGIN]).decide({ ...preflight, ...given });
    const headers = [["Vary", "Origin"]];
    const want =
      status === undefined ? { kind: "headers", headers } : { kind: "answer", status, headers };
    expect(decision).toEqual(want);
  });

  test("is not there when nobody is listed", () => {
    const off = cors([]);
    expect([off.isOn, off.problems]).toEqual([false, []]);
    expect(off.decide(preflight)).toEqual({ kind: "headers", headers: [] });
  });

  test("lets this machine's pages in during development", () => {
    const decision = cors([], true).decide({ ...preflight, origin: "http://localhost:3333" });
    expect(decision).toMatchObject({ status: 204 });
  });

  test("takes no *, for credentials are sent along", () => {
    expect(cors(["*", ORIGIN]).problems).toEqual([expect.stringContaining("* is not taken")]);
    expect(cors(["*"]).decide(preflight)).toEqual({ kind: "headers", headers: [] });
  });

  test("says which origins it has, for the log", () => {
    expect(cors([ORIGIN, "https://b.example:443"]).origins).toEqual([ORIGIN, "https://b.example"]);
  });

  test("has no say in who opens sockets", () => {
    expect(sockets([ORIGIN]).allows(ORIGIN)).toBe(true);
    expect(cors(["https://other.example"]).decide({ ...preflight, method: "GET" }).kind).toBe(
      "headers",
    );
  });
});
