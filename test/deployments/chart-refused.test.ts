// What the chart refuses since it does not fit together, with a sentence that says what: of ports, and of what is taken away.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CHART, exampleFlags, helm, render, setFlags } from "./_kit/helm.ts";

const SCHEMA = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as Schema;

interface Schema {
  properties?: Record<string, Schema>;
  required?: string[];
}

/** Maps with values of their own: null takes a whole map away, and templates look into it. */
function mapsOf({ properties = {} }: Schema, path: readonly string[]): string[][] {
  return Object.entries(properties).flatMap(([key, one]) =>
    one.properties === undefined ? [] : [[...path, key], ...mapsOf(one, [...path, key])],
  );
}

test("a map that is taken away is missed, but for one that may be empty", () => {
  const at = (path: readonly string[]) =>
    path.reduce((schema, key) => schema.properties![key]!, SCHEMA);
  const lost = mapsOf(SCHEMA, []).filter(
    (path) => !at(path.slice(0, -1)).required?.includes(path.at(-1)!),
  );
  expect(lost.map((path) => path.join("."))).toEqual(
    ["gateway", "agent", "chat"].map((part) => `${part}.resources`),
  );
});

const GATEWAY = { "gateway.enabled": true };
const TCP = (first: number, last: number) => ({
  ...GATEWAY,
  "gateway.tcpPorts": { first, last },
});

describe.skipIf(helm === undefined)("values", () => {
  test.each([
    { name: "a map that is gone", values: { "agent.kube": null }, want: /missing property 'kube'/ },
    {
      name: "one public port for both",
      values: { ...GATEWAY, "gateway.service.httpPort": 443 },
      want: /httpPort and httpsPort are both 443/,
    },
    {
      name: "public ports for TCP over the one of HTTP",
      values: TCP(80, 90),
      want: /gateway\.service\.httpPort is among 80 to 90/,
    },
    {
      name: "over the one of HTTPS",
      values: TCP(440, 450),
      want: /gateway\.service\.httpsPort is among/,
    },
    { name: "over the pod's for HTTP", values: TCP(8000, 8080), want: /8080, .* is among/ },
    { name: "over the pod's for TLS", values: TCP(8443, 8444), want: /8443, .* is among/ },
    { name: "over the operators'", values: TCP(9000, 9100), want: /9090, .* is among/ },
    {
      name: "over the peers'",
      values: {
        ...TCP(7000, 7001),
        "gateway.redis.url": "redis://r",
        "gateway.keysConfigMap": "keys",
        "gateway.peers": { enabled: true, existingSecret: "peers" },
      },
      want: /7000, .* is among/,
    },
    { name: "more ports than nodes have", values: TCP(20_000, 21_000), want: /more than 1000/ },
    {
      name: "an issuer without a Secret for its certificate",
      values: { "chat.ingress": { clusterIssuer: "ca", tlsSecret: "" } },
      want: /chat\/ingress\/tlsSecret/,
    },
    {
      name: "an account of somebody else that has no name",
      values: { "agent.serviceAccount.create": false },
      want: /agent\/serviceAccount\/name/,
    },
    { name: "an image with its tag", values: { "image.repository": "a/b:1" }, want: /repository/ },
  ])("refuse $name", async ({ values, want }) => {
    await expect(render(setFlags(values), "newest")).rejects.toThrow(want);
  });

  test.each([
    { name: "ports beside all others", values: TCP(20_000, 20_999) },
    {
      name: "those of TLS and peers, where there are none",
      values: { ...TCP(7000, 7001), "gateway.tls.enabled": false, "gateway.service.httpPort": 443 },
    },
    { name: "no limits", values: { ...GATEWAY, "gateway.resources": null } },
    { name: "a registry with a port", values: { ...GATEWAY, "image.repository": "r:5000/a/b" } },
  ])("take $name", async ({ values }) => {
    expect((await render(setFlags(values), "newest")).length).toBeGreaterThan(3);
  });

  test("what is wrong is said all at once", async () => {
    const values = { ...TCP(80, 9090), "chat.autoscaling.minReplicas": 12 };
    const flags = [...exampleFlags("chat-values.yaml"), ...setFlags(values)];
    await expect(render(flags, "newest")).rejects.toThrow(
      /more than 1000.*8080.*httpPort.*minReplicas 12/s,
    );
  });
});
