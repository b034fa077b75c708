// Every value of the chart does something: changed to another one that the schema takes, it changes what is rendered.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { CHART, helm } from "./_kit/helm.ts";
import { changed, LEAVES, over, renderAll, without, type Values } from "./_kit/leaves.ts";

const example = (name: string) =>
  parse(readFileSync(join(CHART, "ci", `${name}-values.yaml`), "utf8")) as Values;

/** Where each value can matter: most of them do where their part alone is on. */
const BASES: readonly { name: string; values: Values }[] = [
  {
    name: "a gateway that needs no others",
    values: over(example("gateways"), { gateway: { replicas: 1, acme: { production: false } } }),
  },
  { name: "a gateway with a volume", values: example("gateway") },
  {
    name: "an agent of one namespace",
    values: over(example("agent"), {
      agent: {
        kube: { namespaces: ["apps"] },
        serviceAccount: { name: "own" },
        hostPolicy: { enabled: true },
      },
    }),
  },
  { name: "a chat", values: example("chat") },
  { name: "a small chat", values: example("chat-small") },
  {
    name: "a chat of so many pods",
    values: over(example("chat"), { chat: { replicas: 1, autoscaling: { enabled: false } } }),
  },
  { name: "all of it", values: example("everything") },
];

const PARTS = ["gateway", "agent", "chat"];
const isOn = (values: Values, leaf: string) => {
  const part = leaf.split(".")[0]!;
  return part in values || (!PARTS.includes(part) && "chat" in values);
};

/** Words for a value have a `zz`: elsewhere they may only change what is said of something else. */
const saysSo = (values: Values, rendered: string) =>
  !JSON.stringify(values).includes("zz") || rendered.includes("zz");

test.skipIf(helm === undefined)(
  "each value changes what is rendered",
  async () => {
    let idle: readonly string[] = LEAVES;
    for (const { values } of BASES) {
      const asked = idle
        .filter((leaf) => isOn(values, leaf))
        .map((leaf) => ({ leaf, values: changed(values, leaf) }))
        .filter((one): one is { leaf: string; values: Values } => one.values !== undefined);
      const [before, ...after] = await renderAll([values, ...asked.map((one) => one.values)]);
      expect(before).toMatch(/^(?!.*zz).+$/s);
      const moved = new Set(
        asked
          .filter((one, i) => after[i] !== before && saysSo(one.values, after[i]!))
          .map(({ leaf }) => leaf),
      );
      idle = idle.filter((leaf) => !moved.has(leaf));
    }
    expect(idle).toEqual([]);
    expect(LEAVES.length).toBeGreaterThan(150);
  },
  120_000,
);

/** Where one is missing refused.yaml says it: chart-refused.test.ts. */
const IN_PAIRS = ["gateway.tcpPorts.first", "gateway.tcpPorts.last"];

test.skipIf(helm === undefined)(
  "a value that is taken away is missed, or is as if it were empty",
  async () => {
    let left = LEAVES.filter((leaf) => !IN_PAIRS.includes(leaf));
    for (const { values } of BASES) {
      const taken = left
        .filter((leaf) => isOn(values, leaf))
        .map((leaf) => ({ leaf, values: without(values, leaf) }))
        .filter((one): one is { leaf: string; values: Values } => one.values !== undefined);
      left = left.filter((leaf) => !taken.some((one) => one.leaf === leaf));
      const texts = await renderAll(taken.map((one) => one.values));
      const wrong = taken.filter((_, i) => /%!|nil|"null"/.test(texts[i]!));
      expect(wrong.map(({ leaf }) => leaf)).toEqual([]);
    }
    expect(left).toContain("chat.name");
    expect(left.length).toBeLessThan(LEAVES.length / 3);
  },
  120_000,
);
