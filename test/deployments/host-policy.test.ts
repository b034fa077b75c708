// Which hosts a namespace may name, as a kube-apiserver evaluates it.
import { systemClock } from "@warren/host";
import {
  CALL_TIMEOUT_MS,
  INGRESSES,
  kubeClient,
  NAMESPACES,
  type Ingress,
  type KubeClient,
  type KubeObject,
  type Resource,
} from "@warren/host/kube";
import { kubePrograms, privateKubeApiserver } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { objectsOf, only } from "./_kit/folders.ts";
import type { Manifest } from "./_kit/validate.ts";

const FILE = "deployments/kubernetes/host-policy/host-policy.yaml";
const POLICY = "ValidatingAdmissionPolicy";
const BINDING = "ValidatingAdmissionPolicyBinding";
const plain = objectsOf(FILE);
const programs = kubePrograms();
/** Of Ingresses that are older than the policy. */
const THERE = ["a.test", "there.test"];
const PATIENT = { timeout: 30_000, interval: 100 };

interface RouteLike extends KubeObject {
  spec: { hostnames?: readonly string[] };
}

function ofGroup<T extends KubeObject>(
  group: string,
  kind: string,
  plural: string,
  namespaced: boolean,
): Resource<T> {
  return { group, version: "v1", kind, plural, namespaced };
}
const ADMISSION = "admissionregistration.k8s.io";
const POLICIES = ofGroup(ADMISSION, POLICY, "validatingadmissionpolicies", false);
const BINDINGS = ofGroup(ADMISSION, BINDING, "validatingadmissionpolicybindings", false);
const CRDS = ofGroup(
  "apiextensions.k8s.io",
  "CustomResourceDefinition",
  "customresourcedefinitions",
  false,
);
const routeOf = (kind: string, plural: string) =>
  ofGroup<RouteLike>("gateway.networking.k8s.io", kind, plural, true);
const ROUTES = {
  HTTPRoute: routeOf("HTTPRoute", "httproutes"),
  GRPCRoute: routeOf("GRPCRoute", "grpcroutes"),
  TLSRoute: routeOf("TLSRoute", "tlsroutes"),
};

interface Wanted {
  /** Of its rules; "" is a rule without a host. Undefined: a default backend alone. */
  readonly hosts?: readonly string[];
  readonly tls?: readonly string[];
  /** `warren.dev/hosts` on the Ingress. */
  readonly annotation?: string;
  /** Others' annotations. */
  readonly foreign?: Readonly<Record<string, string>>;
  /** Warren's unless said. */
  readonly className?: string | undefined;
  /** Beside the rules. */
  readonly hasBackend?: boolean;
}

const BACKEND = { service: { name: "web", port: { number: 80 } } };
const HTTP = { paths: [{ path: "/", pathType: "Prefix" as const, backend: BACKEND }] };

const ruleOf = (host: string) => ({ ...(host === "" ? {} : { host }), http: HTTP });
const classOf = (wanted: Wanted) => {
  const ingressClassName = "className" in wanted ? wanted.className : "warren";
  return ingressClassName === undefined ? {} : { ingressClassName };
};
const ingressSpec = (wanted: Wanted): NonNullable<Ingress["spec"]> => ({
  ...classOf(wanted),
  ...(wanted.hosts === undefined || wanted.hasBackend ? { defaultBackend: BACKEND } : {}),
  ...(wanted.hosts === undefined ? {} : { rules: wanted.hosts.map(ruleOf) }),
  ...(wanted.tls === undefined ? {} : { tls: [{ hosts: [...wanted.tls], secretName: "tls" }] }),
});
/** At hosts that the annotation says. */
const wide = (annotation: string): Wanted => ({ hosts: [""], annotation });
/** The same, for whoever serves that class. */
const of = (className: string | undefined): Wanted => ({ ...wide("example.com"), className });
const byAnnotation = { ...of(undefined), foreign: { "kubernetes.io/ingress.class": "nginx" } };
const alias = (by: string, hosts: string): Wanted => ({
  hosts: ["example.com"],
  className: "nginx",
  foreign: { [by]: hosts },
});
const ALIASES = [
  "nginx.ingress.kubernetes.io/server-alias",
  "ingress.kubernetes.io/server-alias",
  "haproxy-ingress.github.io/server-alias",
  "haproxy-ingress.github.io/redirect-from",
  "konghq.com/host-aliases",
];
const NAMELESS = "shop has to name hosts";
const withHosts = (...hosts: string[]) => ({ spec: ingressSpec({ hosts }) });
const annotated = (annotation: string | undefined, foreign: Wanted["foreign"] = {}) => ({
  annotations: {
    ...foreign,
    ...(annotation === undefined ? {} : { "warren.dev/hosts": annotation }),
  },
});
/** So many of one tenant, from the first or from a later one on. */
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `h${from + at}.tenant.example.com`);

describe.skipIf(programs === undefined)("a kube-apiserver with the policy", () => {
  const opened = new AsyncDisposableStack();
  let kube: KubeClient;
  let count = 0;

  beforeAll(async () => {
    const server = opened.use(await privateKubeApiserver(programs!));
    const said = { userAgent: "test", fieldManager: "test", timeoutMs: CALL_TIMEOUT_MS };
    kube = opened.use(kubeClient({ access: server.admin, clock: systemClock, ...said }));
    const shop = "example.com, *.shop.example.com **.Deep.example.com";
    const allowed = { shop, free: "*", bare: undefined, old: "a.test", many: many(1_000).join() };
    for (const [name, annotation] of Object.entries(allowed))
      await kube.create(NAMESPACES, { metadata: { name, ...annotated(annotation) } });
    for (const resource of Object.values(ROUTES)) await kube.create(CRDS, crdOf(resource));
    // While it begins to serve a group it lists nothing there, not even an empty list.
    for (const one of Object.values(ROUTES))
      await vi.waitUntil(() => kube.serves(one).catch(() => false), PATIENT);
    const there = { edited: THERE, gone: THERE, hostless: [""], large: many(900) };
    for (const [name, hosts] of Object.entries(there))
      await kube.create(INGRESSES, {
        metadata: { name, namespace: "old", finalizers: ["example.com/kept"] },
        spec: ingressSpec({ hosts }),
      });
    await kube.create(POLICIES, only(plain, POLICY, "warren-hosts"));
    await kube.create(BINDINGS, only(plain, BINDING, "warren-hosts"));
    // It hears of its own policies a moment later.
    await vi.waitUntil(
      async () => (await outcome(put("bare", wide("a.test")))) !== "taken",
      PATIENT,
    );
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const put = (namespace: string, wanted: Wanted) =>
    kube.create(INGRESSES, {
      metadata: {
        name: `one-${count++}`,
        namespace,
        ...annotated(wanted.annotation, wanted.foreign),
      },
      spec: ingressSpec(wanted),
    });
  const putRoute = (kind: keyof typeof ROUTES, hostnames: readonly string[] | undefined) =>
    kube.create(ROUTES[kind], {
      metadata: { name: `one-${count++}`, namespace: "shop" },
      spec: hostnames === undefined ? {} : { hostnames },
    });

  const edit = (name: string, body: object) =>
    outcome(
      kube.mergePatch(INGRESSES, { namespace: "old", name }, { body, subresource: undefined }),
    );

  test.each<{ name: string; wanted: Wanted }>([
    { name: "a host that it has", wanted: { hosts: ["example.com"] } },
    { name: "one below a wildcard", wanted: { hosts: ["a.shop.example.com"] } },
    { name: "the wildcard itself", wanted: { hosts: ["*.shop.example.com"] } },
    { name: "one of any depth", wanted: { hosts: ["example.com", "a.b.deep.example.com"] } },
    { name: "a certificate's", wanted: { hosts: ["example.com"], tls: ["a.shop.example.com"] } },
    {
      name: "those of the annotation",
      wanted: { hosts: [""], annotation: "**.deep.example.com, a.Shop.example.com" },
    },
    { name: "those of a default backend", wanted: { annotation: "example.com" } },
    { name: "one of another class", wanted: { hosts: ["example.com"], className: "nginx" } },
    { name: "an alias", wanted: alias("nginx.ingress.kubernetes.io/server-alias", "example.com") },
    {
      name: "one with a default backend behind it",
      wanted: { hosts: ["example.com"], hasBackend: true },
    },
  ])("lets an Ingress name $name", async ({ wanted }) => {
    expect(await outcome(put("shop", wanted))).toBe("taken");
  });

  test.each<{ name: string; wanted: Wanted; says?: string }>([
    { name: "another's host", wanted: { hosts: ["bank.example.com"] }, says: "bank.example.com" },
    { name: "one that ends alike", wanted: { hosts: ["evilexample.com"] } },
    { name: "one below a name", wanted: { hosts: ["a.example.com"] } },
    { name: "two labels below a wildcard of one", wanted: { hosts: ["a.b.shop.example.com"] } },
    { name: "the name of a wildcard", wanted: { hosts: ["shop.example.com"] } },
    { name: "a wider wildcard", wanted: { hosts: ["*.example.com"] } },
    { name: "a deeper wildcard", wanted: wide("**.shop.example.com") },
    { name: "another's beside its own", wanted: { hosts: ["example.com", "bank.test"] } },
    { name: "another's certificate", wanted: { hosts: ["example.com"], tls: ["bank.test"] } },
    { name: "another's by the annotation", wanted: wide("example.com, BANK.example.com") },
    { name: "another's behind a space of its own", wanted: wide("b.test\u00a0a.deep.example.com") },
    { name: "another's by a letter of its own", wanted: wide("\u212aexample.com") },
    { name: "what no host begins with", wanted: wide("-.deep.example.com") },
    { name: "what a dot begins", wanted: wide(".deep.example.com") },
    { name: "none by an empty annotation", wanted: wide(""), says: NAMELESS },
    { name: "none by an annotation of commas", wanted: wide(" , "), says: NAMELESS },
    { name: "none, of another class", wanted: of("nginx"), says: NAMELESS },
    { name: "none, of no class", wanted: of(undefined), says: NAMELESS },
    { name: "none, of a class by annotation", wanted: byAnnotation, says: NAMELESS },
    {
      name: "others' by a default backend of another class",
      wanted: { hosts: ["example.com"], hasBackend: true, className: "nginx" },
      says: NAMELESS,
    },
    ...ALIASES.map((by) => ({
      name: `another's by ${by}`,
      wanted: alias(by, "example.com, BANK.test"),
      says: "shop may not have bank.test",
    })),
    { name: "more below its own by an alias", wanted: alias(ALIASES[0]!, "*.shop.example.com") },
    {
      name: "a pattern as an alias",
      wanted: alias("haproxy-ingress.github.io/server-alias-regex", "example.com"),
      says: NAMELESS,
    },
    { name: "none", wanted: { hosts: ["example.com", ""] }, says: NAMELESS },
    { name: "none at all", wanted: {}, says: NAMELESS },
  ])("lets no Ingress name $name", async ({ wanted, says = "shop may not have" }) => {
    const said = await outcome(put("shop", wanted));
    expect(said).toContain(says);
    expect(said).toContain("example.com, *.shop.example.com, **.deep.example.com is all");
  });

  test.each(Object.keys(ROUTES) as (keyof typeof ROUTES)[])(
    "holds every %s to the same",
    async (kind) => {
      expect(await outcome(putRoute(kind, ["example.com", "*.deep.example.com"]))).toBe("taken");
      for (const hostnames of [["bank.test"], undefined, ["*.shop.example.com"]])
        expect(await outcome(putRoute(kind, hostnames))).toContain("namespace shop");
    },
  );

  test("lets a namespace of * name what it likes, and one of no annotation nothing", async () => {
    for (const wanted of [{ hosts: ["bank.test"] }, { hosts: ["*.test"] }, {}]) {
      expect(await outcome(put("free", wanted))).toBe("taken");
      expect(await outcome(put("bare", wanted))).toContain("no host is allowed there");
    }
  });

  test("judges a thousand hosts, and finds the one that is another's", async () => {
    const hosts = Array.from({ length: 1_000 }, (_, at) => `h${at}.shop.example.com`);
    expect(await outcome(put("shop", { hosts }))).toBe("taken");
    const said = await outcome(put("shop", { hosts: [...hosts, "bank.test"] }));
    expect(said).toContain("shop may not have bank.test");
  });

  test("judges hundreds of hosts by as many that are allowed one by one", async () => {
    for (const hosts of [many(100, 900), many(800)])
      expect(await outcome(put("many", { hosts }))).toBe("taken");
    const said = await outcome(put("many", { hosts: [...many(100), "bank.test"] }));
    expect(said).toContain("many may not have bank.test");
    expect(await edit("large", withHosts(...many(899)))).toBe("taken");
  });

  test("one that named no host goes on so, and takes none by its annotation", async () => {
    const say = (annotation: string) => edit("hostless", { metadata: annotated(annotation) });
    expect(await edit("hostless", { metadata: { labels: { team: "a" } } })).toBe("taken");
    for (const said of [",", " "]) expect(await say(said)).toBe("taken");
    for (const said of ["bank.test", "bank.test\u00a0", "\u212abank.test", "b.test\u00a0a.test"])
      expect(await say(said)).toContain("old may not have");
    expect(await say("a.test")).toBe("taken");
    expect(await say(",")).toContain("old has to name hosts");
  });

  test("an Ingress that was there keeps its hosts, takes no younger one, and can go", async () => {
    expect(await edit("edited", { metadata: { labels: { team: "a" } } })).toBe("taken");
    expect(await edit("edited", withHosts("a.test", "there.test", "bank.test"))).toContain(
      "bank.test",
    );
    expect(await edit("edited", withHosts("bank.test"))).toContain("may not have bank.test");
    expect(await edit("edited", withHosts("there.test"))).toBe("taken");
    expect(await edit("edited", withHosts("there.test", "a.test"))).toBe("taken");
    await kube.delete(INGRESSES, { namespace: "old", name: "gone" }, undefined);
    expect(await edit("gone", { metadata: { finalizers: null } })).toBe("taken");
    expect(await kube.get(INGRESSES, { namespace: "old", name: "gone" })).toBeUndefined();
  });
});

/** `taken`, or what the server says. */
async function outcome(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => "taken",
    (error: unknown) => String(error),
  );
}

/** Nothing is looked at here but what the policy reads. */
function crdOf({ group, kind, plural }: Resource) {
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const openAPIV3Schema = { type: "object", properties: { spec: open } };
  const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema } };
  const names = { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` };
  const approval = { "api-approved.kubernetes.io": "unapproved, for a test" };
  return {
    metadata: { name: `${plural}.${group}`, annotations: approval },
    spec: { group, scope: "Namespaced", names, versions: [version] },
  } as unknown as Manifest & { metadata: { name: string } };
}
