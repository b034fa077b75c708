import { routeKey } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { parseDestination } from "./destination.ts";
import { readServices } from "./services.ts";
import { STRICT_TLS } from "./target.ts";

describe("a destination", () => {
  test.each([
    { text: "3000", want: ["http", "localhost", 3000] },
    { text: "box:3000", want: ["http", "box", 3000] },
    { text: "10.0.0.7:80", want: ["http", "10.0.0.7", 80] },
    { text: "[::1]:3000", want: ["http", "::1", 3000] },
    { text: "tcp://db.lan:5432", want: ["tcp", "db.lan", 5432] },
    { text: "tcp://5432", want: ["tcp", "localhost", 5432] },
    { text: "https://box", want: ["https", "box", 443] },
    { text: "http://box", want: ["http", "box", 80] },
    { text: "h2c://grpc:50051", want: ["h2c", "grpc", 50051] },
    { text: "tls://vault:8200", want: ["tcp", "vault", 8200] },
  ])("$text", ({ text, want }) => {
    const { protocol, host, port } = parseDestination(text)!;
    expect([protocol, host, port]).toEqual(want);
  });

  test.each([
    "",
    "0",
    "65536",
    "box",
    "tcp://box",
    "ftp://box:21",
    "user@box:80",
    "http://box:80/path",
    "http://a@b:80",
    "box:80?x",
    "-box:80",
    "http://",
    "box:",
    "//box:80",
  ])("refuses %j", (text) => {
    expect(parseDestination(text)).toBeUndefined();
  });
});

const deps = {
  readFile: (path: string) => {
    if (path !== "ca.pem") throw new Error(`no such file: ${path}`);
    return "PEM";
  },
  tls: STRICT_TLS,
};

test("a services file becomes publications", () => {
  const read = readServices(
    {
      service: [
        { host: "Shop.Example.com", to: "3000", policy: { affinity: "cookie" } },
        {
          host: "*.api.example.com",
          path: "/v1",
          to: [{ to: "https://a:8443", weight: 3 }, { to: "https://b:8443" }],
          tls: { ca_file: "ca.pem", server_name: "api" },
        },
        { to: "tcp://db:5432", public_port: 15432, policy: { proxy_protocol: true } },
        { host: "vault.example.com", to: "tls://vault:8200" },
      ],
    },
    deps,
  );
  if (!read.ok) throw new Error(read.problems.join());
  expect(read.publications.map(({ route }) => routeKey(route))).toEqual([
    "default/Shop shop.example.com Prefix /",
    "default/api *.api.example.com Prefix /v1",
    "default/tcp-5432 tcp:15432 Prefix /",
    "default/vault tls:vault.example.com Prefix /",
  ]);
  expect(read.publications[1]!.targets).toMatchObject([
    { host: "a", port: 8443, protocol: "https", tls: { ca: "PEM", serverName: "api" } },
    { host: "b", port: 8443, protocol: "https" },
  ]);
  expect(read.publications[2]!.targets).toMatchObject([{ protocol: "tcp", proxyProtocol: true }]);
});

test.each([
  { name: "a misspelt key", entry: { host: "a.b", to: "1", polcy: {} }, says: "polcy" },
  {
    name: "a misspelt policy",
    entry: { host: "a.b", to: "1", policy: { alow: [] } },
    says: "service.0.policy.alow",
  },
  { name: "no host", entry: { to: "3000" }, says: "needs a host" },
  { name: "a bad host", entry: { host: "a b", to: "3000" }, says: "host" },
  { name: "a bad destination", entry: { host: "a.b", to: "nowhere" }, says: "service.0.to" },
  {
    name: "a file that is not there",
    entry: { host: "a.b", to: "1", tls: { ca_file: "x" } },
    says: "no such file: x",
  },
  {
    name: "mixed protocols",
    entry: { host: "a.b", to: [{ to: "1" }, { to: "tcp://2" }] },
    says: "same way",
  },
])("$name is a problem that is named", ({ entry, says }) => {
  const read = readServices({ service: [entry] }, deps);
  expect(read.ok ? "" : read.problems.join()).toContain(says);
});
