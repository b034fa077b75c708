import { describe, expect, test } from "vitest";
import { Forwarding } from "./forwarding.ts";
import { endToEnd } from "./hop-by-hop.ts";

const list = (...lines: string[]) => lines.flatMap((line) => line.split(": "));
const lines = (...text: string[]) => text.map((line) => `${line}\r\n`).join("");
const NO_LIMIT = { connection: "", lines: undefined };

describe("fields that end at this hop", () => {
  test("go no further, whatever their case", () => {
    const fields = list(
      "Host: a",
      "CONNECTION: x-named, close",
      "Keep-Alive: timeout=5",
      "Proxy-Authenticate: Basic",
      "Proxy-Authorization: Basic",
      "Proxy-Connection: close",
      "TE: trailers",
      "Transfer-Encoding: chunked",
      "Content-Length: 3",
      "Upgrade: h2c",
      "HTTP2-Settings: x",
      "X-Named: 1",
      "Accept: */*",
    );
    expect(endToEnd({ fields, connection: "x-named, close" })).toEqual(
      list("Host: a", "Accept: */*"),
    );
  });

  test("leave the announcement of trailers, which pass too", () => {
    const fields = list("Host: a", "Trailer: x-sum", "TRAILER: x-more");
    expect(endToEnd({ fields, ...NO_LIMIT })).toEqual(fields);
    expect(endToEnd({ fields, connection: "trailer" })).toEqual(list("Host: a"));
  });

  test("leave the others in order, apart and in case", () => {
    const fields = list("Set-Cookie: a", "X: 1", "set-cookie: b", "Set-Cookie: a");
    expect(endToEnd({ fields, ...NO_LIMIT })).toEqual(fields);
  });

  test("never take Host along", () => {
    expect(endToEnd({ fields: list("Host: a"), connection: "host" })).toEqual(list("Host: a"));
  });

  test("may be stripped by name", () => {
    const fields = list("Authorization: x", "Cookie: y", "COOKIE: z", "A: b");
    const strip = new Set(["authorization", "cookie"]);
    expect(endToEnd({ fields, ...NO_LIMIT }, strip)).toEqual(list("A: b"));
  });
});

describe("what the application hears of the client", () => {
  const foreign = list(
    "X-Forwarded-For: 6.6.6.6",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: evil",
    "Forwarded: for=6.6.6.6",
    "X-Forwarded-Port: 1",
    "X_Forwarded_For: 6.6.6.6",
    "X-Real-IP: 6.6.6.6",
    "x_real_ip: 6.6.6.6",
    "X-Forwarded_For: 6.6.6.6",
  );

  test.each([
    { name: "nothing that a stranger says", fields: foreign },
    { name: "the connection", fields: [] },
  ])("is $name", ({ fields }) => {
    const forwarding = new Forwarding({ address: "1.2.3.4", proto: "http", trusted: false });
    expect(forwarding.lines({ fields, ...NO_LIMIT }, "a:8080")).toBe(
      lines(
        "x-forwarded-for: 1.2.3.4",
        "x-forwarded-proto: http",
        "x-forwarded-host: a:8080",
        'forwarded: for=1.2.3.4;host="a:8080";proto=http',
      ),
    );
  });

  test("is what a trusted proxy says, and the proxy", () => {
    const forwarding = new Forwarding({ address: "::1", proto: "http", trusted: true });
    const fields = ["X-Forwarded-For", "9.9.9.9", ...foreign];
    expect(forwarding.lines({ fields, ...NO_LIMIT }, "a")).toBe(
      lines(
        "X-Forwarded-Port: 1",
        "X-Real-IP: 6.6.6.6",
        "x-forwarded-for: 9.9.9.9, 6.6.6.6, ::1",
        "x-forwarded-proto: https",
        "x-forwarded-host: evil",
        'forwarded: for=6.6.6.6, for="[::1]";host=a;proto=http',
      ),
    );
  });

  test("follows the host of each request", () => {
    const forwarding = new Forwarding({ address: "1.2.3.4", proto: "https", trusted: false });
    for (const host of ["a", "a", "b"]) {
      const text = forwarding.lines({ fields: [], ...NO_LIMIT }, host);
      expect(text).toMatch(`forwarded: for=1.2.3.4;host=${host};proto=https\r\n`);
    }
  });

  test("cannot be taken away by Connection", () => {
    const forwarding = new Forwarding({ address: "1.2.3.4", proto: "http", trusted: false });
    const request = { fields: [], lines: undefined, connection: "x-forwarded-for" };
    expect(forwarding.lines(request, "a")).toMatch(/^x-forwarded-for: 1\.2\.3\.4\r\n/);
  });
});
