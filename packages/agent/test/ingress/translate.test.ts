import { describe, expect, test } from "vitest";
import type { Ingress } from "../../src/kube/objects.ts";
import { annotated, backend, ingress, meta, NGINX, path, rules } from "./_kit.ts";
import { service, translate, WEB } from "./_kit.ts";

/** Where nginx's annotations are. */
const KEPT = "nginx.ingress.kubernetes.io/";

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
      reasons: ["PathTwice"],
    },
    {
      name: "a path said twice with one backend, which means it",
      spec: rules(path("/a"), path("/a/"), path("/a")),
      want: [`shop.test Prefix /a -> ${WEB}`],
    },
    {
      name: "hosts without paths, which nothing answers",
      spec: { rules: [{ host: "shop.test" }, { host: "b.test", http: { paths: [] } }] },
      want: [],
      reasons: ["NoPaths", "NoPaths"],
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

const at = (host: string) => [`${host} Prefix / -> ${WEB}`];

describe("rules without a host", () => {
  const hostless = { rules: [{ http: { paths: [path()] } }] };
  const names = ["one.gateway.test"];

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

const isTls = (host: string, tls: NonNullable<NonNullable<Ingress["spec"]>["tls"]>) =>
  translate(ingress({ rules: [{ host, http: { paths: [path()] } }], tls })).routes[0]!.tls;

describe("TLS", () => {
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
    service("sticky", { sessionAffinity: "ClientIP" }),
    service("empty", { clusterIP: "None" }),
    service("coded", { ports: [{ port: 80, appProtocol: "kubernetes.io/h2c" }] }),
    service("v6", { clusterIP: "fd00::1" }),
  ];
  const slices = ["headless", "sticky", "web"].map((name) => ({
    metadata: meta(`${name}-1`, { labels: { "kubernetes.io/service-name": name } }),
    addressType: "IPv4" as const,
    endpoints: [
      { addresses: ["10.1.0.3"], conditions: { ready: false } },
      { addresses: ["10.1.0.2"], conditions: { ready: true } },
      { addresses: ["10.1.0.1"] },
    ],
    ports: [{ name: "http", port: 8_080 }],
  }));
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
  test.each([
    { clusterIP: "None", says: "headless Service bare has no endpoint" },
    { clusterIP: "", says: "Service bare has no cluster address, and has no endpoint" },
  ])(
    "without endpoints a clusterIP of '$clusterIP' is told as what it is",
    ({ clusterIP, says }) => {
      const bare = [service("bare", { clusterIP, type: "LoadBalancer" })];
      const given = ingress(rules(path("/", "Prefix", backend("bare"))));
      expect(translate(given, { services: bare }).problems[0]!.message).toContain(says);
    },
  );
  test.each(["headless", "sticky", "web"])(
    "%s is refused where a slice says the Kubernetes API's place",
    (to) => {
      const [address] = ["10.1.0.9"];
      const made = ["kubernetes", to].map((name) => ({
        metadata: meta(`${name}-1`, { labels: { "kubernetes.io/service-name": name } }),
        addressType: "IPv4" as const,
        endpoints: [{ addresses: [address] }],
        ports: [{ name: name === to ? "http" : "https", port: 6_443 }],
      }));
      const given = ingress(rules(path("/", "Prefix", backend(to))));
      const got = translate(given, { services, slices: made });
      expect(got).toMatchObject({ routes: [], reasons: ["UnsupportedBackend"] });
      expect(got.problems[0]!.message).toContain("the Kubernetes API (10.1.0.9 port 6443)");
    },
  );
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
      name: "a Service whose clients stay with their pods, at the pods",
      to: backend("sticky"),
      want: "http://10.1.0.1:8080,10.1.0.2:8080",
    },
    {
      name: "a headless Service at the pods that are ready",
      to: backend("headless"),
      want: "http://10.1.0.1:8080,10.1.0.2:8080",
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
  test.each([
    { name: "warren.dev/affinity", value: "cookie", affinity: "cookie" },
    { name: "warren.dev/affinity", value: "client_ip", affinity: "client_ip" },
    { name: `${KEPT}affinity`, value: "cookie", affinity: "cookie" },
    { name: `${KEPT}upstream-hash-by`, value: "$remote_addr", affinity: "client_ip" },
  ])("who keeps clients with $name: $value dials the pods", ({ name, value, affinity }) => {
    const given = ingress(rules(path()), { annotations: { [name]: value } });
    const got = translate(given, { services, slices });
    expect(got.places).toEqual(["shop.test Prefix / -> http://10.1.0.1:8080,10.1.0.2:8080"]);
    expect(got.routes[0]!.policy.affinity).toBe(affinity);
    const { problems, places } = translate(given, { services });
    expect([problems, places]).toEqual([[], [`shop.test Prefix / -> ${WEB}`]]);
  });
  test("a controller, which keeps clients at pods itself, is dialled where it is", () => {
    const annotations = { "warren.dev/affinity": "cookie", [`${KEPT}affinity`]: "cookie" };
    const given = ingress({ ...rules(path()), ingressClassName: "nginx" }, { annotations });
    const controllers = { nginx: NGINX };
    const got = translate(given, { services, slices, controllers });
    expect(got.places).toEqual(["shop.test Prefix / -> http://10.0.9.9:80"]);
  });
  test("one path that leads nowhere does not take the others with it", () => {
    const got = translate(ingress(rules(path("/a", "Prefix", backend("gone")), path("/b"))));
    expect(got).toMatchObject({
      places: [`shop.test Prefix /b -> ${WEB}`],
      reasons: ["NoSuchService"],
    });
  });
});
