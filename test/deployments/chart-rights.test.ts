// What the chart allows an agent, and no others.
import { describe, expect, test } from "vitest";
import * as gatewayApi from "../../packages/agent/src/kube/gateway-api/resources.ts";
import { exampleFlags, helm, RELEASE, render, setFlags } from "./_kit/helm.ts";
import { podsOf, restrictedProblems } from "./_kit/pods.ts";
import { rulesOf } from "./_kit/rbac.ts";
import { environmentOf, optionsOf } from "./_kit/told.ts";
import type { Manifest } from "./_kit/validate.ts";

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

  test("are to read every kind of Gateway API in each of its versions, and to say what became of it", async () => {
    const rules = await rightsOf({});
    const allows = (group: string, plural: string, verb: string) =>
      rules.some(
        ({ apiGroups, resources, verbs }) =>
          apiGroups.includes(group) && resources.includes(plural) && verbs.includes(verb),
      );
    const kinds = [
      gatewayApi.GATEWAY_CLASSES,
      gatewayApi.GATEWAYS,
      ...Object.values(gatewayApi.ROUTES),
      gatewayApi.REFERENCE_GRANTS,
      gatewayApi.BACKEND_TLS_POLICIES,
      gatewayApi.LISTENER_SETS,
    ].flatMap(({ versions }) => [...versions]);
    const missing = kinds.flatMap(({ group, plural, kind }) => [
      ...READS.filter((verb) => !allows(group, plural, verb)).map((verb) => `${verb} ${plural}`),
      ...(kind === "ReferenceGrant" || allows(group, `${plural}/status`, "update")
        ? []
        : [`update ${plural}/status`]),
    ]);
    expect(missing).toEqual([]);
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
    // The Job that takes its traces away has one of its own.
    expect(made.map(({ metadata }) => metadata.name)).toEqual([
      ...(create ? ["own"] : []),
      `${account}-leave`,
    ]);
    expect(rulesOf(objects, "own")).toEqual(await rightsOf({}));
    expect(rulesOf(objects, account)).toEqual([]);
  });

  test("of a gateway and a chat are none, and they have no token to use them with", async () => {
    const objects = await render(exampleFlags("everything-values.yaml"), "newest");
    for (const { of, spec } of podsOf(objects)) {
      const isAgent = /-agent(-leave)?$/.test(of);
      expect(spec.automountServiceAccountToken).toBe(isAgent);
      const own = spec.serviceAccountName ?? "default";
      if (!isAgent) expect(rulesOf(objects, own)).toEqual([]);
    }
  });
});

describe.skipIf(helm === undefined)("what takes an agent's traces away", () => {
  const leaving = `${account}-leave`;

  test("is a hook with all that it needs, which nothing of the release is by then", async () => {
    const objects = await rendered({ "agent.token": { value: TOKEN, existingSecret: "" } });
    const hooks = objects.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"]);
    const its = objects.filter(({ metadata }) => metadata.name.startsWith(leaving));
    expect(its.map(({ kind }) => kind).sort()).toEqual([
      "Job",
      "NetworkPolicy",
      "Role",
      "RoleBinding",
      "Secret",
      "ServiceAccount",
    ]);
    expect(hooks.filter(ofPart)).toEqual(objects.filter(ofPart));
    for (const { kind, metadata } of hooks.filter(ofPart)) {
      const said = metadata.annotations!;
      expect(said["helm.sh/hook"]).toBe("post-delete");
      // First its rights, then the Job; and nothing of it stays where that went well.
      expect(Number(said["helm.sh/hook-weight"] ?? 0)).toBe(kind === "Job" ? 0 : -1);
      expect(said["helm.sh/hook-delete-policy"]).toContain("hook-succeeded");
    }
    const secrets = new Set(its.filter(({ kind }) => kind === "Secret").map(nameOf));
    const [pod] = podsOf(objects).filter(({ of }) => of === `Job ${leaving}`);
    for (const { secret } of pod!.spec.volumes ?? [])
      if (secret !== undefined) expect(secrets).toContain(secret.secretName);
    expect(restrictedProblems(pod!)).toEqual([]);
  });

  test("ends, also where it cannot do its work, before helm gives up", async () => {
    const [job] = (await rendered({})).filter(({ kind }) => kind === "Job");
    const spec = job!["spec"] as Record<string, number>;
    expect(spec["activeDeadlineSeconds"]).toBeLessThan(300);
    expect(spec["backoffLimit"]).toBeLessThan(4);
    expect(spec["ttlSecondsAfterFinished"]).toBeDefined();
  });

  test("may write where agents do, and delete their Lease", async () => {
    const rules = rulesOf(await rendered({}), leaving);
    const writes = rules.flatMap(({ resources, verbs }) =>
      verbs
        .filter((verb) => !READS.includes(verb))
        .flatMap((verb) => resources.map((one) => `${verb} ${one}`)),
    );
    const own = /^patch \w+\/status$|^(create|update|delete) leases$/;
    expect(writes.filter((one) => !own.test(one))).toEqual([]);
    const statuses = (all: typeof rules) =>
      all.flatMap(({ resources }) => resources.filter((one) => one.endsWith("/status")));
    expect(statuses(rules)).toEqual(expect.arrayContaining(statuses(await rightsOf({}))));
    const leases = rules.filter(({ verbs }) => verbs.includes("delete"));
    expect(leases).toMatchObject([{ resourceNames: [account], namespace: RELEASE.namespace }]);
    expect(rules.flatMap(({ resources }) => resources)).not.toContain("secrets");
  });

  test("has nothing in a namespace that may be gone by then, and nothing where it is off", async () => {
    const objects = await rendered({ "agent.kube.namespaces": ["apps"] });
    const some = rulesOf(objects, leaving);
    expect(on(some, undefined)).toContain("ingresses/status");
    const namespaces = objects.filter(ofPart).map(({ metadata }) => metadata.namespace);
    expect(new Set(namespaces)).toEqual(new Set([undefined, RELEASE.namespace]));
    const off = await rendered({ "agent.leave.enabled": false });
    expect(off.filter(({ metadata }) => metadata.name.includes("leave"))).toEqual([]);
  });

  test("is told what the agent is told", async () => {
    const objects = await rendered({
      "agent.kube.namespaces": ["apps"],
      "agent.kube.className": "b",
    });
    const [agent, job] = ["Deployment", "Job"].map((kind) => {
      const pod = podsOf(objects).find(({ of }) => of.startsWith(`${kind} `))!;
      const { WARREN_POD_NAME: _, ...env } = environmentOf(pod.spec.containers[0]!, objects);
      return { env, args: pod.spec.containers[0]!.args };
    });
    expect(job!.env).toEqual(agent!.env);
    const deployment = objects.find(({ kind }) => kind === "Deployment")!;
    expect(job!.args!.slice(2)).toEqual(["--after", `${RELEASE.namespace}/${nameOf(deployment)}`]);
  });
});

const rendered = (values: Readonly<Record<string, unknown>>) =>
  render([...exampleFlags("agent-values.yaml"), ...setFlags(values)], "newest");
const ofPart = (one: Manifest) =>
  one.metadata.labels?.["app.kubernetes.io/component"] === "agent-leave";
const TOKEN = ["header", "payload", "signature"].map((part) => part.repeat(3)).join(".");
const nameOf = ({ metadata }: Manifest) => metadata.name;
