/** Each thing in a cluster that keeps an agent from working, made on an API server of a test's, and found. */
import { agentDefaults, kubeSettings } from "@warren/agent";
import { GATEWAYS, ROUTES } from "@warren/agent/kube";
import { systemClock } from "@warren/host";
import {
  ENDPOINT_SLICES,
  EVENTS,
  INGRESS_CLASSES,
  INGRESSES,
  LEASES,
  SECRETS,
  SERVICES,
  statusOf,
} from "@warren/host/kube";
import { startKubeApi, virtualClock, type KubeApi } from "@warren/host/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkCluster } from "../src/doctor/check-cluster.ts";
import { checkHosts } from "../src/doctor/check-hosts.ts";
import { askedInCluster, doorsOf } from "../src/doctor/cluster-doors.ts";
import { findingOf, silentServer, troubles } from "./_kit/doctor.ts";
import { ingressOf } from "./_kit/kube-stage.ts";

const { signal } = new AbortController();
const NOW = Date.now();

type Options = Partial<typeof agentDefaults>;
const NOWHERE = { host: undefined, port: undefined };
const settings = (options: Options = {}) =>
  kubeSettings({ ...agentDefaults, kube: "on", podNamespace: "warren", ...options }, NOWHERE)!;
const urlOf = ({ port }: { port: number }) => new URL(`http://127.0.0.1:${port}`);

function ingress(
  api: KubeApi,
  name: string,
  host: string,
  { annotations = {}, ...more }: { annotations?: object; ingressClassName?: string } = {},
): void {
  const { spec, ...rest } = ingressOf(name, host, 80);
  const metadata = { ...rest.metadata, annotations };
  api.put({ ...rest, metadata, spec: { ...spec, ...more } } as never);
}

async function hosts(api: KubeApi, options: Options = {}): Promise<string[]> {
  return doorsOf(await askedInCluster(api.client(), settings(options))).map(({ host }) => host);
}

describe("a cluster", () => {
  let api: KubeApi;
  beforeEach(async () => {
    api = await startKubeApi();
    api.put(
      { metadata: { name: "warren" }, spec: { controller: "warren.dev/ingress" } },
      INGRESS_CLASSES,
    );
    const renewTime = new Date(NOW).toISOString();
    const spec = { holderIdentity: "agent-0", renewTime, leaseDurationSeconds: 10 };
    api.put({ metadata: { name: "warren-agent", namespace: "warren" }, spec }, LEASES);
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const check = (options: Options = {}, nowMs = NOW) =>
    checkCluster({
      client: api.client(),
      settings: settings(options),
      clock: systemClock,
      wallClock: () => nowMs,
      signal,
    });

  test("that is well has nothing to say but what it saw", async () => {
    for (const one of [GATEWAYS, ...Object.values(ROUTES)]) api.serve(one.versions[0]);
    const found = await check({ kubeTlsSecrets: true, kubeNamespace: ["default", "apps"] });
    expect(found.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(findingOf(found, "Lease warren/warren-agent")?.said).toContain("held by agent-0");
    expect(findingOf(found, "clock of the API server")?.level).toBe("ok");
    expect(findingOf(found, "ingresses.networking.k8s.io")?.said).toBe("yes in default, apps");
  });

  test.each([
    { mode: "auto", says: undefined },
    { mode: "tunnel", says: undefined },
    { mode: "direct", says: /those of class warren, and Gateway API, go through the tunnel/ },
    { mode: "both", says: /those of class warren, and Gateway API, go through the tunnel/ },
  ] as const)("in mode $mode hears once what goes through the tunnel all the same", async (one) => {
    const found = findingOf(await check({ kubeMode: one.mode }), "mode ");
    if (one.says === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ level: "note", said: expect.stringMatching(one.says) });
  });

  test.each([
    ["list", "may get, list, watch ingresses.networking.k8s.io", INGRESSES, "fail"],
    ["watch", "may get, list, watch services", SERVICES, "fail"],
    ["get", "may get, list, watch endpointslices.discovery.k8s.io", ENDPOINT_SLICES, "fail"],
    ["list", "may get, list, watch ingressclasses.networking.k8s.io", INGRESS_CLASSES, "fail"],
    ["watch", "may get, list, watch secrets", SECRETS, "fail"],
    ["create", "may create leases.coordination.k8s.io", LEASES, "fail"],
    ["update", "may get, update leases.coordination.k8s.io", LEASES, "fail"],
    ["patch", "may patch ingresses/status.networking.k8s.io", statusOf(INGRESSES), "warn"],
    ["create", "may create, patch events.events.k8s.io", EVENTS, "warn"],
    ["watch", "may get, list, watch gateways.gateway.", GATEWAYS.versions[0], "warn"],
    ["update", "may update gateways/status.gateway.", statusOf(GATEWAYS.versions[0]), "warn"],
  ] as const)(
    "whose role lacks %s, of what it %s, is told so",
    async (verb, name, resource, level) => {
      api.serve(GATEWAYS.versions[0]);
      api.forbid(verb, resource);
      const found = troubles(await check({ kubeTlsSecrets: true }));
      const [missing, ...more] = found.filter((one) => one.check.startsWith(name));
      expect(missing).toMatchObject({ level, said: expect.stringMatching(`no: ${verb}`) });
      expect(missing!.todo).toContain("Role");
      expect(more).toEqual([]);
    },
  );

  test("whose role has its rules for one Lease by name is well", async () => {
    const lease = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
    api.allowOnly([
      { apiGroups: ["*"], resources: ["services", "ingresses", "endpointslices"], verbs: ["*"] },
      { apiGroups: ["*"], resources: ["ingressclasses", "events"], verbs: ["*"] },
      { apiGroups: ["*"], resources: ["ingresses/status"], verbs: ["*"] },
      { ...lease, verbs: ["create"], namespace: "warren" },
      { ...lease, verbs: ["get", "update"], namespace: "warren", resourceNames: ["warren-agent"] },
    ]);
    expect(troubles(await check())).toEqual([]);
  });

  test("names the namespaces in which a right is missing", async () => {
    api.forbid("list", INGRESSES, "apps");
    const found = await check({ kubeNamespace: ["default", "apps"] });
    expect(findingOf(found, "ingresses.networking")?.said).toBe("no: list in apps");
  });

  test("whose class is another controller's, or is not there", async () => {
    const name = { namespace: undefined, name: "warren" };
    api.put(
      { metadata: { name: "warren" }, spec: { controller: "example.com/x" } },
      INGRESS_CLASSES,
    );
    expect(findingOf(await check(), "IngressClass warren")).toMatchObject({ level: "fail" });
    api.remove(INGRESS_CLASSES, name);
    expect(findingOf(await check(), "IngressClass warren")).toMatchObject({ level: "note" });
    const narrowed = await check({ kubeSelect: "class" });
    expect(findingOf(narrowed, "IngressClass warren")).toMatchObject({ level: "fail" });
  });

  test.each([
    { name: "nobody", spec: {}, said: "nobody holds it, so nobody publishes" },
    {
      name: "an agent that is gone",
      spec: { holderIdentity: "agent-0", renewTime: new Date(NOW - 60_000).toISOString() },
      said: "held by agent-0, renewed 60 s ago",
    },
    {
      name: "an agent whose clock is ahead",
      spec: { holderIdentity: "agent-0", renewTime: new Date(NOW + 60_000).toISOString() },
      said: "held by agent-0, renewed -60 s ago",
    },
  ])("whose Lease is held by $name is warned of it", async ({ spec, said }) => {
    api.put({ metadata: { name: "other", namespace: "elsewhere" }, spec }, LEASES);
    const found = await check({ kubeLease: { namespace: "elsewhere", name: "other" } });
    expect(findingOf(found, "Lease elsewhere/other")).toMatchObject({ level: "warn", said });
  });

  test("whose clock is another fails", async () => {
    const found = await check({}, NOW + 300_000);
    expect(findingOf(found, "clock of the API server")).toMatchObject({ level: "fail" });
  });

  test("that takes no credentials is all that is said of it", async () => {
    api.requireToken("another");
    const found = await check();
    expect(found).toMatchObject([{ check: "API server", level: "fail" }]);
    expect(found[0]!.todo).toContain("renew it");
  });

  test("whose API server never answers is given up on", async () => {
    await using nobody = await silentServer();
    const clock = virtualClock();
    const client = api.client({ clock, access: { ...api.client().access, server: urlOf(nobody) } });
    const given = { client, settings: settings(), clock, wallClock: () => NOW, signal };
    const found = checkCluster(given);
    await nobody.came;
    clock.advance(60_000);
    expect(await found).toMatchObject([{ check: "API server", level: "fail" }]);
  });

  test("is asked for the hosts that this agent may publish", async () => {
    ingress(api, "a", "a.example.com");
    ingress(api, "b", "*.b.example.com");
    ingress(api, "c", "c.example.com", { annotations: { "warren.dev/publish": "false" } });
    ingress(api, "d", "d.example.com", { ingressClassName: "warren" });
    expect(await hosts(api)).toEqual([
      "a.example.com",
      "warren-doctor.b.example.com",
      "d.example.com",
    ]);
    expect(await hosts(api, { kubeSelect: "class" })).toEqual(["d.example.com"]);
    expect(await hosts(api, { kubeNamespace: ["elsewhere"] })).toEqual([]);
  });

  test("is not asked for what another installation of Warren serves", async () => {
    const classes = { "warren.dev/ingress": ["warren", "more"], "warren.dev/ingress/b": ["b"] };
    for (const [controller, names] of Object.entries(classes))
      for (const name of names)
        api.put({ metadata: { name }, spec: { controller } }, INGRESS_CLASSES);
    for (const ingressClassName of ["warren", "more", "b"])
      ingress(api, ingressClassName, `${ingressClassName}.example.com`, { ingressClassName });
    for (const kubeSelect of ["all", "class"] as const) {
      expect(await hosts(api, { kubeSelect })).toEqual(["more.example.com", "warren.example.com"]);
      expect(await hosts(api, { kubeSelect, kubeClass: "b" })).toEqual(["b.example.com"]);
    }
  });

  test.each([
    { name: "refuses it to everybody", shared: [], refused: ["a.example.com", "*.b.example.com"] },
    { name: "lets a namespace in", shared: ["default"], refused: [] },
    { name: "lets another in", shared: ["other"], refused: ["a.example.com", "*.b.example.com"] },
    { name: "lets all in", shared: ["*"], refused: [] },
  ])("whose agent has a host itself and $name is told so", async ({ shared, refused }) => {
    const [routes] = ROUTES.HTTPRoute.versions;
    api.serve(routes);
    ingress(api, "a", "a.example.com");
    ingress(api, "b", "*.b.example.com");
    ingress(api, "c", "x.b.example.com");
    const spec = { hostnames: ["a.example.com"], rules: [{}] };
    api.put({ metadata: { name: "r", namespace: "default" }, spec }, routes);
    const own = ["A.example.com", "*.b.example.com", "d.example.com"];
    const publications = own.map((host) => ({ route: { kind: "http", host }, targets: [] }));
    const asked = await askedInCluster(api.client(), settings());
    const found = checkHosts(publications as never, asked, shared);
    expect(found.map(({ check }) => check)).toEqual(refused.map((host) => `host ${host}`));
    if (refused.length > 0)
      expect(found[0]).toMatchObject({
        level: "warn",
        said: "is of this agent's own services, and refused to Ingress default/a, HTTPRoute default/r",
        todo: expect.stringContaining("--kube-share-host default") as string,
      });
  });

  test("is not asked for what a class keeps back", async () => {
    const annotations = { "warren.dev/publish": "false" };
    const spec = { controller: "example.com/x" };
    api.put({ metadata: { name: "lan", annotations }, spec }, INGRESS_CLASSES);
    ingress(api, "a", "a.example.com", { ingressClassName: "lan" });
    expect(await hosts(api)).toEqual([]);
  });

  test.each(ROUTES.HTTPRoute.versions)(
    "is asked for the hosts of HTTPRoutes in $version",
    async (version) => {
      api.serve(version);
      const spec = { hostnames: ["r.example.com"], rules: [{}] };
      api.put({ metadata: { name: "r", namespace: "default" }, spec }, version);
      expect(await hosts(api)).toEqual(["r.example.com"]);
    },
  );
});
