import { describe, expect, test } from "vitest";
import type { Ingress } from "../objects.ts";
import {
  backend,
  classOf,
  contextOf,
  EVERYTHING,
  ingress,
  meta,
  NGINX,
  path,
  service,
  type Cluster,
} from "./_kit.ts";
import { WARREN_CONTROLLER } from "./select.ts";
import { translateIngress, type IngressContext } from "./translate.ts";

const translate = (
  given: Ingress,
  has: Partial<Cluster> = {},
  more: Partial<Omit<IngressContext, "view">> = {},
) => {
  const { publications, problems, ...rest } = translateIngress(given, contextOf(has, more));
  return {
    ...rest,
    problems,
    reasons: problems.map(({ reason }) => reason),
    routes: publications.map(({ route }) => route),
    places: publications.map(
      ({ route, targets: [target] }) =>
        `${route.host} ${route.path_type} ${route.path} -> ${target!.protocol}://${target!.host}:${target!.port}`,
    ),
  };
};

const annotated = (annotations: Record<string, string>, spec: Ingress["spec"] = {}) =>
  ingress(spec, { annotations });
const rules = (...paths: ReturnType<typeof path>[]) => ({
  rules: [{ host: "shop.test", http: { paths } }],
});
const onNginx = { controllers: { nginx: NGINX } };
const WEB = "http://10.0.0.1:80";

test("the seed's Ingress is published as it stands, on a cluster without a controller", () => {
  const seeds: Ingress = {
    metadata: meta("my-app"),
    spec: {
      rules: [
        {
          host: "my-app.example.com",
          http: { paths: [path("/", "Prefix", backend("my-app", 8_080))] },
        },
      ],
    },
  };
  const { routes, places, problems } = translate(seeds, {
    services: [service("my-app", { ports: [{ port: 8_080 }] })],
  });
  expect(places).toEqual(["my-app.example.com Prefix / -> http://10.0.0.1:8080"]);
  expect(routes[0]).toMatchObject({
    service: "my-app",
    namespace: "default",
    ingress_name: "my-app",
    port: 8_080,
    tls: false,
    age: Date.parse("2024-01-01T00:00:00Z"),
  });
  expect(problems).toEqual([]);
});

describe("places", () => {
  const table: { name: string; spec: Ingress["spec"]; want: string[]; reasons?: string[] }[] = [
    {
      name: "a wildcard host of depth one",
      spec: { rules: [{ host: "*.Shop.test", http: { paths: [path()] } }] },
      want: [`*.shop.test Prefix / -> ${WEB}`],
    },
    {
      name: "every path type, and no path as the whole host",
      spec: rules(path("/a", "Exact"), path("/b"), path("", "ImplementationSpecific")),
      want: [
        `shop.test Exact /a -> ${WEB}`,
        `shop.test Prefix /b -> ${WEB}`,
        `shop.test ImplementationSpecific / -> ${WEB}`,
      ],
    },
    {
      name: "a named port, resolved through the Service",
      spec: rules(path("/", "Prefix", backend("api", "grpc"))),
      want: ["shop.test Prefix / -> http://10.0.0.1:9000"],
    },
    {
      name: "a default backend behind the paths of each host",
      spec: { ...rules(path("/a")), defaultBackend: backend("api", 9_000) },
      want: [
        `shop.test Prefix /a -> ${WEB}`,
        "shop.test ImplementationSpecific / -> http://10.0.0.1:9000",
      ],
    },
    {
      name: "a host without paths, whose default backend answers everything",
      spec: { rules: [{ host: "shop.test" }], defaultBackend: backend() },
      want: [`shop.test ImplementationSpecific / -> ${WEB}`],
    },
    {
      name: "a path said twice, which means the first",
      spec: rules(path("/a"), path("/a", "Prefix", backend("api", 9_000))),
      want: [`shop.test Prefix /a -> ${WEB}`],
    },
    {
      name: "a path that is no ASCII, as it stands in a request line",
      spec: rules(path("/größe")),
      want: [`shop.test Prefix /gr%C3%B6%C3%9Fe -> ${WEB}`],
    },
    {
      name: "an expression, which no Service reads",
      spec: rules(path("/a(/|$)(.*)", "ImplementationSpecific"), path("/b")),
      want: [`shop.test Prefix /b -> ${WEB}`],
      reasons: ["UnsupportedPath"],
    },
    {
      name: "a host that no gateway could claim",
      spec: { rules: [{ host: "no host", http: { paths: [path()] } }] },
      want: [],
      reasons: ["InvalidRoute"],
    },
  ];
  test.each(table)("$name", ({ spec, want, reasons = [] }) => {
    const got = translate(ingress(spec));
    expect(got.places).toEqual(want);
    expect(got.reasons).toEqual(reasons);
  });
});

describe("rules without a host", () => {
  const hostless = { rules: [{ http: { paths: [path()] } }] };
  const names = ["one.gateway.test"];
  const at = (host: string) => [`${host} Prefix / -> ${WEB}`];

  test("are published at the cluster's own names, and an Event says so", () => {
    const { places, reasons } = translate(ingress(hostless), {}, { names });
    expect(places).toEqual(at("one.gateway.test"));
    expect(reasons).toEqual(["DefaultHosts"]);
  });
  test("are published at the hosts that the Ingress names", () => {
    const given = annotated({ "warren.dev/hosts": "a.test, *.b.test" }, hostless);
    expect(translate(given, {}, { names }).places).toEqual([...at("a.test"), ...at("*.b.test")]);
  });
  test("are not published where nobody has given a name", () => {
    const { places, reasons } = translate(ingress(hostless));
    expect([places, reasons]).toEqual([[], ["NoHost"]]);
  });
  test("are like a default backend alone", () => {
    const given = ingress({ rules: [], defaultBackend: backend() });
    expect(translate(given, {}, { names }).places).toEqual([
      `one.gateway.test ImplementationSpecific / -> ${WEB}`,
    ]);
  });
});

describe("TLS", () => {
  const isTls = (host: string, tls: NonNullable<NonNullable<Ingress["spec"]>["tls"]>) =>
    translate(ingress({ rules: [{ host, http: { paths: [path()] } }], tls })).routes[0]!.tls;
  test.each([
    {
      name: "a host that an entry lists",
      host: "a.test",
      tls: [{ hosts: ["A.test"] }],
      want: true,
    },
    {
      name: "a host below a wildcard",
      host: "x.a.test",
      tls: [{ hosts: ["*.a.test"] }],
      want: true,
    },
    { name: "a wildcard itself", host: "*.a.test", tls: [{ hosts: ["*.a.test"] }], want: true },
    {
      name: "deeper than a wildcard",
      host: "y.x.a.test",
      tls: [{ hosts: ["*.a.test"] }],
      want: false,
    },
    { name: "another host", host: "b.test", tls: [{ hosts: ["a.test"] }], want: false },
    { name: "an entry without hosts", host: "b.test", tls: [{ secretName: "s" }], want: false },
  ])("$name: $want", ({ host, tls, want }) => expect(isTls(host, tls)).toBe(want));
});

describe("backends", () => {
  const services = [
    service("web"),
    service("kubernetes"),
    service("outside", { type: "ExternalName", externalName: "evil.test" }),
    service("balanced", { type: "LoadBalancer" }),
    service("udp", { ports: [{ name: "dns", port: 53, protocol: "UDP" }] }),
    service("headless", {
      clusterIP: "None",
      ports: [{ name: "http", port: 80, targetPort: 8_080 }],
    }),
    service("empty", { clusterIP: "None" }),
    service("coded", { ports: [{ port: 80, appProtocol: "kubernetes.io/h2c" }] }),
    service("v6", { clusterIP: "fd00::1" }),
  ];
  const slices = [
    {
      metadata: meta("headless-1", { labels: { "kubernetes.io/service-name": "headless" } }),
      addressType: "IPv4" as const,
      endpoints: [
        { addresses: ["10.1.0.3"], conditions: { ready: false } },
        { addresses: ["10.1.0.2"], conditions: { ready: true } },
        { addresses: ["10.1.0.1"] },
      ],
      ports: [{ name: "http", port: 8_080 }],
    },
  ];
  const to = (backendTo: ReturnType<typeof backend>) =>
    translate(ingress(rules(path("/", "Prefix", backendTo))), { services, slices });
  test.each([
    { name: "the Kubernetes API", to: backend("kubernetes"), reason: "UnsupportedBackend" },
    { name: "an ExternalName", to: backend("outside"), reason: "UnsupportedBackend" },
    { name: "a Service that is missing", to: backend("gone"), reason: "NoSuchService" },
    { name: "a number that is no port", to: backend("web", 81), reason: "PortUnknown" },
    { name: "a name that is no port", to: backend("web", "https"), reason: "PortUnknown" },
    { name: "a port of UDP", to: backend("udp", 53), reason: "PortUnknown" },
    { name: "a headless Service without endpoints", to: backend("empty"), reason: "NoEndpoints" },
  ])("$name is refused: $reason", ({ to: backendTo, reason }) => {
    expect(to(backendTo)).toMatchObject({ routes: [], reasons: [reason] });
  });
  test("a resource is refused", () => {
    const resource = { resource: { apiGroup: "k8s.io", kind: "StorageBucket", name: "b" } };
    const given = ingress({
      rules: [
        {
          host: "shop.test",
          http: { paths: [{ path: "/", pathType: "Prefix", backend: resource }] },
        },
      ],
    });
    expect(translate(given)).toMatchObject({ routes: [], reasons: ["UnsupportedBackend"] });
  });
  test.each([
    { name: "a LoadBalancer at its cluster address", to: backend("balanced"), want: WEB },
    {
      name: "a headless Service at an endpoint that is ready",
      to: backend("headless"),
      want: "http://10.1.0.1:8080",
    },
    {
      name: "a port that says how it is spoken to",
      to: backend("coded"),
      want: "h2c://10.0.0.1:80",
    },
    { name: "an IPv6 address", to: backend("v6"), want: "http://fd00::1:80" },
  ])("$name is dialled", ({ to: backendTo, want }) => {
    expect(to(backendTo).places).toEqual([`shop.test Prefix / -> ${want}`]);
  });
  test("one path that leads nowhere does not take the others with it", () => {
    const got = translate(ingress(rules(path("/a", "Prefix", backend("gone")), path("/b"))));
    expect(got).toMatchObject({
      places: [`shop.test Prefix /b -> ${WEB}`],
      reasons: ["NoSuchService"],
    });
  });
});

describe("whose an Ingress is", () => {
  const plain = (spec: Ingress["spec"], annotations = {}) =>
    ({ ...ingress({ ...spec }, { annotations }) }) as Ingress;
  const none = (annotations: Record<string, string> = {}): Ingress => {
    const given = plain({}, annotations);
    delete given.spec!.ingressClassName;
    return given;
  };
  const table: { name: string; given: Ingress; has?: Partial<Cluster>; want: object }[] = [
    { name: "class warren", given: ingress(), want: { isOurs: true } },
    {
      name: "the legacy annotation",
      given: none({ "kubernetes.io/ingress.class": "warren" }),
      want: { isOurs: true },
    },
    {
      name: "a class of Warren's with another name",
      given: ingress({ ingressClassName: "w" }),
      has: { classes: [classOf("w", WARREN_CONTROLLER)] },
      want: { isOurs: true },
    },
    {
      name: "no IngressClass object, only the name",
      given: ingress(),
      has: { classes: [] },
      want: { isOurs: true },
    },
    {
      name: "class warren of somebody else's controller",
      given: ingress(),
      has: { classes: [classOf("warren", "other.test/x")] },
      want: { isOurs: false },
    },
    {
      name: "no class, with Warren's the default",
      given: none(),
      has: { classes: [classOf("w", WARREN_CONTROLLER, true)] },
      want: { isOurs: true, className: "w" },
    },
    {
      name: "no class and no default",
      given: none(),
      want: { isOurs: false, className: undefined },
    },
    {
      name: "another class",
      given: ingress({ ingressClassName: "nginx" }),
      want: { isOurs: false, className: "nginx" },
    },
  ];
  test.each(table)("$name", ({ given, has, want }) => {
    expect(translate(given, has).owner).toMatchObject(want);
  });
});

describe("which are published", () => {
  const table: {
    name: string;
    given: Ingress;
    more?: Partial<IngressContext["selection"]>;
    want: boolean;
  }[] = [
    {
      name: "warren's, with select class",
      given: ingress(),
      more: { select: "class" },
      want: true,
    },
    {
      name: "another's, with select class",
      given: ingress({ ingressClassName: "nginx" }),
      more: { select: "class" },
      want: false,
    },
    {
      name: 'one that says publish "false"',
      given: annotated({ "warren.dev/publish": "false" }),
      want: false,
    },
    {
      name: "one of a listed namespace",
      given: ingress({}, { namespace: "a" }),
      more: { namespaces: ["a"] },
      want: true,
    },
    {
      name: "one of another namespace",
      given: ingress(),
      more: { namespaces: ["a"] },
      want: false,
    },
  ];
  test.each(table)("$name: $want", ({ given, more, want }) => {
    const selection = { ...EVERYTHING, ...more };
    const got = translate(
      given,
      { ...onNginx, services: [service("web"), service("web", {}, "a")] },
      { selection },
    );
    expect(got.isSelected).toBe(want);
    expect(got.routes).toHaveLength(want ? 1 : 0);
    expect(got.problems).toEqual([]);
  });
  test("one of the system's namespaces only when it says so", () => {
    const services = [service("web", {}, "kube-system")];
    const system = { namespace: "kube-system" };
    expect(translate(ingress({}, system), { services })).toMatchObject({
      routes: [],
      reasons: ["SystemNamespace"],
    });
    const said = ingress({}, { ...system, annotations: { "warren.dev/publish": "true" } });
    expect(translate(said, { services }).routes).toHaveLength(1);
  });
  test('one whose publish is neither "true" nor "false" is refused', () => {
    const given = annotated({ "warren.dev/publish": "no" });
    expect(translate(given)).toMatchObject({ routes: [], reasons: ["InvalidAnnotation"] });
  });
});

describe("an Ingress of another class", () => {
  const nginx = (spec: Ingress["spec"] = {}, annotations = {}) =>
    ingress({ ingressClassName: "nginx", ...spec }, { annotations });

  test("is dialled at its controller, and published under its own Service", () => {
    const { places, routes } = translate(nginx(), onNginx);
    expect(places).toEqual(["shop.test Prefix / -> http://10.0.9.9:80"]);
    expect(routes[0]).toMatchObject({ service: "web", port: 80 });
  });
  test("is dialled over TLS where the host has TLS, which the controller would ask for", () => {
    const got = translateIngress(
      nginx({
        rules: [{ host: "*.a.test", http: { paths: [path()] } }],
        tls: [{ hosts: ["*.a.test"] }],
      }),
      contextOf(onNginx),
    );
    expect(got.publications[0]!.targets[0]).toMatchObject({
      protocol: "https",
      port: 443,
      tls: { serverName: "any.a.test", insecure: true },
    });
  });
  test("is dialled over TLS where Traefik answers on its TLS entry point alone", () => {
    const traefik = { ...NGINX, type: "traefik" as const };
    const given = nginx({}, { "traefik.ingress.kubernetes.io/router.entrypoints": "websecure" });
    expect(translate(given, { controllers: { nginx: traefik } }).places[0]).toContain(
      "https://10.0.9.9:443",
    );
  });
  test("is not published while no controller is found", () => {
    expect(translate(nginx())).toMatchObject({ routes: [], reasons: ["NoController"] });
  });
  test("leaves expressions to the controller, and claims what they may match", () => {
    const paths = [
      path("/app(/|$)(.*)", "ImplementationSpecific"),
      path("/v1/x.*", "ImplementationSpecific"),
      path("/v1/y.*", "ImplementationSpecific"),
    ];
    expect(translate(nginx(rules(...paths)), onNginx).places).toEqual([
      "shop.test ImplementationSpecific /app -> http://10.0.9.9:80",
      "shop.test ImplementationSpecific /v1/ -> http://10.0.9.9:80",
    ]);
  });
  test("may lead outside, where its controller goes", () => {
    const services = [service("out", { type: "ExternalName", externalName: "x.test", ports: [] })];
    const given = nginx(rules(path("/", "Prefix", backend("out", 443))));
    expect(translate(given, { ...onNginx, services }).places).toEqual([
      "shop.test Prefix / -> http://10.0.9.9:80",
    ]);
  });
  test("leaves rewriting to the controller, and takes what gateways do", () => {
    const given = nginx(
      {},
      {
        "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
        "warren.dev/rewrite": "/",
        "warren.dev/rate-limit": "10/s",
      },
    );
    const { routes, reasons } = translate(given, onNginx);
    expect(routes[0]!.filters).toBeUndefined();
    expect(routes[0]!.policy.rate).toEqual({ per_second: 10, burst: 100 });
    expect(reasons).toEqual(["UnsupportedAnnotation"]);
  });
});

describe("access", () => {
  const basic = {
    "nginx.ingress.kubernetes.io/auth-type": "basic",
    "nginx.ingress.kubernetes.io/auth-secret": "passwords",
  };
  const classless = (annotations: Record<string, string>): Ingress => {
    const given = annotated(annotations);
    delete given.spec!.ingressClassName;
    return given;
  };
  test("basic auth of an Ingress goes through its controller", () => {
    const given = annotated(basic, { ingressClassName: "nginx" });
    expect(translate(given, onNginx).places).toEqual(["shop.test Prefix / -> http://10.0.9.9:80"]);
  });
  test.each([
    { name: "of class warren", given: annotated(basic) },
    { name: "of no class, without a controller", given: classless(basic) },
  ])("basic auth of an Ingress $name is refused, never dialled past", ({ given }) => {
    expect(translate(given)).toMatchObject({ routes: [], reasons: ["UnsupportedAnnotation"] });
  });
  test("a list of addresses is enforced by gateways, also in front of a controller", () => {
    const list = { "nginx.ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8,192.0.2.1" };
    for (const given of [annotated(list), annotated(list, { ingressClassName: "nginx" })])
      expect(translate(given, onNginx).routes[0]!.policy.allow).toEqual([
        "10.0.0.0/8",
        "192.0.2.1",
      ]);
  });
  test("a list that cannot be read refuses the Ingress, also in front of a controller", () => {
    const list = { "nginx.ingress.kubernetes.io/whitelist-source-range": "everybody" };
    for (const given of [annotated(list), annotated(list, { ingressClassName: "nginx" })])
      expect(translate(given, onNginx)).toMatchObject({
        routes: [],
        reasons: ["InvalidAnnotation"],
      });
  });
});

describe("reach", () => {
  const endpoint = { scheme: "https", host: "203.0.113.9", port: 443 } as const;
  const nginx = (annotations = {}) => annotated(annotations, { ingressClassName: "nginx" });
  test("a public cluster's endpoint is published beside the tunnel, for what its controller serves", () => {
    const has = { ...onNginx, endpoint, mode: "both" as const };
    expect(translate(nginx(), has).routes[0]).toMatchObject({ mode: "both", endpoint });
    expect(translate(ingress(), has).routes[0]!.mode).toBeUndefined();
  });
  test("an Ingress may say another mode than its cluster", () => {
    const has = { ...onNginx, endpoint, mode: "both" as const };
    const tunnel = translate(nginx({ "warren.dev/mode": "tunnel" }), has);
    expect(tunnel.routes[0]!.mode).toBeUndefined();
    const direct = translate(nginx({ "warren.dev/mode": "direct" }), { ...has, mode: "tunnel" });
    expect(direct.routes[0]).toMatchObject({ mode: "direct", endpoint });
  });
  test("direct without an endpoint is the tunnel, and an Event says so", () => {
    const { routes, reasons } = translate(nginx({ "warren.dev/mode": "direct" }), onNginx);
    expect(routes[0]!.mode).toBeUndefined();
    expect(reasons).toEqual(["NoEndpoint"]);
  });
});

test("gateways are told annotations that mean something here, and no others", () => {
  const given = annotated({
    "kubectl.kubernetes.io/last-applied-configuration": "{secret}",
    "warren.dev/affinity": "cookie",
    "warren.dev/strip-headers": "x".repeat(257),
    "example.test/token": "t",
  });
  expect(translate(given).routes[0]!.annotations).toEqual({ "warren.dev/affinity": "cookie" });
});
