// What operators say besides the chart's own: settings, variables, annotations and labels are there once, as they were
// written, and not where something else of the chart goes by them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "@warren/warren";
import { optionRows } from "@warren/host";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { only } from "./_kit/folders.ts";
import { CHART, exampleFlags, helm, render, setFlags } from "./_kit/helm.ts";
import { LEAVES } from "./_kit/leaves.ts";
import { podsOf } from "./_kit/pods.ts";
import { environmentOf } from "./_kit/told.ts";

type Said = Readonly<Record<string, unknown>>;
type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

const rendered = (example: string, values: Said) =>
  render([...exampleFlags(example), ...setFlags(values)], "newest");
const podOf = async (example: string, values: Said) => {
  const objects = await rendered(example, values);
  const [pod] = podsOf(objects);
  const container = pod!.spec.containers[0]!;
  return { objects, pod: pod!, container, told: environmentOf(container, objects) };
};

/** The tables of _told.tpl: by part, variables and what is said of them. */
const tableOf = (name: string) => {
  const text = readFileSync(join(CHART, "templates/_told.tpl"), "utf8");
  const [, body = ""] = text.split(`{{- define "warren.${name}" -}}`);
  return parse(body.slice(0, body.indexOf("{{- end -}}"))) as Table;
};
const OWNED = tableOf("owned");
const VALUED = tableOf("valued");
const rows = [OWNED, VALUED].flatMap((table) =>
  Object.entries(table).flatMap(([part, names]) =>
    Object.entries(names).map(([name, about]) => ({ part, name, about })),
  ),
);

const isValued = (part: string, name: string) => VALUED[part]?.[name] !== undefined;
/** extraEnv of each part with some of those names. */
const variables = (names: readonly { part: string; name: string }[], more: object) =>
  Object.fromEntries(
    Object.keys(OWNED).map((part) => [
      `${part}.extraEnv`,
      names.filter((one) => one.part === part).map(({ name }) => ({ name, ...more })),
    ]),
  );

describe("what the chart keeps for itself", () => {
  test("is an option of the command, and what to set instead a value", () => {
    expect(rows.length).toBeGreaterThan(30);
    const keys = new Set(LEAVES.flatMap((leaf) => prefixesOf(leaf)));
    for (const { part, name, about } of rows) {
      const { options } = commands.find((one) => one.name === part)!;
      const known = optionRows(options).map(({ names }) => names.env);
      expect([...known, "POD_IP"]).toContain(name);
      const named = [...about.matchAll(/\b(?:gateway|agent|chat)\.[\w.]+/g)].map(([key]) => key);
      expect(named.filter((key) => !keys.has(key))).toEqual([]);
    }
  });

  test.skipIf(helm === undefined)(
    "is refused in settings, all at once, with a sentence",
    async () => {
      const values = Object.fromEntries(
        Object.keys(OWNED).map((part) => [
          `${part}.config`,
          Object.fromEntries(
            rows.filter((one) => one.part === part).map(({ name }) => [name, "1"]),
          ),
        ]),
      );
      const refused = await reasonOf(render(setFlags(values), "newest"));
      for (const { part, name, about } of rows)
        expect(refused).toContain(`${part}.config.${name}: ${about}`);
    },
  );

  test.skipIf(helm === undefined)(
    "is refused among variables, unless it is out of others'",
    async () => {
      const from = { valueFrom: { secretKeyRef: { name: "own", key: "own" } } };
      const refused = await reasonOf(render(setFlags(variables(rows, from)), "newest"));
      for (const { part, name, about } of rows)
        expect(refused.includes(`${part}.extraEnv: ${name}: ${about}`)).toBe(!isValued(part, name));
      const named = rows.filter(({ part, name }) => isValued(part, name));
      expect(await render(setFlags(variables(named, { value: "x" })), "newest")).toEqual([]);
      const emptied = await reasonOf(render(setFlags(variables(named, { value: "" })), "newest"));
      expect(emptied).toContain("chat.extraEnv: S3_BUCKET: set chat.files.s3.bucket instead");
    },
  );
});

describe.skipIf(helm === undefined)("settings", () => {
  const SAID = { UPLOAD_MAX_SIZE: 104_857_600, S3_PREFIX: "", WARREN_CHAT_ALLOW_GUESTS: false };
  const WANT = { UPLOAD_MAX_SIZE: "104857600", S3_PREFIX: "", WARREN_CHAT_ALLOW_GUESTS: "false" };

  test("of a chat are as they were written: large numbers, nothing, and off", async () => {
    const { told, objects } = await podOf("chat-values.yaml", { "chat.config": SAID });
    expect(told).toMatchObject(WANT);
    expect(only(objects, "ConfigMap", "chat-config")["data"]).toMatchObject(WANT);
  });

  test("go before what the chart says, also as nothing, zero and off", async () => {
    const said = { WARREN_HSTS: 0, WARREN_DOMAIN: "", WARREN_ACME: false };
    const config = { "gateway.config": { ...said, WARREN_HEAD_TIMEOUT: 1_000_000 } };
    expect((await podOf("gateways-values.yaml", config)).told).toMatchObject({
      WARREN_HSTS: "0",
      WARREN_DOMAIN: "",
      WARREN_ACME: "false",
      WARREN_HEAD_TIMEOUT: "1000000",
    });
  });
});

describe.skipIf(helm === undefined)("a variable of one's own", () => {
  test.each([
    { example: "agent-values.yaml", part: "agent", name: "WARREN_LOG_LEVEL" },
    { example: "gateways-values.yaml", part: "gateway", name: "WARREN_DOMAIN" },
    // Which the chart itself has out of a Secret.
    { example: "gateways-values.yaml", part: "gateway", name: "REDIS_URL" },
  ])("$name is in the list of $part's once, instead of the chart's", async (one) => {
    const { part, name } = one;
    const mine = { name, value: "redis://mine" };
    const { container } = await podOf(one.example, { [`${part}.extraEnv`]: [mine] });
    expect(container.env!.filter((each) => each.name === name)).toEqual([mine]);
    const names = container.env!.map((each) => each.name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("is refused where it is there twice", async () => {
    const twice = ["1", "2"].map((value) => ({ name: "NODE_OPTIONS", value }));
    await expect(render(setFlags({ "chat.extraEnv": twice }), "newest")).rejects.toThrow(
      /chat\.extraEnv: NODE_OPTIONS is there twice/,
    );
  });

  test("Redis' address is that of the Secret, where both are said", async () => {
    const { container } = await podOf("gateways-values.yaml", { "gateway.redis.url": "redis://r" });
    const said = container.env!.filter(({ name }) => name === "REDIS_URL");
    expect(said).toEqual([expect.objectContaining({ valueFrom: expect.anything() as unknown })]);
  });
});

// A key that is twice in the YAML does not even parse: see readManifests.
describe.skipIf(helm === undefined)("what is said of objects is there once", () => {
  test("a pod's annotations and labels go before the chart's and the common ones", async () => {
    const { pod } = await podOf("chat-values.yaml", {
      commonLabels: { team: "a", tier: "x" },
      "chat.podLabels": { team: "b" },
      "chat.podAnnotations": { "prometheus.io/scrape": "false" },
    });
    expect(pod.labels).toMatchObject({ team: "b", tier: "x", app: "chatbox" });
    expect(pod.annotations).toMatchObject({
      "prometheus.io/scrape": "false",
      "prometheus.io/port": "8080",
    });
  });

  test("monitors, rules and dashboards have labels of their own beside the common ones", async () => {
    const labels = { labels: { team: "b" } };
    const objects = await rendered("everything-values.yaml", {
      "monitoring.serviceMonitor": { enabled: true, ...labels },
      "monitoring.rules": { enabled: true, ...labels },
      "monitoring.dashboards": { enabled: true, ...labels },
    });
    const theirs = objects.filter(
      ({ kind, metadata }) =>
        /Monitor$|^PrometheusRule$/.test(kind) || metadata.name.includes("-dashboard-"),
    );
    expect(theirs.length).toBeGreaterThan(7);
    for (const { metadata } of theirs) expect(metadata.labels?.["team"]).toBe("b");
  });

  test("an annotation of the chart is ended by an empty one", async () => {
    const affinity = "nginx.ingress.kubernetes.io/affinity";
    const objects = await rendered("chat-values.yaml", {
      "chat.ingress.annotations": { [affinity]: "" },
    });
    const { annotations } = only(objects, "Ingress", "chatbox-websocket-ingress").metadata;
    expect(annotations?.[affinity]).toBe("");
  });
});

const prefixesOf = (leaf: string) => {
  const path = leaf.split(".");
  return path.map((_, i) => path.slice(0, i + 1).join("."));
};

async function reasonOf(refused: Promise<unknown>): Promise<string> {
  return refused.then(
    () => "not refused",
    (error: unknown) => String(error),
  );
}
