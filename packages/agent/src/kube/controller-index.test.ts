import { describe, expect, test } from "vitest";
import { CONTROLLER_SERVICE, ControllerIndex } from "./controller-index.ts";
import type { IngressClass, Service } from "./objects.ts";

const IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class";

function service(key: string, type = "ClusterIP", clusterIP = "10.43.0.9"): Service {
  const [namespace = "", name = ""] = key.split("/");
  const ports = [
    { name: "http", port: 80 },
    { name: "https", port: 443 },
  ];
  return {
    metadata: { namespace, name, uid: "u", resourceVersion: "1" },
    spec: { type, clusterIP, ports },
  };
}

function ingressClass(
  name: string,
  controller: string,
  annotations: Record<string, string> = {},
): IngressClass {
  return { metadata: { name, uid: "u", resourceVersion: "1", annotations }, spec: { controller } };
}

function cluster(services: Service[], classes: IngressClass[] = []) {
  const byKey = new Map(
    services.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one]),
  );
  const byName = new Map(classes.map((one) => [one.metadata.name, one]));
  const index = new ControllerIndex({
    service: (namespace, name) => byKey.get(`${namespace}/${name}`),
    ingressClass: (name) => byName.get(name),
    defaultIngressClass: () =>
      classes.find(({ metadata }) => metadata.annotations?.[IS_DEFAULT] === "true"),
  });
  for (const [key, one] of byKey) index.look(key, one);
  return index;
}

const nginx = service("ingress-nginx/ingress-nginx-controller");
const traefik = service("kube-system/traefik");
const NGINX = "k8s.io/ingress-nginx";
const TRAEFIK = "traefik.io/ingress-controller";

describe("a class's controller", () => {
  test.each([
    {
      name: "is what its IngressClass names",
      index: cluster([nginx, traefik], [ingressClass("edge", TRAEFIK)]),
      asked: "edge",
      want: "traefik",
    },
    {
      name: "is the default class's where none is named",
      index: cluster([nginx, traefik], [ingressClass("edge", TRAEFIK, { [IS_DEFAULT]: "true" })]),
      asked: undefined,
      want: "traefik",
    },
    {
      name: "is the first in the usual order where there is no default either",
      index: cluster([traefik, nginx]),
      asked: undefined,
      want: "ingress-nginx-controller",
    },
    {
      name: "is known by the class's name where that has no object",
      index: cluster([traefik, nginx]),
      asked: "traefik",
      want: "traefik",
    },
    {
      name: "is the Service that the class says",
      index: cluster(
        [nginx, service("edge/proxy")],
        [ingressClass("own", "example.com/own", { [CONTROLLER_SERVICE]: "edge/proxy" })],
      ),
      asked: "own",
      want: "proxy",
    },
    {
      name: "is none where its controller is not known",
      index: cluster([nginx], [ingressClass("own", "example.com/own")]),
      asked: "own",
      want: undefined,
    },
    {
      name: "is none where it does not run",
      index: cluster([nginx], [ingressClass("edge", TRAEFIK)]),
      asked: "edge",
      want: undefined,
    },
    {
      name: "is none for a class that nobody knows",
      index: cluster([nginx]),
      asked: "edge",
      want: undefined,
    },
  ])("$name", ({ index, asked, want }) => {
    expect(index.of(asked)?.name).toBe(want);
  });

  test("that appears late is picked up, and one that goes is let go", () => {
    const index = cluster([], [ingressClass("nginx", NGINX)]);
    expect(index.of("nginx")).toBeUndefined();
    expect(index.look("ingress-nginx/ingress-nginx-controller", nginx)).toBe(true);
    expect(index.of("nginx")?.host).toBe("10.43.0.9");
    expect(index.look("ingress-nginx/ingress-nginx-controller", undefined)).toBe(true);
    expect(index.of("nginx")).toBeUndefined();
  });

  test("moves with its Service, and says so only then", () => {
    const index = cluster([nginx]);
    const key = "ingress-nginx/ingress-nginx-controller";
    expect(index.look(key, structuredClone(nginx))).toBe(false);
    expect(index.look(key, service(key, "ClusterIP", "10.43.0.10"))).toBe(true);
    expect(index.look("default/web", service("default/web"))).toBe(false);
  });
});

test("a cluster is judged by its first load balancer, else by its first controller", () => {
  expect(cluster([]).foremost).toBeUndefined();
  expect(cluster([traefik, nginx]).foremost).toBe(nginx);
  const balancer = service("kube-system/traefik", "LoadBalancer");
  expect(cluster([balancer, nginx]).foremost).toBe(balancer);
});
