// The chart by the real helm, with every set of values that it ships: against the schemas of Kubernetes, and each
// object against the others.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { namesOf } from "@warren/host";
import { commands } from "@warren/warren";
import { describe, expect, test } from "vitest";
import { CHART, exampleFlags, EXAMPLES, helm, lint, render, setFlags } from "./_kit/helm.ts";
import { podsOf, restrictedProblems } from "./_kit/pods.ts";
import { referenceProblems } from "./_kit/references.ts";
import { KUBE_VERSIONS, schemasFolder } from "./_kit/schemas.ts";
import { validateManifest } from "./_kit/validate.ts";
import { ROOT } from "../_rooms.ts";

describe.skipIf(helm === undefined || schemasFolder === undefined).each(KUBE_VERSIONS)(
  "for Kubernetes %s",
  (version) => {
    test.each(EXAMPLES)("%s makes objects that it takes", async (name) => {
      const objects = await render(exampleFlags(name), version);
      expect(objects.length).toBeGreaterThan(4);
      expect(objects.flatMap((one) => validateManifest(one, version))).toEqual([]);
    });

    test.each(EXAMPLES)("%s makes objects that find each other", async (name) => {
      const objects = await render(exampleFlags(name), version);
      expect(referenceProblems(objects)).toEqual([]);
      const pods = podsOf(objects);
      expect(pods.length).toBeGreaterThan(0);
      expect(pods.flatMap(restrictedProblems)).toEqual([]);
    });

    test("nothing is on unless asked for", async () => {
      expect(await render([], version)).toEqual([]);
    });
  },
);

test.skipIf(helm === undefined).each(EXAMPLES)("helm lint finds nothing with %s", async (name) => {
  expect(await lint(exampleFlags(name), "newest")).toContain("0 chart(s) failed");
});

const AGENT = { "agent.enabled": true, "agent.gateways": ["wss://gw.example.com"] };
const TOKEN = { "agent.token.existingSecret": "token" };
const CHAT = { "chat.enabled": true, "chat.wsAllowedOrigins": ["https://a.example.com"] };
const ONE_POD = { "chat.replicas": 1, "chat.autoscaling.enabled": false };
const KEPT = { "chat.persistence.enabled": true };

/** What options call secret, by their variables: never for a ConfigMap. */
const SECRET_NAMES = commands
  .filter(({ name }) => ["gateway", "agent", "chat"].includes(name))
  .flatMap(({ name: command, options }) =>
    Object.entries(options)
      .filter(([, { kind }]) => kind === "secret")
      .flatMap(([key, option]) => namesOf(key, option).env ?? [])
      .map((env) => ({ command, env })),
  );

describe.skipIf(helm === undefined)("values", () => {
  test.each([
    { name: "a chat with MongoDB and a bucket", values: CHAT },
    {
      name: "one pod with SQLite",
      values: { ...CHAT, ...ONE_POD, ...KEPT, "chat.store.kind": "sqlite" },
    },
    {
      name: "several pods with files on a volume that they share",
      values: {
        ...CHAT,
        ...KEPT,
        "chat.files.kind": "folder",
        "chat.persistence.accessMode": "ReadWriteMany",
      },
    },
    { name: "an agent with the name of a Secret", values: { ...AGENT, ...TOKEN } },
  ])("take $name", async ({ values }) => {
    expect((await render(setFlags(values), "newest")).length).toBeGreaterThan(4);
  });

  test.each([
    {
      name: "several pods with SQLite",
      values: { ...CHAT, ...KEPT, "chat.store.kind": "sqlite" },
      want: /chat/,
    },
    {
      name: "two replicas with SQLite",
      values: { ...CHAT, ...ONE_POD, ...KEPT, "chat.store.kind": "sqlite", "chat.replicas": 2 },
      want: /chat\/replicas|chat\.replicas/,
    },
    {
      name: "SQLite without a volume",
      values: { ...CHAT, ...ONE_POD, "chat.store.kind": "sqlite" },
      want: /persistence/,
    },
    {
      name: "several pods with files on a volume of one node",
      values: { ...CHAT, ...KEPT, "chat.files.kind": "folder" },
      want: /autoscaling/,
    },
    {
      name: "files in a folder without a volume",
      values: { ...CHAT, ...ONE_POD, "chat.files.kind": "folder" },
      want: /persistence/,
    },
    {
      name: "a chat without origins",
      values: { "chat.enabled": true },
      want: /wsAllowedOrigins/,
    },
    {
      name: "a password in a ConfigMap",
      values: { ...CHAT, "chat.store.mongoUri": "mongodb://ada:secret@db/chat" },
      want: /mongoUri/,
    },
    {
      name: "one among settings",
      values: { ...CHAT, "chat.config": { REDIS_URL: "redis://:secret@redis:6379" } },
      want: /chat\/config|chat\.config/,
    },
    ...["http://ada:6400@proxy.example:3128", "ada:6400@proxy.example:3128"].map((proxy) => ({
      name: `one of a proxy: ${proxy}`,
      values: { ...AGENT, ...TOKEN, "agent.config": { HTTPS_PROXY: proxy } },
      want: /agent\/config|agent\.config/,
    })),
    ...SECRET_NAMES.map(({ command, env }) => ({
      name: `${env} among settings of ${command}`,
      values: { [`${command}.config`]: { [env]: "x" } },
      want: /config/,
    })),
    {
      name: "a placeholder for a token",
      values: { ...AGENT, "agent.token.value": "your-token-here" },
      want: /token/,
    },
    { name: "an agent without a token", values: AGENT, want: /token/ },
    {
      name: "an agent without a gateway",
      values: { "agent.enabled": true, ...TOKEN },
      want: /gateways/,
    },
    {
      name: "several gateways that know nothing of each other",
      values: { "gateway.enabled": true, "gateway.replicas": 2 },
      want: /gateway/,
    },
    {
      name: "a private key among public ones",
      values: { "gateway.enabled": true, "gateway.keys": { k: "-----BEGIN PRIVATE KEY-----" } },
      want: /keys/,
    },
    {
      name: "a CA whose terms nobody has read",
      values: { "gateway.enabled": true, "gateway.acme": { enabled: true, production: true } },
      want: /agree/,
    },
    {
      name: "certificates in a Redis without a key",
      values: {
        "gateway.enabled": true,
        "gateway.acme.enabled": true,
        "gateway.redis.url": "redis://r",
      },
      want: /keySecret/,
    },
    {
      name: "gateways with a Redis that are not told whose tokens to believe",
      values: { "gateway.enabled": true, "gateway.redis.url": "redis://r" },
      want: /keys/,
    },
    {
      name: "a gateway without a port",
      values: {
        "gateway.enabled": true,
        "gateway.tls.enabled": false,
        "gateway.service.httpPort": 0,
      },
      want: /httpPort/,
    },
    {
      name: "certificates for a gateway that speaks no TLS",
      values: {
        "gateway.enabled": true,
        "gateway.acme": { enabled: true, agree: true },
        "gateway.tls.enabled": false,
      },
      want: /tls/,
    },
    ...[{ first: 20_000 }, { first: 20_009, last: 20_000 }, { last: 20_000 }].map((tcpPorts) => ({
      name: `a range of ports that is none: ${JSON.stringify(tcpPorts)}`,
      values: { "gateway.enabled": true, "gateway.tcpPorts": tcpPorts },
      want: /is no range/,
    })),
    {
      name: "more pods at least than at most",
      values: { ...CHAT, "chat.autoscaling.minReplicas": 12 },
      want: /minReplicas 12 is more than maxReplicas 10/,
    },
    ...["commonLabels", "chat.podLabels", "agent.podLabels", "gateway.podLabels"].map((key) => ({
      name: `a label of ${key} by which pods are found`,
      values: { ...CHAT, [key]: { app: "foo" } },
      want: /abels/,
    })),
    {
      name: "a name that no Service has",
      values: { ...CHAT, "chat.name": "my.chat" },
      want: /name/,
    },
    { name: "a slip of the pen", values: { ...CHAT, "chat.replica": 2 }, want: /replica/ },
    { name: "one deeper", values: { "gateway.tls.secret": [] }, want: /secret/ },
    { name: "an image of no version", values: { "image.tag": "latest" }, want: /tag/ },
  ])("refuse $name", async ({ values, want }) => {
    await expect(render(setFlags(values), "newest")).rejects.toThrow(want);
  });
});

test("every value has a place in the schema, and every object in it is closed", () => {
  const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as Schema;
  const open = openObjects(schema, "");
  expect(open).toEqual([]);
});

interface Schema {
  type?: unknown;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
}

function openObjects({ properties, additionalProperties }: Schema, at: string): string[] {
  if (properties === undefined) return [];
  const inside = Object.entries(properties).flatMap(([name, one]) =>
    openObjects(one, `${at}/${name}`),
  );
  return additionalProperties === false ? inside : [at, ...inside];
}

test("alerts and dashboards are those of deployments/observability", () => {
  const originals = join(ROOT, "deployments/observability");
  const names = readdirSync(join(originals, "dashboards"));
  expect(readdirSync(join(CHART, "files/dashboards"))).toEqual(names);
  // `npm run chart` mends what this finds.
  for (const name of ["rules.yaml", ...names.map((one) => `dashboards/${one}`)])
    expect(readFileSync(join(CHART, "files", name), "utf8")).toBe(
      readFileSync(join(originals, name), "utf8"),
    );
});
