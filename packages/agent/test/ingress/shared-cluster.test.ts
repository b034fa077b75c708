/** Agents that do not have the cluster for themselves, on an API server that a test plays. */
import {
  ENDPOINT_SLICES,
  EVENTS,
  INGRESS_CLASSES,
  INGRESSES,
  SERVICES,
  type EndpointSlice,
  type Ingress,
  type KubeEvent,
} from "@warren/host/kube";
import type { KubeApi } from "@warren/host/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { followOn, ingressOf, startCluster } from "./_follow-kit.ts";

let api: KubeApi;
let owned: AsyncDisposableStack;
beforeEach(async () => {
  owned = new AsyncDisposableStack();
  api = await startCluster(owned);
});
afterEach(() => owned.disposeAsync());

const ACCEPTED = { accepted: true } as const;
const keyOf = (name: string) => `default/${name} a.test Prefix /`;
const putClass = (name: string, controller: string) =>
  api.put({ metadata: { name }, spec: { controller } }, INGRESS_CLASSES);
const controller = (namespace: string) =>
  api.put(
    {
      metadata: { name: "traefik", namespace },
      spec: { clusterIP: "10.0.0.9", ports: [{ name: "web", port: 80 }] },
    },
    SERVICES,
  );
const addresses = (name: string) =>
  api.get<Ingress>(INGRESSES, { namespace: "default", name })?.status?.loadBalancer?.ingress ?? [];
const statusWrites = () => api.requests.filter(({ resource }) => resource === "ingresses/status");
const event = (reason: string) =>
  api.until(() => api.all<KubeEvent>(EVENTS).find((one) => one.reason === reason));

const putSlice = (namespace: string, name: string, address: string, port = 80) =>
  api.put<EndpointSlice>(
    {
      metadata: { namespace, name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: [address] }],
      ports: [{ name: "", port }],
    },
    ENDPOINT_SLICES,
  );

describe("two installations in one cluster", () => {
  const lease = { namespace: "default", name: "second" };
  const second = { lease, gateway: "wss://second.test" };

  test("each serve the Ingresses of their own class, and write no other's status", async () => {
    putClass("warren", "warren.dev/ingress");
    putClass("second", "warren.dev/ingress/second");
    api.put(ingressOf("ours"), INGRESSES);
    api.put(ingressOf("theirs", { ingressClassName: "second" }), INGRESSES);
    const one = followOn(api, owned);
    const other = followOn(api, owned, { ...second, className: "second" });
    await one.judge(ACCEPTED, keyOf("ours"));
    await other.judge(ACCEPTED, keyOf("theirs"));
    await api.until(() => addresses("ours").length > 0 && addresses("theirs").length > 0);
    expect([addresses("ours"), addresses("theirs")]).toEqual([
      [{ hostname: "gateway.test" }],
      [{ hostname: "second.test" }],
    ]);
    expect([one.published.size, other.published.size]).toEqual([1, 1]);
    expect(statusWrites()).toHaveLength(2);
  });

  test("of one class have one who writes its status, after a few turns, and the other says so", async () => {
    putClass("warren", "warren.dev/ingress");
    api.put(ingressOf("shop"), INGRESSES);
    for (const agent of [followOn(api, owned), followOn(api, owned, second)])
      await agent.judge(ACCEPTED, keyOf("shop"));
    await event("StatusContested");
    const before = statusWrites().length;
    expect(before).toBeLessThan(10);
    const written = addresses("shop");
    api.put(ingressOf("last", { ingressClassName: "none" }), INGRESSES);
    await event("NoController");
    expect([addresses("shop"), statusWrites().length]).toEqual([written, before]);
  });
});

describe("an agent of a few namespaces", () => {
  test("publishes also where it may not look for controllers, and says so", async () => {
    for (const namespace of ["kube-system", "traefik"]) api.forbid("list", SERVICES, namespace);
    putClass("traefik", "traefik.io/ingress-controller");
    api.put(ingressOf("ours"), INGRESSES);
    api.put(ingressOf("theirs", { ingressClassName: "traefik" }), INGRESSES);
    const { there, log } = followOn(api, owned, { namespaces: ["default"] });
    await there(keyOf("ours"));
    expect((await event("NoController")).note).toContain("as far as Services may be read there");
    const type = await log.line(({ msg }) => msg === "the cluster is private");
    expect(type.fields).toMatchObject({ why: "no right to look for ingress controllers" });
    const refused = log.lines.filter(({ msg }) => msg.startsWith("may not be read"));
    const where = refused.map(
      ({ fields }) => /namespace "(.*?)"/.exec(String(fields["error"]))?.[1],
    );
    expect(new Set(where)).toEqual(new Set(["kube-system", "traefik"]));
  });

  test("keeps what it publishes while a kind may not be read any more, and follows it when it may", async () => {
    putClass("warren", "warren.dev/ingress");
    api.put(ingressOf("ours"), INGRESSES);
    const { there, published, log } = followOn(api, owned);
    await there(keyOf("ours"));
    const { key, route } = { key: keyOf("ours"), route: published.get(keyOf("ours"))!.route };
    const allowed = ["list", "watch"].map((verb) => api.forbid(verb, SERVICES));
    api.endStreams();
    const isTold = () => log.lines.some(({ msg }) => msg.startsWith("may not be read"));
    await expect.poll(isTold, { interval: 5 }).toBe(true);
    const metadata = { name: "web", namespace: "default" };
    api.put({ metadata, spec: { clusterIP: "10.0.0.2", ports: [{ port: 80 }] } }, SERVICES);
    // What may be read goes on, with what is known of the rest.
    api.put(
      ingressOf("more", { rules: [{ ...ingressOf("x").spec!.rules![0], host: "b.test" }] }),
      INGRESSES,
    );
    await there("default/more b.test Prefix /");
    expect(published.get(key)!.route).toBe(route);
    expect(published.get(key)!.targets).toMatchObject([{ host: "10.0.0.1" }]);
    for (const allow of allowed) allow();
    const target = () => published.get(key)?.targets;
    await expect
      .poll(target, { interval: 5, timeout: 20_000 })
      .toMatchObject([{ host: "10.0.0.2" }]);
  });

  test("finds a controller where controllers usually are, and nowhere else", async () => {
    controller("traefik");
    putClass("traefik", "traefik.io/ingress-controller");
    api.put(ingressOf("theirs", { ingressClassName: "traefik" }), INGRESSES);
    const { there, published } = followOn(api, owned, { namespaces: ["default"] });
    await there(keyOf("theirs"));
    expect(published.get(keyOf("theirs"))!.targets).toMatchObject([{ host: "10.0.0.9" }]);
  });

  describe("where somebody writes slices by hand", () => {
    const LAN = "shop/lan lan.test Prefix /";
    beforeEach(() => {
      putClass("warren", "warren.dev/ingress");
      putSlice("default", "kubernetes", "192.168.1.10", 443);
      for (const name of ["lan", "api"]) {
        const metadata = { name, namespace: "shop" };
        api.put({ metadata, spec: { clusterIP: "10.0.0.1", ports: [{ port: 80 }] } }, SERVICES);
        const service = { name, port: { number: 80 } };
        const paths = [{ path: "/", pathType: "Prefix" as const, backend: { service } }];
        const one = ingressOf(name, { rules: [{ host: `${name}.test`, http: { paths } }] });
        api.put({ ...one, metadata }, INGRESSES);
      }
      putSlice("shop", "lan", "192.168.1.20");
      putSlice("shop", "api", "192.168.1.10", 443);
    });

    test("leads to machines of the LAN, and not to the Kubernetes API", async () => {
      const { there, published } = followOn(api, owned, { namespaces: ["shop"] });
      await there(LAN);
      expect((await event("UnsupportedBackend")).note).toContain(
        "Service shop/api leads to the Kubernetes API (192.168.1.10 port 443)",
      );
      expect(published.size).toBe(1);
    });

    test("leads nowhere until it may read where the Kubernetes API is", async () => {
      const allowed = ["list", "watch"].map((verb) => api.forbid(verb, ENDPOINT_SLICES, "default"));
      const { there, published } = followOn(api, owned, { namespaces: ["shop"] });
      expect((await event("UnsupportedBackend")).note).toContain(
        "may not read EndpointSlice default/kubernetes",
      );
      expect(published.size).toBe(0);
      for (const allow of allowed) allow();
      await there(LAN);
      expect(published.size).toBe(1);
    });
  });
});

test("an Ingress hears that its namespace may have no wildcard, and by which option", async () => {
  putClass("warren", "warren.dev/ingress");
  const [rule] = ingressOf("exact").spec!.rules!;
  api.put(ingressOf("wild", { rules: [{ ...rule!, host: "*.a.test" }, rule!] }), INGRESSES);
  const { there, published } = followOn(api, owned, { wildcardNamespaces: ["infra"] });
  await there(keyOf("wild"));
  expect((await event("WildcardNotAllowed")).note).toContain("--kube-wildcards");
  expect(published.size).toBe(1);
});
