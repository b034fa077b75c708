// Whose a host is, where Gateways of several namespaces want it.
import { describe, expect, test } from "vitest";
import { CONFIGURATION, HostOwners } from "../host-owners.ts";
import * as kit from "./_kit.ts";
import type { RouteKind, RouteObject } from "./objects.ts";
import { publishedCondition } from "./route-status.ts";

const YOUNGER = { namespace: "evil", name: "evil", creationTimestamp: "2025-01-01T00:00:00Z" };
const SHOP = "infra/shop HTTPRoute";

/** The route of `infra`, and one of another namespace that has come later. */
function meet(theirs: Partial<RouteObject["spec"]>, kind: RouteKind = "HTTPRoute") {
  const listeners = kind === "TLSRoute" ? [kit.passthrough()] : [kit.http(), kit.https()];
  const evil = kit.route(theirs, YOUNGER);
  const all = kit.cluster({
    gateways: [
      kit.gateway([kit.http({ allowedRoutes: { namespaces: { from: "All" } } }), kit.https()]),
      kit.gateway(listeners, {}, { namespace: "evil" }),
    ],
    services: [kit.service("web"), kit.service("web", { namespace: "evil" })],
    routes: [
      [kind, evil],
      ["HTTPRoute", kit.route()],
    ],
  });
  const hosts = new HostOwners();
  const model = kit.modelOf(all, hosts);
  while (model.work(kit.places(3)));
  model.take();
  const id = `evil/evil ${kind}`;
  const condition = publishedCondition(model, id, () => undefined);
  return { model, hosts, id, condition };
}

describe("a Gateway of one's own takes no host of another's", () => {
  const toEdge = { parentRefs: [{ name: "edge" }] };
  test.each<{ name: string; theirs: Partial<RouteObject["spec"]>; kind?: RouteKind }>([
    { name: "by a longer path", theirs: at({ path: { value: "/login" } }) },
    { name: "by a method", theirs: at({ method: "GET" }) },
    { name: "by a header", theirs: at({ headers: [{ name: "a", value: "b" }] }) },
    { name: "by the TLS of all of it", theirs: toEdge, kind: "TLSRoute" },
  ])("$name", ({ theirs, kind = "HTTPRoute" }) => {
    const { model, id, condition } = meet(theirs, kind);
    expect([...model.published(id)]).toEqual([]);
    expect([...model.published(SHOP)]).toHaveLength(1);
    expect(condition).toMatchObject({
      status: "False",
      reason: "Conflicted",
      message: "HTTPRoute infra/shop is older and has shop.test",
    });
  });

  test("and has it when the owner lets it in, or goes", () => {
    const { model, id } = meet(at({ method: "GET" }));
    const shared = { annotations: { "warren.dev/share-host": "evil" } };
    model.putRoute("HTTPRoute", "infra/shop", kit.route({}, { ...shared, generation: 2 }));
    while (model.work(kit.places(3)));
    expect(model.take().put).toHaveLength(2);
    expect([...model.published(id)]).toHaveLength(1);

    model.putRoute("HTTPRoute", "infra/shop", undefined);
    while (model.work(kit.places(3)));
    model.take();
    expect([...model.published(id)]).toHaveLength(1);
  });
});

test("a route goes on to know that a host is another's when its status is written", () => {
  const { model, id } = meet(at({ method: "GET" }));
  const before = model.lost(id);
  expect(before).toHaveLength(1);
  const written = kit.route(at({ method: "GET" }), { ...YOUNGER, resourceVersion: "2" });
  model.putRoute("HTTPRoute", "evil/evil", written);
  while (model.work(kit.places(3)));
  model.take();
  expect(model.lost(id)).toEqual(before);
});

test("routes that one Gateway lets in share its hosts, of whichever namespaces they are", () => {
  const { model, id } = meet({
    ...at({ path: { value: "/blog" } }),
    parentRefs: [{ name: "edge", namespace: "infra" }],
  });
  expect([...model.published(id)]).toHaveLength(1);
  expect([...model.published(SHOP)]).toHaveLength(1);
});

test("a host of an Ingress is its namespace's, also for a route through somebody's Gateway", () => {
  const { model, hosts, id } = meet({ ...at({ method: "GET" }), hostnames: ["other.test"] });
  expect([...model.published(id)]).toHaveLength(1);
  const claim = { namespaces: new Set(["shop"]), shared: new Set<string>() };
  hosts.set("shop/web Ingress", 0, new Map([["other.test", claim]]));
  while (model.work(kit.places(3)));
  const { routes } = model.take();
  expect([...routes]).toEqual([id]);
  expect([...model.published(id)]).toEqual([]);
  // Who moves from an Ingress to a route keeps the host.
  const ours = { namespaces: new Set(["evil"]), shared: new Set<string>() };
  hosts.set("shop/web Ingress", 0, new Map([["other.test", ours]]));
  while (model.work(kit.places(3)));
  model.take();
  expect([...model.published(id)]).toHaveLength(1);
});

function at(match: object): Partial<RouteObject["spec"]> {
  return { rules: [{ matches: [match], backendRefs: [kit.toWeb] }] };
}

describe("a wildcard where only other namespaces may have one", () => {
  const open = { namespaces: { from: "All" as const } };
  const gateways = [kit.gateway([kit.http({ hostname: "*.test", allowedRoutes: open })])];
  const toEdge = { parentRefs: [{ name: "edge", namespace: "infra" }] };
  const routed = (spec: Partial<RouteObject["spec"]>, allowed: string) => {
    const evil = kit.route({ ...toEdge, ...spec }, YOUNGER);
    const services = [kit.service("web"), kit.service("web", { namespace: "evil" })];
    const all = kit.cluster({ gateways, services, routes: [["HTTPRoute", evil]] });
    const { model, routes } = kit.settled(all, new HostOwners(new Set([allowed])));
    const condition = publishedCondition(model, "evil/evil HTTPRoute", () => ({ accepted: true }));
    return { hosts: routes.map(({ host }) => host), condition };
  };

  test.each([
    { name: "of the route itself", spec: { hostnames: ["*.shop.test"] }, host: "*.shop.test" },
    { name: "of the listener that it comes in through", spec: { hostnames: [] }, host: "*.test" },
  ])("is not published: $name", ({ spec, host }) => {
    // Also where the Gateway's own namespace is one of them.
    const { hosts, condition } = routed(spec, "infra");
    expect(hosts).toEqual([]);
    expect(condition).toMatchObject({ status: "False", reason: "WildcardNotAllowed" });
    expect(condition.message).toContain(`${host} is a wildcard`);
    expect(condition.message).toContain("--kube-wildcards");
    expect(routed(spec, "evil").hosts).toEqual([`*${host}`]);
  });

  test("and the exact hosts of the route are", () => {
    const { hosts, condition } = routed({ hostnames: ["*.shop.test", "a.test"] }, "infra");
    expect([hosts, condition.reason]).toEqual([["a.test"], "WildcardNotAllowed"]);
  });
});

test("a host of the agent's own configuration is no route's, until that lets go", () => {
  const hosts = new HostOwners();
  const claim = { namespaces: new Set<string>(), shared: new Set<string>() };
  hosts.set(CONFIGURATION, -Infinity, new Map([["shop.test", claim]]));
  const model = kit.modelOf(kit.cluster({ routes: [["HTTPRoute", kit.route()]] }), hosts);
  while (model.work(kit.places(3)));
  model.take();
  expect([...model.published(SHOP)]).toEqual([]);
  expect(publishedCondition(model, SHOP, () => undefined)).toMatchObject({
    reason: "Conflicted",
    message: "the agent's own configuration has shop.test",
  });
  hosts.set(CONFIGURATION, -Infinity, new Map());
  while (model.work(kit.places(3)));
  expect(model.take().put).toHaveLength(1);
});
