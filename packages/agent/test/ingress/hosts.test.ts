// Whose a host is, where several namespaces want it.
import { describe, expect, test } from "vitest";
import { agentDefaults, kubeSettings } from "../../src/index.ts";
import { HostOwners } from "../../src/kube/host-owners.ts";
import type { Ingress } from "../../src/kube/objects.ts";
import { controlled } from "./_controller-kit.ts";
import { ingress, NGINX, path, service } from "./_kit.ts";

const settled = () => Promise.resolve();
const NOWHERE = { host: undefined, port: undefined };
const OLDER = "2024-01-01T00:00:00Z";
const YOUNGER = "2024-02-01T00:00:00Z";

interface Wanted {
  className?: string;
  host?: string;
  at?: string;
  type?: "Exact" | "Prefix" | "ImplementationSpecific";
  annotations?: Record<string, string>;
  age?: string;
}

const of = (namespace: string, wanted: Wanted = {}): Ingress => {
  const { className = "warren", host = "shop.test", at = "/", type = "Prefix" } = wanted;
  const { annotations = {}, age = namespace === "shop" ? OLDER : YOUNGER } = wanted;
  const rules = [{ host, http: { paths: [path(at, type)] } }];
  const metadata = { name: "web", namespace, annotations, creationTimestamp: age };
  return ingress({ ingressClassName: className, rules }, metadata);
};

/** What is at each place: the namespaces that publish there. */
async function published(...all: Ingress[]) {
  return publishedWhere(["*"], ...all);
}

async function publishedWhere(wildcards: readonly string[], ...all: Ingress[]) {
  const kit = controlled(new HostOwners(new Set(wildcards)));
  kit.found("nginx", NGINX);
  for (const namespace of ["shop", "evil"]) kit.services.put(service("web", {}, namespace));
  await kit.sync();
  for (const one of all) {
    kit.ingresses.put(one);
    await settled();
  }
  const table = () => kit.table().map((line) => line.split(" -> ")[0]);
  const reasons = (key: string) =>
    (kit.controller.outcome(key)?.problems ?? []).map(({ reason }) => reason);
  return { ...kit, table, reasons };
}

describe("nobody of another namespace comes in at a host", () => {
  test.each<{ name: string; theirs?: Wanted; mine: Wanted }>([
    { name: "by an exact path", mine: { type: "Exact" } },
    { name: "by a longer path", mine: { at: "/login" } },
    {
      name: "past a list of addresses, through the controller that both have",
      theirs: { className: "nginx", annotations: { "warren.dev/allow": "192.0.2.0/24" } },
      mine: { className: "nginx", at: "/secret" },
    },
    {
      name: "by an expression",
      theirs: { className: "nginx" },
      mine: { className: "nginx", at: "/(.*)", type: "ImplementationSpecific" },
    },
    { name: "by letters of another case", mine: { host: "SHOP.test", at: "/login" } },
    { name: "by letting itself in", mine: { annotations: { "warren.dev/share-host": "evil" } } },
    {
      name: "whose owner lets a third in",
      theirs: { annotations: { "warren.dev/share-host": "blog" } },
      mine: { at: "/x" },
    },
  ])("$name", async ({ theirs = {}, mine }) => {
    const { table, reasons } = await published(of("evil", mine), of("shop", theirs));
    expect(table()).toEqual(["shop/web shop.test Prefix /"]);
    expect(reasons("evil/web")).toContain("HostOfOther");
    expect(reasons("shop/web")).toEqual([]);
  });

  test("that is left out of what is published", async () => {
    const { table, reasons } = await published(
      of("shop", { annotations: { "warren.dev/publish": "false" } }),
      of("evil", { at: "/secret" }),
    );
    expect(table()).toEqual([]);
    expect(reasons("evil/web")).toEqual(["HostOfOther"]);
  });
});

test("who is told whose host it is reads the object's name, and how it would be let in", async () => {
  const { controller } = await published(of("shop"), of("evil"));
  expect(controller.outcome("evil/web")!.problems).toEqual([
    {
      reason: "HostOfOther",
      message:
        "shop.test is of another namespace: Ingress shop/web is older, and lets others in by warren.dev/share-host alone",
    },
  ]);
});

test("an owner lets namespaces in, and out again", async () => {
  const shared = of("shop", { annotations: { "warren.dev/share-host": "blog, evil" } });
  const { table, ingresses, reasons } = await published(of("evil", { at: "/blog" }), shared);
  expect(table()).toEqual(["evil/web shop.test Prefix /blog", "shop/web shop.test Prefix /"]);
  ingresses.put(of("shop"));
  await settled();
  expect(table()).toEqual(["shop/web shop.test Prefix /"]);
  expect(reasons("evil/web")).toEqual(["HostOfOther"]);
});

test("a host is the next one's when its owner's last object goes", async () => {
  const { table, ingresses, reasons } = await published(of("shop"), of("evil", { at: "/x" }));
  ingresses.remove("shop/web");
  await settled();
  expect(table()).toEqual(["evil/web shop.test Prefix /x"]);
  expect(reasons("evil/web")).toEqual([]);
});

describe("a wildcard where only other namespaces may have one", () => {
  const annotations = { "warren.dev/hosts": "**.shop.test" };
  test.each<{ name: string; wanted: Wanted; host: string }>([
    { name: "of a rule", wanted: { host: "*.shop.test" }, host: "*.shop.test" },
    { name: "of the annotation", wanted: { host: "", annotations }, host: "**.shop.test" },
  ])("is not published, nor kept from who may have it: $name", async ({ wanted, host }) => {
    const [older, younger] = [of("evil", { ...wanted, age: OLDER }), of("shop", wanted)];
    const { table, reasons, controller } = await publishedWhere(["shop"], older, younger);
    expect(table()).toEqual([`shop/web ${host} Prefix /`]);
    expect(reasons("evil/web")).toContain("WildcardNotAllowed");
    expect(JSON.stringify(controller.outcome("evil/web")!.problems)).toContain("--kube-wildcards");
    expect(reasons("shop/web")).not.toContain("WildcardNotAllowed");
  });

  test("of its exact hosts an Ingress keeps all", async () => {
    const { table } = await publishedWhere(["-"], of("shop"), of("evil", { host: "evil.test" }));
    expect(table()).toEqual(["evil/web evil.test Prefix /", "shop/web shop.test Prefix /"]);
  });
});

test.each([
  { said: [], meant: ["*"] },
  { said: ["-"], meant: ["-"] },
  { said: ["a", "b"], meant: ["a", "b"] },
])("wildcards are everybody's unless the agent is told whose: $said", ({ said, meant }) => {
  const settings = kubeSettings({ ...agentDefaults, kube: "on", kubeWildcards: said }, NOWHERE);
  expect(settings!.wildcardNamespaces).toEqual(meant);
});

test("an exact host is no part of another namespace's wildcard, whichever is older", async () => {
  const { table } = await published(
    of("shop", { host: "*.shop.test" }),
    of("evil", { host: "blog.shop.test" }),
  );
  expect(table()).toEqual(["evil/web blog.shop.test Prefix /", "shop/web *.shop.test Prefix /"]);
});

test.each([",", "", "-.shop.test", Array.from({ length: 17 }, (_, at) => `h${at}.test`).join()])(
  "an older Ingress whose warren.dev/hosts is %j keeps the cluster's own names from nobody",
  async (said) => {
    const { controller, table, ingresses } = await published(of("shop", { host: "" }));
    controller.setNames(["home.test"]);
    await settled();
    const annotations = { "warren.dev/hosts": said };
    ingresses.put(of("evil", { host: "", annotations, age: "2023-01-01T00:00:00Z" }));
    await settled();
    expect(table()).toEqual(["shop/web home.test Prefix /"]);
  },
);
