// Releases of the chart: whatever they and their parts are called, several beside each other, and with other values.
import { describe, expect, test } from "vitest";
import { exampleFlags, EXAMPLES, helm, LONGEST, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { schemasFolder } from "./_kit/schemas.ts";
import { validateManifest, type Manifest } from "./_kit/validate.ts";

const NAMES = [LONGEST, LONGEST.replace("warren", "bridge"), "my.warren", "1", "on", "1e3"];
const EVERYTHING = exampleFlags("everything-values.yaml");

describe.skipIf(helm === undefined || schemasFolder === undefined)("a release", () => {
  test.each(NAMES)("may be called %s", async (name) => {
    const objects = await render(EVERYTHING, "newest", { ...RELEASE, name });
    expect(objects.flatMap((one) => validateManifest(one, "newest"))).toEqual([]);
    expect(objects.filter((one) => !isNamedWell(one)).map(idOf)).toEqual([]);
  });

  test.each(["2", "on", "1e3", "0x1f"])("may have values that are %s", async (word) => {
    const values = {
      "chat.version": word,
      "chat.existingSecret": word,
      "chat.configMapName": word,
      "chat.serviceAccount.name": word,
      "chat.networkPolicy.name": word,
      "chat.ingress.tlsSecret": word,
      "image.tag": word,
      "image.digest": "",
      "image.pullSecrets": [word],
      "commonLabels.team": word,
      fullnameOverride: word,
    };
    const objects = await render([...EVERYTHING, ...setFlags(values)], "newest");
    expect(objects.flatMap((one) => validateManifest(one, "newest"))).toEqual([]);
    expect(objects.filter((one) => !isNamedWell(one)).map(idOf)).toEqual([]);
  });

  test("of an agent stands beside another", async () => {
    const agent = exampleFlags("agent-values.yaml");
    const own = setFlags({ "agent.kube.className": "other" });
    const none = setFlags({ "agent.kube.createIngressClass": false });
    const all = await Promise.all([
      render(agent, "newest"),
      render([...agent, ...none], "newest", { ...RELEASE, name: "second" }),
      render([...agent, ...own], "newest", { ...RELEASE, name: "third" }),
      render([...agent, ...none], "newest", { ...RELEASE, namespace: "elsewhere" }),
    ]);
    expect(twice(all.flat())).toEqual([]);
  });

  test.each([
    { name: "edge-1", values: {} },
    { name: "bridge", values: { fullnameOverride: "bridge", "chat.name": "support" } },
  ])("$name has alerts that know its objects by their names", async ({ name, values }) => {
    const more = { ...values, "chat.autoscaling.enabled": true };
    const flags = [...EVERYTHING, ...setFlags(more)];
    const objects = await render(flags, "newest", { ...RELEASE, name });
    const [rules] = objects.filter(({ kind }) => kind === "PrometheusRule");
    const named = (kind: string) =>
      objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
    const deployments = named("Deployment");
    expect(deployments).toHaveLength(3);
    const pods = deployments.flatMap((one) => [`${one}-5d8f7c9b6-x2z4q`, `${one}-5d8f7cx2z4q`]);
    const scalers = named("HorizontalPodAutoscaler");
    expect(scalers).toHaveLength(1);
    for (const [label, names, alerts, foreign] of [
      ["deployment", deployments, 1, "support-desk"],
      ["pod", pods, 1, "support-desk-5d8f7c9b6-x2z4q"],
      ["horizontalpodautoscaler", scalers, 2, "support-desk-hpa"],
    ] as const) {
      const expressions = patternsOf(rules!, label);
      expect(expressions).toHaveLength(alerts);
      for (const pattern of expressions) {
        expect(names.filter((one) => !pattern.test(one))).toEqual([]);
        expect(pattern.test(foreign)).toBe(false);
      }
    }
  });

  test("of a chat stands beside another whose names are its own", async () => {
    const chat = exampleFlags("chat-values.yaml");
    const names = setFlags({
      "chat.name": "second",
      "chat.configMapName": "second-config",
      "chat.serviceAccount.name": "second-sa",
      "chat.networkPolicy.name": "second-netpol",
    });
    const second = await render([...chat, ...names], "newest", { ...RELEASE, name: "second" });
    expect(twice([...(await render(chat, "newest")), ...second])).toEqual([]);
  });

  test.each(EXAMPLES)("keeps what cannot change when its values do: %s", async (name) => {
    const changes = setFlags({
      commonLabels: { team: "other" },
      "image.tag": "2.0.0",
      "chat.version": "v2",
      "chat.podLabels": { tier: "front" },
      "chat.drain.spreadSeconds": 30,
      "gateway.domain": "example.net",
      "agent.kube.mode": "tunnel",
    });
    const before = await render(exampleFlags(name), "newest");
    const after = await render([...exampleFlags(name), ...changes], "newest");
    expect(after.map(fixedOf)).toEqual(before.map(fixedOf));
  });
});

/** What alerts match a label with, as Prometheus does: from end to end. */
function patternsOf(rules: Manifest, label: string): RegExp[] {
  const text = JSON.stringify(rules["spec"]).replaceAll('\\"', "'");
  return [...text.matchAll(new RegExp(`[{,]${label}=~'([^']*)'`, "g"))].map(
    ([, pattern]) => new RegExp(`^(?:${pattern})$`),
  );
}

function idOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}

/** As its kind takes it: a Service's is a label of DNS, which before 1.34 begins with a letter. */
function isNamedWell({ kind, metadata }: Manifest): boolean {
  const { name, labels = {} } = metadata;
  const label = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
  const subdomain = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
  const value = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
  return (
    (kind === "Service" ? label : subdomain).test(name) &&
    Object.values(labels).every((one) => typeof one === "string" && value.test(one))
  );
}

function twice(objects: readonly Manifest[]): string[] {
  const ids = objects.map(idOf);
  return ids.filter((id, i) => ids.indexOf(id) !== i);
}

/** What a server refuses to change. */
function fixedOf(object: Manifest): unknown {
  const { selector } = (object["spec"] ?? {}) as { selector?: unknown };
  const spec = object.kind === "PersistentVolumeClaim" ? object["spec"] : undefined;
  return [idOf(object), selector, spec, object["roleRef"], object["type"]];
}
