import { describe, expect, test } from "vitest";
import { byRank, controllerOf, serves, targetOf } from "./ingress-controllers.ts";
import type { Service, ServicePort } from "./objects.ts";

const BOTH = [
  { name: "http", port: 80 },
  { name: "https", port: 443 },
];

function service(
  key: string,
  given: {
    labels?: Record<string, string>;
    ports?: ServicePort[];
    clusterIP?: string;
    type?: NonNullable<NonNullable<Service["spec"]>["type"]>;
    selector?: Record<string, string>;
  } = {},
): Service {
  const [namespace = "", name = ""] = key.split("/");
  const { labels = {}, ports = BOTH, clusterIP = "10.43.0.9", type = "ClusterIP" } = given;
  const { selector = { app: "proxy" } } = given;
  return {
    metadata: { namespace, name, uid: "u", resourceVersion: "1", labels },
    spec: { type, clusterIP, ports, selector },
  };
}
const name = (value: string) => ({ "app.kubernetes.io/name": value });

describe("a controller's Service", () => {
  test.each([
    { key: "pipeops-system/traefik", type: "traefik" },
    { key: "ingress-nginx/ingress-nginx-controller", type: "nginx" },
    { key: "kube-system/traefik", type: "traefik" },
    { key: "traefik/traefik", type: "traefik" },
    { key: "kube-system/rke2-ingress-nginx-controller", type: "nginx" },
    { key: "projectcontour/envoy", type: "unknown" },
    { key: "kong/kong-proxy", type: "unknown" },
    { key: "traefik/anything", labels: name("traefik"), type: "traefik" },
    { key: "kube-system/anything", labels: { "k8s-app": "traefik-ingress-lb" }, type: "traefik" },
    { key: "ingress-nginx/anything", labels: name("ingress-nginx"), type: "nginx" },
    { key: "kube-system/anything", labels: name("haproxy-ingress"), type: "unknown" },
  ])("is known: $key $labels", ({ key, labels = {}, type }) => {
    const found = controllerOf(service(key, { labels }))!;
    expect([targetOf(found).type, found.isTrusted]).toEqual([type, true]);
  });

  test.each(["edge/anything", "default/traefik", "tenant-a/ingress-nginx-controller"])(
    "%s is not trusted for its labels: anybody who may write Services there could have made it",
    (key) => {
      const labels = name(key.endsWith("controller") ? "ingress-nginx" : "traefik");
      expect(controllerOf(service(key, { labels }))!.isTrusted).toBe(false);
    },
  );

  test.each([
    { what: "an application", one: service("default/web") },
    {
      what: "its webhook",
      one: service("ingress-nginx/ingress-nginx-controller-admission", {
        labels: name("ingress-nginx"),
        ports: [{ name: "https-webhook", port: 443 }],
      }),
    },
    {
      what: "its metrics",
      one: service("ingress-nginx/ingress-nginx-controller-metrics", {
        labels: name("ingress-nginx"),
      }),
    },
    {
      what: "a name outside the cluster",
      one: service("kube-system/traefik", { type: "ExternalName", clusterIP: "" }),
    },
    {
      what: "one without pods of its own, whatever its labels",
      one: service("traefik/x", { labels: name("traefik"), selector: {} }),
    },
    {
      what: "a headless one, whatever its labels",
      one: service("traefik/x", { labels: name("traefik"), clusterIP: "None" }),
    },
    {
      what: "one without a port for HTTP",
      one: service("traefik/x", {
        labels: name("traefik"),
        ports: [{ name: "traefik", port: 9000 }],
      }),
    },
  ])("is not $what", ({ one }) => {
    expect(controllerOf(one)).toBeUndefined();
  });

  test("is dialled at its cluster address, or by its name when it has none", () => {
    const target = targetOf(controllerOf(service("kube-system/traefik"))!);
    expect(target).toMatchObject({ host: "10.43.0.9", httpPort: 80, httpsPort: 443 });
    const headless = controllerOf(service("kube-system/traefik", { clusterIP: "None" }))!;
    expect(targetOf(headless).host).toBe("traefik.kube-system.svc");
  });

  test("may have one of the two ports only", () => {
    const ports = [{ name: "websecure", port: 8443 }];
    const target = targetOf(controllerOf(service("traefik/traefik", { ports }))!);
    expect(target).toMatchObject({ httpPort: undefined, httpsPort: 8443 });
  });
});

test("a Service that somebody says is a controller needs no labels, and is no name outside either", () => {
  const OWN = { controller: "example.com/own" };
  expect(controllerOf(service("edge/proxy"), OWN)?.isTrusted).toBe(true);
  expect(controllerOf(service("edge/proxy", { type: "ExternalName" }), OWN)).toBeUndefined();
});

test("the usual places come before labels, in their order; of labelled ones a load balancer first", () => {
  const given = [
    service("kong/b", { labels: name("traefik") }),
    service("kong/a", { labels: name("traefik"), type: "LoadBalancer" }),
    service("traefik/traefik"),
    service("ingress-nginx/ingress-nginx-controller"),
    service("pipeops-system/traefik"),
  ];
  const order = given.map((one) => controllerOf(one)!).toSorted(byRank);
  expect(
    order.map((one) => `${one.service.metadata.namespace}/${one.service.metadata.name}`),
  ).toEqual([
    "pipeops-system/traefik",
    "ingress-nginx/ingress-nginx-controller",
    "traefik/traefik",
    "kong/a",
    "kong/b",
  ]);
});

test.each([
  { controller: "k8s.io/ingress-nginx", key: "ingress-nginx/ingress-nginx-controller", yes: true },
  {
    controller: "k8s.io/internal-ingress-nginx",
    key: "ingress-nginx/ingress-nginx-controller",
    yes: true,
  },
  { controller: "traefik.io/ingress-controller", key: "kube-system/traefik", yes: true },
  {
    controller: "traefik.io/ingress-controller",
    key: "ingress-nginx/ingress-nginx-controller",
    yes: false,
  },
  { controller: "ingress-controllers.konghq.com/kong", key: "kong/kong-proxy", yes: true },
  {
    controller: "projectcontour.io/projectcontour/contour",
    key: "projectcontour/envoy",
    yes: true,
  },
  { controller: "warren.dev/ingress", key: "kube-system/traefik", yes: false },
])("$key serves classes of $controller: $yes", ({ controller, key, yes }) => {
  expect(serves(controllerOf(service(key))!, controller)).toBe(yes);
});
