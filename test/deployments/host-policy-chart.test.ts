// The chart's policy of hosts is the plain file's, word by word.
import { describe, expect, test } from "vitest";
import { objectsOf, only } from "./_kit/folders.ts";
import { exampleFlags, helm, render, setFlags } from "./_kit/helm.ts";
import { schemasFolder } from "./_kit/schemas.ts";
import { validateManifest } from "./_kit/validate.ts";

const POLICY = "ValidatingAdmissionPolicy";
const BINDING = "ValidatingAdmissionPolicyBinding";
const plain = objectsOf("deployments/kubernetes/host-policy/host-policy.yaml");

const withPolicy = (values: Readonly<Record<string, unknown>> = {}) => [
  ...exampleFlags("agent-values.yaml"),
  ...setFlags({ "agent.hostPolicy.enabled": true, ...values }),
];

describe.skipIf(helm === undefined || schemasFolder === undefined)("the chart", () => {
  test.each([
    { others: [], said: "''", className: "warren" },
    { others: ["*"], said: "'*'", className: "warren" },
    { others: ["a.test", "**.b.test"], said: "'a.test,**.b.test'", className: "second" },
  ])("makes the same policy, of other namespaces $others", async ({ others, said, className }) => {
    const values = { "agent.hostPolicy.otherHosts": others, "agent.kube.className": className };
    const objects = await render(withPolicy(values), "newest");
    const name = "warren-system-edge-warren-agent-hosts";
    const [policy, binding] = [only(objects, POLICY, name), only(objects, BINDING, name)];
    const own = JSON.stringify(only(plain, POLICY, "warren-hosts")["spec"]);
    const expected = own.replace(": ''", `: ${said}`).replace("['warren']", `['${className}']`);
    expect(policy["spec"]).toEqual(JSON.parse(expected));
    expect(binding["spec"]).toEqual({ policyName: name, validationActions: ["Deny"] });
    expect([policy, binding].flatMap((one) => validateManifest(one, "newest"))).toEqual([]);
  });

  test("makes none unless asked for, and says where Kubernetes knows none", async () => {
    const objects = await render(exampleFlags("agent-values.yaml"), "newest");
    expect(objects.filter(({ kind }) => kind.startsWith(POLICY))).toEqual([]);
    await expect(render(withPolicy(), "1.24")).rejects.toThrow(/hostPolicy.* 1\.30/);
  });

  test.each(["it's", "a b", "a,b", "*.*.c"])("takes no host %j", async (host) => {
    const given = withPolicy({ "agent.hostPolicy.otherHosts": [host] });
    await expect(render(given, "newest")).rejects.toThrow(/otherHosts/);
  });
});
