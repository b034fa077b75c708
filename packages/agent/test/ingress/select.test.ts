import { describe, expect, test } from "vitest";
import type { Ingress } from "../../src/kube/objects.ts";
import {
  annotated,
  backend,
  classless,
  classOf,
  contextOf,
  EVERYTHING,
  ingress,
  meta,
  nginx,
  NGINX,
  onNginx,
  path,
  rules,
  service,
  translate,
  type Cluster,
} from "./_kit.ts";
import { WARREN_CONTROLLER } from "../../src/kube/ingress/select.ts";
import { translateIngress, type IngressContext } from "../../src/kube/ingress/translate.ts";

describe("whose an Ingress is", () => {
  const table: { name: string; given: Ingress; has?: Partial<Cluster>; want: object }[] = [
    { name: "class warren", given: ingress(), want: { isOurs: true } },
    {
      name: "the legacy annotation",
      given: classless({ "kubernetes.io/ingress.class": "warren" }),
      want: { isOurs: true },
    },
    {
      name: "the field, where the legacy annotation says something else",
      given: annotated({ "kubernetes.io/ingress.class": "nginx" }),
      want: { isOurs: true, className: "warren" },
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
      given: classless(),
      has: { classes: [classOf("w", WARREN_CONTROLLER, true)] },
      want: { isOurs: true, className: "w" },
    },
    {
      name: "no class and no default",
      given: classless(),
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

describe("an Ingress of another installation of Warren's", () => {
  const theirs = { classes: [classOf("theirs", `${WARREN_CONTROLLER}/theirs`)] };
  const given = ingress({ ingressClassName: "theirs" });
  const selection = { ...EVERYTHING, className: "theirs" };

  test("is left to it, without a word", () => {
    expect(translate(given, theirs)).toMatchObject({ isSelected: false, routes: [], problems: [] });
    expect(translate(given, theirs, { selection })).toMatchObject({ owner: { isOurs: true } });
  });
  test("also when its class was made by hand, with the controller that everybody has", () => {
    const classes = [classOf("theirs", WARREN_CONTROLLER), classOf("warren", WARREN_CONTROLLER)];
    expect(translate(given, { classes }, { selection }).owner.isOurs).toBe(true);
    expect(translate(ingress(), { classes }, { selection }).isSelected).toBe(false);
  });
  test("is also one of no class, where theirs is the default", () => {
    const classes = [classOf("theirs", `${WARREN_CONTROLLER}/theirs`, true)];
    expect(translate(classless(), { classes }).isSelected).toBe(false);
  });
});

const inner = (annotations: Record<string, string> = {}) => ({
  ...onNginx,
  controllers: { "nginx-internal": NGINX },
  classes: [
    {
      ...classOf("nginx-internal", "k8s.io/ingress-nginx"),
      metadata: meta("nginx-internal", { annotations }),
    },
  ],
});
const ofInner = (annotations = {}) =>
  annotated(annotations, { ingressClassName: "nginx-internal" });

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
  test.each([
    { name: "is for the inside by its name", says: {}, given: {}, reasons: ["InternalClass"] },
    {
      name: 'is, and publishes nothing with publish "false"',
      says: { "warren.dev/publish": "false" },
      given: { "warren.dev/publish": "true" },
      reasons: [],
    },
  ])("none of a class that $name", ({ says, given, reasons }) => {
    expect(translate(ofInner(given), inner(says))).toMatchObject({ routes: [], reasons });
  });
  test.each([
    { name: "the class", says: { "warren.dev/publish": "true" }, given: {} },
    { name: "the Ingress", says: {}, given: { "warren.dev/publish": "true" } },
  ])("one of such a class where $name says that it is meant", ({ says, given }) => {
    expect(translate(ofInner(given), inner(says))).toMatchObject({
      places: ["shop.test Prefix / -> http://10.0.9.9:80"],
      problems: [],
    });
  });
  test('one whose publish is neither "true" nor "false" is refused', () => {
    const given = annotated({ "warren.dev/publish": "no" });
    expect(translate(given)).toMatchObject({ routes: [], reasons: ["InvalidAnnotation"] });
  });
});

describe("an Ingress of another class", () => {
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
  test.each([
    {
      name: "found",
      has: {},
      why: "no Service of k8s.io/ingress-nginx was found: name its Service",
    },
    { name: "known, since nobody made its class", has: { classes: [] }, why: "no IngressClass of" },
    {
      name: "known",
      has: { classes: [classOf("nginx", "example.test/own")] },
      why: "no Service of example.test/own was found: name its Service on the IngressClass with warren.dev/controller-service",
    },
    {
      name: "where its class says",
      has: {
        classes: [
          {
            ...classOf("nginx", "example.test/own"),
            metadata: meta("nginx", {
              annotations: { "warren.dev/controller-service": "edge/proxy" },
            }),
          },
        ],
      },
      why: "the Service edge/proxy of its warren.dev/controller-service is not there",
    },
  ])("is not published while no controller is $name, and an Event says why", ({ has, why }) => {
    const { routes, problems } = translate(nginx(), has);
    expect(routes).toEqual([]);
    expect(problems).toMatchObject([{ reason: "NoController" }]);
    expect(problems[0]!.message).toContain(why);
  });
  test("may have its controller where an agent of few namespaces does not look", () => {
    const selection = { ...EVERYTHING, namespaces: ["default"] };
    expect(translate(nginx(), {}, { selection }).problems[0]!.message).toContain(
      "as far as Services may be read there",
    );
  });
  test("leaves expressions to the controller, and says that they are some", () => {
    const paths = [
      path("/app(/|$)(.*)", "ImplementationSpecific"),
      path("/v1/x.*", "ImplementationSpecific"),
      path("/v1/y.*", "ImplementationSpecific"),
    ];
    const { places, routes } = translate(nginx(rules(...paths)), onNginx);
    expect(places).toEqual([
      "shop.test ImplementationSpecific /app(/|$)(.*) -> http://10.0.9.9:80",
      "shop.test ImplementationSpecific /v1/x.* -> http://10.0.9.9:80",
      "shop.test ImplementationSpecific /v1/y.* -> http://10.0.9.9:80",
    ]);
    expect(routes.map(({ controller }) => controller)).toEqual(Array(3).fill("expressions"));
  });
  test.each([
    { annotation: "use-regex", value: "true", want: "expressions" },
    { annotation: "rewrite-target", value: "/$1", want: "expressions" },
    { annotation: "use-regex", value: "false", want: "paths" },
  ])("says of $annotation $value that its controller reads $want", (given) => {
    const one = nginx({}, { [`nginx.ingress.kubernetes.io/${given.annotation}`]: given.value });
    expect(translate(one, onNginx).routes[0]!.controller).toBe(given.want);
  });
  test.each([
    { type: "traefik", pathType: "Prefix", at: "/admin", want: "characters" },
    { type: "traefik", pathType: "Prefix", at: "/", want: "paths" },
    { type: "traefik", pathType: "Exact", at: "/admin", want: "paths" },
    { type: "nginx", pathType: "Prefix", at: "/admin", want: "paths" },
    { type: "nginx", pathType: "ImplementationSpecific", at: "/admin", want: "characters" },
    { type: "unknown", pathType: "ImplementationSpecific", at: "/admin", want: "characters" },
  ] as const)("is read by $want at $type: $pathType $at", ({ type, pathType, at, want }) => {
    const has = { controllers: { nginx: { ...NGINX, type } } };
    const { routes } = translate(nginx(rules(path(at, pathType))), has);
    expect(routes.map(({ controller }) => controller)).toEqual([want]);
  });
  test("of class warren has no controller to read its path", () => {
    expect(
      translate(ingress({ ingressClassName: "warren" })).routes[0]!.controller,
    ).toBeUndefined();
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
  test("what a controller could only judge by addresses is not public by accident", () => {
    const lan = { "nginx.ingress.kubernetes.io/server-snippet": "allow 192.168.0.0/16; deny all;" };
    const given = (more = {}) => annotated({ ...lan, ...more }, { ingressClassName: "nginx" });
    expect(translate(given(), onNginx)).toMatchObject({
      routes: [],
      reasons: ["UnsupportedAnnotation"],
    });
    expect(translate(given({ "warren.dev/publish": "true" }), onNginx)).toMatchObject({
      places: ["shop.test Prefix / -> http://10.0.9.9:80"],
      reasons: [],
    });
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
  test("a public cluster's endpoint is published beside the tunnel, for what its controller serves", () => {
    const has = { ...onNginx, endpoint, mode: "both" as const };
    expect(translate(nginx({}), has).routes[0]).toMatchObject({ mode: "both", endpoint });
    expect(translate(ingress(), has).routes[0]!.mode).toBeUndefined();
  });
  test("an Ingress may say another mode than its cluster", () => {
    const has = { ...onNginx, endpoint, mode: "both" as const };
    const tunnel = translate(nginx({}, { "warren.dev/mode": "tunnel" }), has);
    expect(tunnel.routes[0]!.mode).toBeUndefined();
    const direct = translate(nginx({}, { "warren.dev/mode": "direct" }), {
      ...has,
      mode: "tunnel",
    });
    expect(direct.routes[0]).toMatchObject({ mode: "direct", endpoint });
  });
  test("direct without an endpoint is the tunnel, and an Event says so", () => {
    const { routes, reasons } = translate(nginx({}, { "warren.dev/mode": "direct" }), onNginx);
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
