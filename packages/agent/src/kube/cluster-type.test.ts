import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { ClusterTypeDetector, PATIENCE_MS, type ClusterType } from "./cluster-type.ts";
import type { Service, ServicePort } from "./objects.ts";

interface Given {
  type?: NonNullable<NonNullable<Service["spec"]>["type"]>;
  ingress?: { ip?: string; hostname?: string }[];
  ports?: ServicePort[];
}

const PORTS = [
  { name: "http", port: 80 },
  { name: "https", port: 443 },
];

function balancer({ type = "LoadBalancer", ingress = [], ports = PORTS }: Given = {}): Service {
  return {
    metadata: {
      namespace: "ingress-nginx",
      name: "ingress-nginx-controller",
      uid: "u",
      resourceVersion: "1",
    },
    spec: { type, ports },
    status: { loadBalancer: { ingress } },
  };
}

const at = (...ips: string[]) => balancer({ ingress: ips.map((ip) => ({ ip })) });
const named = (hostname: string) => balancer({ ingress: [{ hostname }] });

function detector(names: Record<string, string[]> = {}) {
  const clock = virtualClock();
  const told: ClusterType[] = [];
  const one = new ClusterTypeDetector({
    clock,
    resolve: (name) =>
      names[name] === undefined
        ? Promise.reject(new Error("ENOTFOUND"))
        : Promise.resolve(names[name]),
    onChange: (type) => told.push(type),
  });
  return { one, clock, told, names };
}

/** Look-ups are answered by now. */
const answered = () => new Promise((resolve) => setImmediate(resolve));

describe("a cluster is private", () => {
  test("while nothing is known yet", () => {
    expect(detector().one.type).toMatchObject({ isPrivate: true, why: "undecided" });
  });

  test.each([
    { name: "no ingress Service", service: undefined, why: "no ingress controller" },
    { name: "NodePort", service: balancer({ type: "NodePort" }), why: "no load balancer" },
    { name: "ClusterIP", service: balancer({ type: "ClusterIP" }), why: "no load balancer" },
    { name: "MetalLB's 192.168.1.200", service: at("192.168.1.200"), why: "private address" },
    { name: "10/8", service: at("10.1.2.3"), why: "private address" },
    { name: "carrier NAT", service: at("100.64.3.4"), why: "private address" },
    { name: "link-local", service: at("169.254.1.1"), why: "private address" },
    { name: "loopback", service: at("127.0.0.1"), why: "private address" },
    { name: "unique local IPv6", service: at("fd00::1"), why: "private address" },
    { name: "link-local IPv6", service: at("fe80::1"), why: "private address" },
    { name: "mapped private IPv4", service: at("::ffff:192.168.1.9"), why: "private address" },
  ])("with $name", ({ service, why }) => {
    const { one } = detector();
    one.look(service);
    expect(one.type).toEqual({ isPrivate: true, endpoint: undefined, why });
  });

  test("where nobody may look for its controllers, which is another reason than that there is none", () => {
    const { one, told } = detector();
    one.look(undefined, "in part");
    expect(one.type.why).toBe("no right to look for ingress controllers");
    one.look(undefined);
    expect(told.map(({ why }) => why)).toEqual([
      "no right to look for ingress controllers",
      "no ingress controller",
    ]);
    one.look(at("203.0.113.10"), "in part");
    expect(one.type.isPrivate).toBe(false);
  });

  test("when a load balancer has no address after two minutes, and not undecided any more", () => {
    const { one, clock } = detector();
    one.look(balancer());
    expect(one.type).toMatchObject({ isPrivate: true, why: "no address yet" });
    clock.advance(PATIENCE_MS - 1);
    one.look(balancer());
    expect(one.type.why).toBe("no address yet");
    clock.advance(1);
    expect(one.type).toMatchObject({ isPrivate: true, why: "no address in time" });
  });

  test("when its name leads to private addresses only", async () => {
    const { one } = detector({ "lb.home": ["192.168.1.200", "fd00::1"] });
    one.look(named("lb.home"));
    await answered();
    expect(one.type.why).toBe("private address");
  });
});

describe("a cluster is public", () => {
  test.each([
    { name: "an IPv4 address", service: at("203.0.113.7"), host: "203.0.113.7" },
    { name: "an IPv6 address", service: at("2a00:1450::7"), host: "2a00:1450::7" },
    {
      name: "a private and a public one",
      service: at("10.0.0.1", "203.0.113.7"),
      host: "203.0.113.7",
    },
  ])("with $name", ({ service, host }) => {
    const { one } = detector();
    one.look(service);
    expect(one.type).toMatchObject({
      isPrivate: false,
      endpoint: { scheme: "https", host, port: 443 },
    });
  });

  test("with a name that has at least one public address, and says the name", async () => {
    const { one } = detector({ "lb.cloud": ["10.0.0.1", "203.0.113.7"] });
    one.look(named("lb.cloud"));
    expect(one.type.isPrivate).toBe(true);
    await answered();
    expect(one.type.endpoint).toEqual({ scheme: "https", host: "lb.cloud", port: 443 });
  });

  test("when its address comes late", () => {
    const { one, clock, told } = detector();
    one.look(balancer());
    clock.advance(PATIENCE_MS + 1);
    one.look(at("203.0.113.7"));
    expect(told.map(({ isPrivate }) => isPrivate)).toEqual([true, true, false]);
  });

  test("when its name comes into the DNS late", async () => {
    const { one, clock, names } = detector();
    one.look(named("lb.cloud"));
    await answered();
    expect(one.type.why).toBe("no address yet");
    names["lb.cloud"] = ["203.0.113.7"];
    clock.advance(10_000);
    await answered();
    expect(one.type.isPrivate).toBe(false);
  });

  test("and stays so while the DNS does not answer", async () => {
    const { one, clock, names, told } = detector({ "lb.cloud": ["203.0.113.7"] });
    one.look(named("lb.cloud"));
    await answered();
    delete names["lb.cloud"];
    clock.advance(60_000);
    await answered();
    expect(told.length).toBe(1);
    expect(one.type.isPrivate).toBe(false);
  });
});

describe("a change is noticed", () => {
  test("both ways, without anybody asking", () => {
    const { one, told } = detector();
    one.look(at("192.168.1.200"));
    one.look(at("203.0.113.7"));
    one.look(balancer());
    one.look(undefined);
    expect(told.map(({ why }) => why)).toEqual([
      "private address",
      "public address",
      "no address yet",
      "no ingress controller",
    ]);
  });

  test("in what a name leads to", async () => {
    const { one, clock, names } = detector({ "lb.cloud": ["203.0.113.7"] });
    one.look(named("lb.cloud"));
    await answered();
    names["lb.cloud"] = ["10.0.0.1"];
    clock.advance(60_000);
    await answered();
    expect(one.type.why).toBe("private address");
  });

  test("by nobody after a look-up that has been overtaken", async () => {
    const { one, told } = detector({ "lb.cloud": ["203.0.113.7"] });
    one.look(named("lb.cloud"));
    one.look(at("192.168.1.200"));
    await answered();
    expect(told.map(({ why }) => why)).toEqual(["private address"]);
  });

  test("and leaves no timer behind at the end", () => {
    const { one, clock, told } = detector();
    one.look(balancer());
    one.close();
    clock.advance(PATIENCE_MS);
    expect(told.length).toBe(1);
  });
});

test.each([
  { name: "https", ports: PORTS, scheme: "https", port: 443 },
  { name: "websecure", ports: [{ name: "websecure", port: 8443 }], scheme: "https", port: 8443 },
  { name: "443 without a name", ports: [{ port: 80 }, { port: 443 }], scheme: "https", port: 443 },
  {
    name: "web",
    ports: [
      { name: "x", port: 7 },
      { name: "web", port: 8000 },
    ],
    scheme: "http",
    port: 8000,
  },
  { name: "the first one", ports: [{ name: "x", port: 81 }], scheme: "http", port: 81 },
])("the endpoint's port is $name", ({ ports, scheme, port }) => {
  const { one } = detector();
  one.look(balancer({ ingress: [{ ip: "203.0.113.7" }], ports }));
  expect(one.type.endpoint).toEqual({ scheme, host: "203.0.113.7", port });
});
