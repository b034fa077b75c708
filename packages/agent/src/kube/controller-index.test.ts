import { describe, expect, test } from "vitest";
import { CONTROLLER_SERVICE, ControllerIndex } from "./controller-index.ts";
import type { IngressClass, Service } from "./objects.ts";

const IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class";

type ServiceType = NonNullable<NonNullable<Service["spec"]>["type"]>;

function service(key: string, type: ServiceType = "ClusterIP", clusterIP = "10.43.0.9"): Service {
  const [namespace = "", name = ""] = key.split("/");
  const ports = [
    { name: "http", port: 80 },
    { name: "https", port: 443 },
  ];
  return {
    metadata: { namespace, name, uid: "u", resourceVersion: "1" },
    spec: { type, clusterIP, ports, selector: { app: "proxy" } },
  };
}

const released = (release: string) => ({ "meta.helm.sh/release-name": release });

/** As somebody labels it, and a Helm release of their own may have made it. */
function labelled(key: string, label: string, release = "mine"): Service {
  const one = service(key, "LoadBalancer", "10.43.6.6");
  const metadata = { labels: { "app.kubernetes.io/name": label }, annotations: released(release) };
  return { ...one, metadata: { ...one.metadata, ...metadata } };
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
    ingressClasses: () => classes,
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
      name: "is one that serves Ingresses without a class where there is no default either",
      index: cluster([nginx, traefik], [ingressClass("nginx", NGINX)]),
      asked: undefined,
      want: "traefik",
    },
    {
      name: "is none without a class and a default where only nginx runs, which ignores those",
      index: cluster([nginx], [ingressClass("nginx", NGINX)]),
      asked: undefined,
      want: undefined,
    },
    {
      name: "is no Service of a tenant that is labelled like one",
      index: cluster([labelled("a/b", "traefik")], [ingressClass("traefik", TRAEFIK)]),
      asked: "traefik",
      want: undefined,
    },
    {
      name: "is no such Service where nothing but its name says which controller it is",
      index: cluster([labelled("a/b", "traefik")]),
      asked: "traefik",
      want: undefined,
    },
    {
      name: "is wherever the Helm release is that made the class",
      index: cluster(
        [labelled("a/b", "traefik", "t"), labelled("default/edge", "traefik", "t")],
        [
          ingressClass("traefik", TRAEFIK, {
            ...released("t"),
            "meta.helm.sh/release-namespace": "default",
          }),
        ],
      ),
      asked: "traefik",
      want: "edge",
    },
    {
      name: "is that of its own release, of two installations",
      index: cluster(
        [nginx, labelled("ingress-nginx/inner", "ingress-nginx", "lan")],
        [
          ingressClass("lan", "k8s.io/lan-ingress-nginx", {
            ...released("lan"),
            "meta.helm.sh/release-namespace": "ingress-nginx",
          }),
        ],
      ),
      asked: "lan",
      want: "inner",
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

test("Services that tenants label wake nobody, and judge no cluster", () => {
  const index = cluster([nginx], [ingressClass("traefik", TRAEFIK)]);
  expect(index.look("a/b", labelled("a/b", "traefik"))).toBe(false);
  expect(index.foremost).toBe(nginx);
  expect(index.look("a/b", undefined)).toBe(false);
});

test("a Service that a class names is heard of when it appears, moves and goes", () => {
  const own = ingressClass("own", "example.com/own", { [CONTROLLER_SERVICE]: "edge/proxy" });
  const index = cluster([], [own]);
  expect(index.look("edge/proxy", service("edge/proxy"))).toBe(true);
  expect(index.look("edge/proxy", undefined)).toBe(true);
  expect(index.look("edge/other", service("edge/other"))).toBe(false);
});

test.each([
  { controller: TRAEFIK, type: "traefik" },
  { controller: NGINX, type: "nginx" },
  { controller: "example.com/own", type: "unknown" },
])(
  "a Service that a class of $controller names reads paths as $type does",
  ({ controller, type }) => {
    const own = ingressClass("own", controller, { [CONTROLLER_SERVICE]: "edge/proxy" });
    expect(cluster([service("edge/proxy")], [own]).of("own")?.type).toBe(type);
  },
);

test("a cluster is judged by the load balancer that a class names, too", () => {
  const own = ingressClass("own", "example.com/own", { [CONTROLLER_SERVICE]: "edge/proxy" });
  const balancer = service("edge/proxy", "LoadBalancer");
  expect(cluster([nginx, balancer], [own]).foremost).toBe(balancer);
});

test("a cluster is judged by its first load balancer, else by its first controller", () => {
  expect(cluster([]).foremost).toBeUndefined();
  expect(cluster([traefik, nginx]).foremost).toBe(nginx);
  const balancer = service("kube-system/traefik", "LoadBalancer");
  expect(cluster([balancer, nginx]).foremost).toBe(balancer);
});
