// Which hosts a namespace may name, as a kube-apiserver evaluates it; and that the chart makes the same policy.
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
import { exampleFlags, helm, render, setFlags } from "./_kit/helm.ts";
import { schemasFolder } from "./_kit/schemas.ts";
import { validateManifest, type Manifest } from "./_kit/validate.ts";

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
}

const BACKEND = { service: { name: "web", port: { number: 80 } } };
const HTTP = { paths: [{ path: "/", pathType: "Prefix" as const, backend: BACKEND }] };

const ingressSpec = ({ hosts, tls }: Wanted): NonNullable<Ingress["spec"]> => ({
  ...(hosts === undefined
    ? { defaultBackend: BACKEND }
    : { rules: hosts.map((host) => ({ ...(host === "" ? {} : { host }), http: HTTP })) }),
  ...(tls === undefined ? {} : { tls: [{ hosts: [...tls], secretName: "tls" }] }),
});
/** At hosts that the annotation says. */
const wide = (annotation: string): Wanted => ({ hosts: [""], annotation });
const withHosts = (...hosts: string[]) => ({ spec: ingressSpec({ hosts }) });
const withPolicy = (values: Readonly<Record<string, unknown>> = {}) => [
  ...exampleFlags("agent-values.yaml"),
  ...setFlags({ "agent.hostPolicy.enabled": true, ...values }),
];

const annotated = (annotation: string | undefined) =>
  annotation === undefined ? {} : { annotations: { "warren.dev/hosts": annotation } };

describe.skipIf(programs === undefined)("a kube-apiserver with the policy", () => {
  const opened = new AsyncDisposableStack();
  let kube: KubeClient;
  let count = 0;

  beforeAll(async () => {
    const server = opened.use(await privateKubeApiserver(programs!));
    const said = { userAgent: "test", fieldManager: "test", timeoutMs: CALL_TIMEOUT_MS };
    kube = opened.use(kubeClient({ access: server.admin, clock: systemClock, ...said }));
    const shop = "example.com, *.shop.example.com **.Deep.example.com";
    const allowed = { shop, free: "*", bare: undefined, old: "a.test" };
    for (const [name, annotation] of Object.entries(allowed))
      await kube.create(NAMESPACES, { metadata: { name, ...annotated(annotation) } });
    for (const resource of Object.values(ROUTES)) await kube.create(CRDS, crdOf(resource));
    // While it begins to serve a group it lists nothing there, not even an empty list.
    for (const one of Object.values(ROUTES))
      await vi.waitUntil(() => kube.serves(one).catch(() => false), PATIENT);
    for (const [name, hosts] of Object.entries({ edited: THERE, gone: THERE, hostless: [""] }))
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
      metadata: { name: `one-${count++}`, namespace, ...annotated(wanted.annotation) },
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
    { name: "none", wanted: { hosts: ["example.com", ""] }, says: "has to name hosts" },
    { name: "none at all", wanted: {}, says: "has to name hosts" },
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

  test("one that named no host goes on so, and takes none by its annotation", async () => {
    const say = (annotation: string) => edit("hostless", { metadata: annotated(annotation) });
    expect(await edit("hostless", { metadata: { labels: { team: "a" } } })).toBe("taken");
    for (const said of ["bank.test", "bank.test\u00a0", "\u212abank.test", "b.test\u00a0a.test"])
      expect(await say(said)).toContain("old may not have");
    expect(await say("a.test")).toBe("taken");
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

describe.skipIf(helm === undefined || schemasFolder === undefined)("the chart", () => {
  test.each([
    { others: [], said: "''" },
    { others: ["*"], said: "'*'" },
    { others: ["a.test", "**.b.test"], said: "'a.test,**.b.test'" },
  ])("makes the same policy, of other namespaces $others", async ({ others, said }) => {
    const objects = await render(withPolicy({ "agent.hostPolicy.otherHosts": others }), "newest");
    const name = "warren-system-edge-warren-agent-hosts";
    const [policy, binding] = [only(objects, POLICY, name), only(objects, BINDING, name)];
    const own = JSON.stringify(only(plain, POLICY, "warren-hosts")["spec"]);
    expect(policy["spec"]).toEqual(JSON.parse(own.replace(": ''", `: ${said}`)));
    expect(binding["spec"]).toEqual({ policyName: name, validationActions: ["Deny"] });
    expect([policy, binding].flatMap((one) => validateManifest(one, "newest"))).toEqual([]);
  });

  test("makes none unless asked for, and says where Kubernetes knows none", async () => {
    const objects = await render(exampleFlags("agent-values.yaml"), "newest");
    expect(objects.filter(({ kind }) => kind.startsWith(POLICY))).toEqual([]);
    await expect(render(withPolicy(), "1.24")).rejects.toThrow(/hostPolicy.* 1\.30/);
  });

  test.each(["it's", "a b", "a,b", "*.*.c"])("takes no host %j", async (host) => {
    const given = withPolicy({ "agent.hostPolicy.otherHosts": [host] });
    await expect(render(given, "newest")).rejects.toThrow(/otherHosts/);
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
