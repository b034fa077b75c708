import { describe, expect, test } from "vitest";
import { readManifests } from "./_kit/manifests.ts";
import { KUBE_VERSIONS, schemasFolder } from "./_kit/schemas.ts";
import { validateManifest } from "./_kit/validate.ts";

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: one }
spec:
  containers:
    - name: main
      image: x
      ports: [{ containerPort: 80 }]
      env: [{ name: A, value: "1" }]
      resources: { limits: { cpu: 1, memory: 1Gi } }
`;
const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: one }
spec: { ports: [{ port: 80, targetPort: http }] }
`;
const RULE = `
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: one }
spec: { groups: [{ name: a, rules: [{ alert: Down, expr: up == 0, for: 5m }] }] }
`;
const POOL = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: one, namespace: metallb-system }
spec: { addresses: [192.168.1.200-192.168.1.220] }
`;

describe.skipIf(schemasFolder === undefined).each(KUBE_VERSIONS)("Kubernetes %s", (version) => {
  test.each([
    { name: "a pod", text: POD },
    { name: "a port by its name", text: SERVICE },
    { name: "a port by its number", text: SERVICE.replace("http", "8080") },
    { name: "a custom resource", text: RULE },
    { name: "another one", text: POOL },
  ])("takes $name", ({ text }) => {
    expect(readManifests(text, "text").flatMap((one) => validateManifest(one, version))).toEqual(
      [],
    );
  });

  test.each([
    {
      name: "a field that nobody knows",
      text: POD.replace("image: x", "image: x\n      imagePullpolicy: Always"),
      want: 'Pod one: /spec/containers/0 has no field "imagePullpolicy"',
    },
    {
      name: "a number for a text",
      text: POD.replace('value: "1"', "value: 1"),
      want: "Pod one: /spec/containers/0/env/0/value must be string",
    },
    {
      name: "a word that YAML 1.1 has for true",
      text: POD.replace('value: "1"', "value: yes"),
      want: "Pod one: /spec/containers/0/env/0/value must be string",
    },
    {
      name: "a field that is missing",
      text: POD.replace("- name: main\n      image: x", "- image: x"),
      want: "Pod one: /spec/containers/0 must have required property 'name'",
    },
    {
      name: "no quantity",
      text: POD.replace("1Gi", "1GB"),
      want: "Pod one: /spec/containers/0/resources/limits/memory must match pattern",
    },
    {
      name: "two ports that are one",
      text: POD.replace("80 }", "80 }, { containerPort: 80, protocol: TCP }"),
      want: "Pod one: /spec/containers/0/ports has two with the same key",
    },
    {
      name: "a kind that it does not serve",
      text: POD.replace("kind: Pod", "kind: Pot"),
      want: `Pot one: Kubernetes ${version} knows no v1/Pot`,
    },
    {
      name: "an unknown field of a custom resource",
      text: RULE.replace("for: 5m", "during: 5m"),
      want: 'PrometheusRule one: /spec/groups/0/rules/0 has no field "during"',
    },
    {
      name: "an unknown field of a custom resource's metadata",
      text: POOL.replace("{ name: one,", "{ name: one, label: {},"),
      want: 'IPAddressPool one: /metadata has no field "label"',
    },
  ])("refuses $name", ({ text, want }) => {
    const problems = readManifests(text, "text").flatMap((one) => validateManifest(one, version));
    expect(problems).toContainEqual(expect.stringContaining(want));
  });

  test("refuses a namespace of what lives in none", () => {
    const text = "{ apiVersion: v1, kind: Namespace, metadata: { name: a, namespace: b } }";
    expect(validateManifest(readManifests(text, "text")[0]!, version)).toEqual([
      "Namespace a: /metadata/namespace is for kinds that live in one",
    ]);
  });
});

test("a key that is there twice is refused", () => {
  expect(() => readManifests("kind: A\nkind: B\n", "a.yaml")).toThrow(
    "a.yaml: Map keys must be unique",
  );
});
