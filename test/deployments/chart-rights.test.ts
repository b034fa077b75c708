// What the chart allows an agent, and no others.
import { describe, expect, test } from "vitest";
import { exampleFlags, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";
import { rulesOf } from "./_kit/rbac.ts";
import { environmentOf, optionsOf } from "./_kit/told.ts";

const account = `${RELEASE.name}-warren-agent`;
const READS = ["get", "list", "watch"];

const rightsOf = async (values: Readonly<Record<string, unknown>>) =>
  rulesOf(
    await render([...exampleFlags("agent-values.yaml"), ...setFlags(values)], "newest"),
    account,
  );
const asked = (more = {}) =>
  rightsOf({
    "agent.kube.namespaces": ["apps", "shop"],
    "agent.kube.controllerNamespaces": ["kube-system", "apps"],
    "agent.kube.tlsSecrets": true,
    ...more,
  });

const on = (rules: Awaited<ReturnType<typeof rightsOf>>, where: string | undefined) =>
  rules.filter(({ namespace }) => namespace === where).flatMap(({ resources }) => resources);

describe.skipIf(helm === undefined)("rights of an agent", () => {
  test("are to read, and to write no more than what is its own", async () => {
    const writes = (await rightsOf({})).flatMap(({ apiGroups, resources, verbs, namespace }) =>
      verbs
        .filter((verb) => !READS.includes(verb))
        .flatMap((verb) =>
          resources.map((one) => `${verb} ${one} ${apiGroups.join()} ${namespace ?? "*"}`),
        ),
    );
    const own =
      /^(update|patch) \w+\/status |^(create|patch) events events\.k8s\.io |^(create|update|patch) leases coordination\.k8s\.io warren-system$/;
    expect(writes.filter((one) => !own.test(one))).toEqual([]);
  });

  test("name the Lease that is its own", async () => {
    const leases = (await rightsOf({})).filter(({ resources }) => resources.includes("leases"));
    expect(leases.filter(({ verbs }) => !verbs.includes("create"))).toMatchObject([
      { resourceNames: [account] },
    ]);
    expect(leases.filter(({ verbs }) => verbs.includes("create"))).toMatchObject([
      { verbs: ["create"] },
    ]);
  });

  test("reach no Secret and no wildcard, unless Secrets are asked for", async () => {
    const all = await rightsOf({});
    expect(
      all.flatMap(({ resources, verbs, apiGroups }) => [...resources, ...verbs, ...apiGroups]),
    ).not.toContain("*");
    const secrets = (rules: typeof all) =>
      rules.filter(({ resources }) => resources.includes("secrets"));
    expect(secrets(all)).toEqual([]);
    const asked = await rightsOf({
      "agent.kube.tlsSecrets": true,
      "agent.kube.namespaces": ["apps"],
    });
    expect(secrets(asked)).toMatchObject([{ verbs: READS, namespace: "apps" }]);
  });

  describe("in the namespaces that were asked for", () => {
    test("are all but those on what lives in none, and on the labels of namespaces", async () => {
      const rules = await asked();
      const everywhere = rules.filter(({ namespace }) => namespace === undefined);
      expect(
        everywhere.flatMap(({ resources, verbs }) =>
          resources.map((one) => `${one} ${verbs.join()}`),
        ),
      ).toEqual([
        "ingressclasses get,list,watch",
        "gatewayclasses get,list,watch",
        "gatewayclasses/status update,patch",
        "customresourcedefinitions get",
        "namespaces get,list,watch",
      ]);
      for (const namespace of ["apps", "shop"])
        expect(on(rules, namespace)).toEqual(
          expect.arrayContaining([
            "services",
            "endpointslices",
            "ingresses",
            "httproutes",
            "secrets",
          ]),
        );
      expect(on(await asked({ "agent.kube.gatewayApi": false }), undefined)).toEqual([
        "ingressclasses",
      ]);
    });

    test("are Services alone where controllers are", async () => {
      expect(on(await asked(), "kube-system")).toEqual(["services"]);
      expect(on(await asked({ "agent.kube.namespaces": [] }), "kube-system")).toEqual([]);
    });

    test("are one EndpointSlice where the Kubernetes API is, unless all there are", async () => {
      const api = (rules: Awaited<ReturnType<typeof rightsOf>>) =>
        rules.filter(({ namespace }) => namespace === "default");
      expect(api(await asked())).toMatchObject([
        { resources: ["endpointslices"], resourceNames: ["kubernetes"], verbs: READS },
      ]);
      const withDefault = await asked({ "agent.kube.namespaces": ["default"] });
      expect(api(withDefault).every(({ resourceNames }) => resourceNames === undefined)).toBe(true);
      expect(api(await rightsOf({}))).toEqual([]);
    });

    test("are what the agent is told to look at", async () => {
      const flags = setFlags({
        "agent.kube.namespaces": ["apps"],
        "agent.kube.controllerNamespaces": ["kube-system", "apps"],
      });
      const objects = await render([...exampleFlags("agent-values.yaml"), ...flags], "newest");
      const [pod] = podsOf(objects);
      const env = environmentOf(pod!.spec.containers[0]!, objects);
      expect(optionsOf(pod!, env)).toMatchObject({
        ok: true,
        config: { kubeNamespace: ["apps"], kubeControllers: ["apps", "kube-system"] },
      });
    });
  });

  test.each([
    { name: "one that is made under a name of its own", create: true },
    { name: "one that is there already", create: false },
  ])("belong to the account that its pods have: $name", async ({ create }) => {
    const values = { "agent.serviceAccount": { create, name: "own" } };
    const flags = [...exampleFlags("agent-values.yaml"), ...setFlags(values)];
    const objects = await render(flags, "newest");
    expect(podsOf(objects)[0]!.spec.serviceAccountName).toBe("own");
    const made = objects.filter(({ kind }) => kind === "ServiceAccount");
    expect(made.map(({ metadata }) => metadata.name)).toEqual(create ? ["own"] : []);
    expect(rulesOf(objects, "own")).toEqual(await rightsOf({}));
    expect(rulesOf(objects, account)).toEqual([]);
  });

  test("of a gateway and a chat are none, and they have no token to use them with", async () => {
    const objects = await render(exampleFlags("everything-values.yaml"), "newest");
    for (const { of, spec } of podsOf(objects)) {
      expect(spec.automountServiceAccountToken).toBe(of.endsWith("-agent"));
      const own = spec.serviceAccountName ?? "default";
      if (!of.endsWith("-agent")) expect(rulesOf(objects, own)).toEqual([]);
    }
  });
});
