import { loadConfig } from "@warren/host";
import { expect, test } from "vitest";
import { expectedFolders } from "./expected-folders.ts";
import { gatewayConfig, gatewayOptions } from "./options.ts";

function read(...argv: string[]) {
  const loaded = loadConfig(gatewayOptions, { argv, env: {}, file: undefined, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  return gatewayConfig(loaded.config, "/data", (key) => loaded.said(key));
}
function config(...argv: string[]) {
  const result = read(...argv);
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  return result.config;
}

test("what nobody says is safe and stands alone", () => {
  expect(config()).toMatchObject({
    http: { host: "", port: 8080 },
    tls: undefined,
    admin: { host: "127.0.0.1", port: 9090 },
    agents: undefined,
    peers: undefined,
    tcpPorts: undefined,
    registry: { kind: "memory" },
    keysFolder: "/data/keys",
    trustedProxies: [],
    timeouts: { headMs: 30_000, slowMs: 30_000, flapMs: 5_000 },
    tunnels: { detectMs: 30_000, resumeMs: 60_000, heartbeatMs: 30_000, streams: 10_000 },
    requestLog: true,
    healthPath: "/health",
  });
});

test.each([
  { argv: ["--acme"], want: ["/data/keys"] },
  { argv: ["--tls-port", "443", "--certificates", "/c"], want: ["/data/keys", "/c"] },
])("a folder that nobody asked for is not missed: $argv", ({ argv, want }) => {
  expect(expectedFolders(config(...argv))).toEqual(want);
});

test("two gateways have two names", () => {
  expect(config().id).not.toBe(config().id);
  expect(config("--gateway-id", "a").id).toBe("a");
});

test.each([
  { argv: ["--tls-port", "443"], want: { port: 443, certificatesFolder: "/data/certificates" } },
  {
    argv: ["--certificates", "/c"],
    want: { port: 8443, certificatesFolder: "/c", redirect: true },
  },
  {
    argv: ["--tls-port", "443", "--no-redirect-https", "--hsts", "365d"],
    want: { redirect: false, hstsSeconds: 31_536_000 },
  },
])("TLS by $argv", ({ argv, want }) => {
  expect(config(...argv).tls).toMatchObject(want);
});

test.each([
  {
    name: "its own address",
    argv: ["--advertise", "wss://GW.example.com:8443"],
    want: ["gw.example.com"],
  },
  { name: "an address without TLS", argv: ["--advertise", "ws://gw.example.com"], want: [] },
  { name: "an address that is no name", argv: ["--advertise", "wss://203.0.113.7"], want: [] },
  {
    name: "names beside it",
    argv: ["--advertise", "wss://a.example.com", "--acme-host", "b.example.com,A.example.com"],
    want: ["b.example.com", "a.example.com"],
  },
])("a gateway's own names for certificates: $name", ({ argv, want }) => {
  expect(config("--acme", ...argv).acme?.ownHosts).toEqual(want);
});

test("a name that no CA certifies is none, nor is one without --acme", () => {
  expect(() => read("--acme", "--acme-host", "gateway.local")).toThrow(/a public name like/);
  expect(read("--acme-host", "gw.example.com")).toEqual({
    problems: [expect.stringContaining("--acme")],
  });
});

test("gateways share a registry and know each other", () => {
  const peer = ["--peer-port", "7000", "--peer-advertise", "ws://10.0.0.1:7000"];
  expect(config("--redis-url", "redis://a:6379", ...peer, "--peer-key-file", "/k")).toMatchObject({
    registry: { kind: "redis", urls: ["redis://a:6379"], cluster: false },
    peers: { port: 7000, advertise: "ws://10.0.0.1:7000", auth: { kind: "key", keyFile: "/k" } },
  });
});

test.each([
  { argv: ["--health-path", "none"], want: { healthPath: "" } },
  {
    argv: ["--tcp-ports", "20000-20009"],
    want: { tcpPorts: { host: "", from: 20_000, to: 20_009 } },
  },
  {
    argv: ["--agent-port", "7001", "--listen", "::1"],
    want: { agents: { host: "::1", port: 7001 } },
  },
])("$argv", ({ argv, want }) => {
  expect(config(...argv)).toMatchObject(want);
});

test.each([
  {
    name: "peers without a proof or an address",
    argv: ["--peer-port", "7000"],
    want: [
      "--peer-port: needs --peer-advertise, or no gateway would find it",
      "--peer-port: needs either --peer-key-file, or --peer-ca, --peer-cert and --peer-cert-key",
    ],
  },
  {
    name: "a proof without peers",
    argv: ["--peer-key-file", "/k"],
    want: ["--peer-port: is needed where another --peer-* is given"],
  },
  {
    name: "PROXY headers from nobody, and two lone Redis",
    argv: ["--proxy-protocol", "--redis-url", "redis://a,redis://b"],
    want: [
      "--redis-url: several addresses need --redis-cluster",
      "--proxy-protocol: needs --trusted-proxy, or nobody would be believed",
    ],
  },
])("$name", ({ argv, want }) => {
  expect(read(...argv)).toEqual({ problems: want });
});
