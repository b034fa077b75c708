/** What people are told of their Ingresses, on an API server that a test plays. */
import {
  EVENTS,
  INGRESSES,
  LEASES,
  microTime,
  SERVICES,
  type Ingress,
  type KubeEvent,
  type Lease,
} from "@warren/host/kube";
import type { KubeApi } from "@warren/host/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { followOn, GATEWAY, ingressOf, startCluster } from "./_follow-kit.ts";

const SHOP = { namespace: "default", name: "shop" };
const KEY = "default/shop a.test Prefix /";

const path = (at: string, name: string) => ({
  path: at,
  pathType: "Prefix" as const,
  backend: { service: { name, port: { number: 80 } } },
});

describe("people are told of their Ingresses", () => {
  let api: KubeApi;
  let owned: AsyncDisposableStack;
  beforeEach(async () => {
    owned = new AsyncDisposableStack();
    api = await startCluster(owned);
  });
  afterEach(() => owned.disposeAsync());

  function follow() {
    const following = followOn(api, owned);
    const judge = (verdict: Parameters<typeof following.judge>[0], key = KEY) =>
      following.judge(verdict, key);
    return { ...following, judge };
  }

  const events = (reason: string) =>
    api.all<KubeEvent>(EVENTS).filter((one) => one.reason === reason);
  const event = (reason: string) => api.until(() => events(reason)[0]);
  const addresses = (name = "shop") =>
    api.get<Ingress>(INGRESSES, { ...SHOP, name })?.status?.loadBalancer?.ingress ?? [];
  const statusWrites = () => api.requests.filter(({ resource }) => resource === "ingresses/status");

  test("that they are published, and where they are reached", async () => {
    api.put(ingressOf("shop"), INGRESSES);
    const { named, judge } = follow();
    await judge({ accepted: true });
    expect(await event("Published")).toMatchObject({
      type: "Normal",
      note: "published at a.test",
      regarding: { kind: "Ingress", name: "shop", apiVersion: "networking.k8s.io/v1" },
      reportingController: "warren-agent",
    });
    await api.until(() => addresses().length > 0);
    expect(addresses()).toEqual([{ hostname: "gateway.test" }]);
    named(["one.gateway.test", "uuid.gateway.test"]);
    await api.until(() => addresses()[0]?.hostname === "one.gateway.test");
  });

  test("that another cluster has the host, and that there is no address then", async () => {
    api.put(
      { ...ingressOf("shop"), status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } },
      INGRESSES,
    );
    const { judge } = follow();
    await judge({ refused: "host_taken", message: "held by cluster x" });
    expect(await event("HostTaken")).toMatchObject({
      type: "Warning",
      note: "a.test: held by cluster x",
    });
    await api.until(() => addresses().length === 0);
    await judge({ accepted: true });
    await event("Published");
  });

  test.each([
    { reason: "HostNotAllowed", verdict: { refused: "host_not_allowed", message: "" } },
    { reason: "QuotaExceeded", verdict: { refused: "quota_exceeded", message: "" } },
    { reason: "RouteRefused", verdict: { refused: "overloaded", message: "" } },
  ] as const)("of a refusal: $reason", async ({ reason, verdict }) => {
    api.put(ingressOf("shop"), INGRESSES);
    const { judge } = follow();
    await judge(verdict);
    await event(reason);
  });

  test("and their addresses stay while a gateway refuses what it will take again", async () => {
    api.put(ingressOf("shop"), INGRESSES);
    const { judge, published } = follow();
    await judge({ accepted: true });
    await api.until(() => addresses().length > 0);
    published.verdicts.say(GATEWAY, KEY, { refused: "overloaded", message: "" });
    await event("RouteRefused");
    published.verdicts.say(GATEWAY, KEY, { accepted: true });
    api.put(ingressOf("last", { ingressClassName: "none" }), INGRESSES);
    await event("NoController");
    expect(addresses()).toHaveLength(1);
    expect([events("Published").length, statusWrites().length]).toEqual([1, 1]);
  });

  test.each([
    { reason: "NoSuchService", service: { name: "gone", port: { number: 80 } } },
    { reason: "PortUnknown", service: { name: "web", port: { name: "grpc" } } },
  ])("of what is wrong with them: $reason", async ({ reason, service }) => {
    api.put(ingressOf("shop", { rules: [], defaultBackend: { service } }), INGRESSES);
    const { named } = follow();
    named(["one.gateway.test"]);
    await event(reason);
  });

  test("that they are published again, when a trouble beside it is over", async () => {
    const paths = [path("/", "web"), path("/late", "late")];
    api.put(ingressOf("shop", { rules: [{ host: "a.test", http: { paths } }] }), INGRESSES);
    const { judge } = follow();
    await judge({ accepted: true });
    await event("NoSuchService");
    await event("Published");
    const late = { metadata: { name: "late", namespace: "default" } };
    api.put({ ...late, spec: { clusterIP: "10.0.0.2", ports: [{ port: 80 }] } }, SERVICES);
    await judge({ accepted: true }, "default/shop a.test Prefix /late");
    await api.until(() => events("Published").length > 1);
    expect(events("Published").map(({ note }) => note)).toContain(
      "published at a.test; a trouble told before is over",
    );
  });

  test("in a few words at once, of each trouble one first, and the others as these are mended", async () => {
    const gone = Array.from({ length: 8 }, (_one, n) => path(`/gone-${n}`, `gone-${n}`));
    const grpc = { service: { name: "web", port: { name: "grpc" } } };
    const paths = [path("/", "web"), ...gone, { ...path("/grpc", "web"), backend: grpc }];
    api.put(ingressOf("shop", { rules: [{ host: "a.test", http: { paths } }] }), INGRESSES);
    const { judge } = follow();
    await judge({ accepted: true });
    await event("Published");
    expect((await event("MoreProblems")).note).toBe(
      "there is more (NoSuchService), which is said as these are mended",
    );
    expect([events("NoSuchService").length, events("PortUnknown").length]).toEqual([4, 1]);
    const first = { metadata: { name: "gone-0", namespace: "default" } };
    api.put({ ...first, spec: { clusterIP: "10.0.0.2", ports: [{ port: 80 }] } }, SERVICES);
    await api.until(() => events("NoSuchService").some(({ note }) => note?.includes("gone-4")));
  });

  test("that an older one has the place", async () => {
    api.put(
      {
        ...ingressOf("older"),
        metadata: { ...ingressOf("older").metadata, creationTimestamp: "2020-01-01T00:00:00Z" },
      },
      INGRESSES,
    );
    api.put(ingressOf("shop"), INGRESSES);
    follow();
    const { note, regarding } = await event("Conflict");
    expect([note, regarding?.name]).toEqual([
      "a.test Prefix / is published for Ingress default/older, which is older",
      "shop",
    ]);
  });

  test("of another class by Events, and their status is left alone", async () => {
    const other = { ...ingressOf("shop", { ingressClassName: "nginx" }) };
    api.put({ ...other, status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } }, INGRESSES);
    api.put(ingressOf("ours"), INGRESSES);
    const { judge } = follow();
    await event("NoController");
    await judge({ accepted: true }, "default/ours a.test Prefix /");
    await api.until(() => addresses("ours").length > 0);
    expect(addresses()).toEqual([{ ip: "192.0.2.1" }]);
    expect(statusWrites().map(({ name }) => name)).toEqual(["ours"]);
  });

  test("once: nothing is written again because a list is, or because a gateway says the same", async () => {
    api.put(ingressOf("shop"), INGRESSES);
    const { judge, published, there } = follow();
    await judge({ accepted: true });
    await event("Published");
    await api.until(() => addresses().length > 0);
    api.expireStreams();
    published.verdicts.leave(GATEWAY);
    await judge({ accepted: true });
    api.put(ingressOf("later", { rules: [] }), INGRESSES);
    api.put(ingressOf("last", { ingressClassName: "none" }), INGRESSES);
    await event("NoController");
    await there(KEY);
    expect(events("Published")).toHaveLength(1);
    expect(statusWrites()).toHaveLength(1);
  });

  test("and their addresses are taken back with the class", async () => {
    api.put(ingressOf("shop"), INGRESSES);
    const { judge } = follow();
    await judge({ accepted: true });
    await api.until(() => addresses().length > 0);
    const { metadata, status } = api.get<Ingress>(INGRESSES, SHOP)!;
    api.put(
      { ...ingressOf("shop", { ingressClassName: "nginx" }), metadata, ...(status && { status }) },
      INGRESSES,
    );
    await api.until(() => addresses().length === 0);
  });

  test("and are not taken back from whoever wrote others since", async () => {
    api.put(ingressOf("shop"), INGRESSES);
    const { judge } = follow();
    await judge({ accepted: true });
    await api.until(() => addresses().length > 0);
    const { metadata } = api.get<Ingress>(INGRESSES, SHOP)!;
    const theirs = { loadBalancer: { ingress: [{ ip: "192.0.2.9" }] } };
    const given = { ...ingressOf("shop", { ingressClassName: "nginx" }), metadata, status: theirs };
    api.put(given, INGRESSES);
    await event("NoController");
    api.put(ingressOf("last", { ingressClassName: "none" }), INGRESSES);
    await api.until(() => events("NoController").length === 2);
    expect(addresses()).toEqual([{ ip: "192.0.2.9" }]);
  });

  test("until somebody else writes their status time after time, who has it then", async () => {
    api.put(ingressOf("shop"), INGRESSES);
    const { judge } = follow();
    await judge({ accepted: true });
    const overwrite = (ip: string) => {
      const one = api.get<Ingress>(INGRESSES, SHOP)!;
      api.put({ ...one, status: { loadBalancer: { ingress: [{ ip }] } } }, INGRESSES);
    };
    for (const ip of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
      await api.until(() => addresses()[0]?.hostname === "gateway.test");
      overwrite(ip);
    }
    expect((await event("StatusContested")).type).toBe("Warning");
    expect(addresses()).toEqual([{ ip: "192.0.2.3" }]);
    expect(statusWrites()).toHaveLength(3);
  });

  test("again, when somebody else wrote at the same time", async () => {
    api.refuse({ resource: "ingresses/status" }, { code: 409, reason: "Conflict" }, 2);
    api.put(ingressOf("shop"), INGRESSES);
    const { judge } = follow();
    await judge({ accepted: true });
    await api.until(() => addresses().length > 0);
  });

  test("as far as the agent's role allows, and the log says what it lacks, once", async () => {
    api.forbid("patch", { ...INGRESSES, plural: "ingresses/status" });
    api.put(ingressOf("shop"), INGRESSES);
    const [rule] = ingressOf("other").spec!.rules!;
    api.put(ingressOf("other", { rules: [{ ...rule, host: "b.test" }] }), INGRESSES);
    const { judge, log } = follow();
    await judge({ accepted: true });
    await judge({ accepted: true }, "default/other b.test Prefix /");
    await log.line(({ msg }) => msg.startsWith("status of ingresses may not be written"));
    await api.until(() => events("Published").length === 2);
    expect(log.lines.filter(({ msg }) => msg.startsWith("status of"))).toHaveLength(1);
  });

  test("by the agent that leads, and by no other", async () => {
    const now = microTime(Date.now());
    api.put<Lease>(
      {
        metadata: { name: "warren-agent", namespace: "default" },
        spec: {
          holderIdentity: "other",
          leaseDurationSeconds: 10,
          acquireTime: now,
          renewTime: now,
        },
      },
      LEASES,
    );
    api.put(ingressOf("shop"), INGRESSES);
    const { judge } = follow();
    await judge({ accepted: true });
    await api.request({ verb: "get", resource: "leases" });
    expect(api.all(EVENTS)).toEqual([]);
    expect(statusWrites()).toEqual([]);
  });
});
