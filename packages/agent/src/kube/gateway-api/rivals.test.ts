import { Route, type RouteInput } from "@warren/wire";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { Published } from "../../published.ts";
import { clockVoice } from "../../voice.ts";
import { INGRESS_SOURCE } from "../ingress/ingress-controller.ts";
import { HostOwners } from "../host-owners.ts";
import * as kit from "./_kit.ts";
import { ingressProblems } from "./ingress-problems.ts";
import { NOWHERE } from "./backends.ts";
import { httpPlaces } from "./place-names.ts";
import { publishedCondition } from "./route-status.ts";
import { Rivals } from "./rivals.ts";
import type { Listener, RouteKind, RouteObject } from "./objects.ts";

const OLDER = Date.parse("2023-01-01T00:00:00Z");
const YOUNGER = Date.parse("2025-01-01T00:00:00Z");
const ID = "infra/shop HTTPRoute";

/** A cluster with one route of 2024, and what else is in the table. */
function meet(
  rival: Partial<RouteInput>,
  {
    object = kit.route(),
    listeners = [kit.http(), kit.https()],
    source = INGRESS_SOURCE,
    kind = "HTTPRoute",
  }: { object?: RouteObject; listeners?: Listener[]; source?: string; kind?: RouteKind } = {},
) {
  const { model } = kit.settled(
    kit.cluster({ gateways: [kit.gateway(listeners)], routes: [[kind, object]] }),
  );
  const published = new Published(clockVoice(() => 0));
  const rivals = new Rivals(published, "kube:gateway-api");
  const route = v.parse(Route, {
    host: "shop.test",
    service: "web",
    port: 80,
    namespace: "other",
    ingress_name: "theirs",
    ...rival,
  });
  published.change(source, [{ route, targets: [NOWHERE] }], []);
  const tell = (put: Route[], deleted: Route[]) => {
    for (const one of rivals.take(put, deleted)) model.putRival(one);
    return model.take();
  };
  const news = tell([route], []);
  const remove = () => tell([], [route]);
  const id = `infra/shop ${kind}`;
  const condition = publishedCondition(model, id, () => undefined);
  return { model, news, remove, condition };
}
interface PassedThrough {
  name: string;
  rival: Partial<RouteInput> & { scheme?: "http" };
  taken: boolean;
}
const scheme = (object: RouteObject, sectionName: string): RouteObject => ({
  ...object,
  spec: { ...object.spec, parentRefs: [{ name: "edge", sectionName }] },
});
const at = (path: string, type = "PathPrefix") =>
  kit.ruled({ matches: [{ path: { type, value: path } }], backendRefs: [kit.toWeb] });

describe("an older Ingress of another namespace keeps", () => {
  test.each<{ name: string; rival?: Partial<RouteInput>; object?: RouteObject }>([
    { name: "its place" },
    { name: "its place from a route on one listener", object: scheme(kit.route(), "http") },
    { name: "a prefix with a slash at its end", rival: { path: "/app/" }, object: at("/app") },
    { name: "a prefix without the slash", rival: { path: "/app" }, object: at("/app/") },
    { name: "a path that is escaped for nothing", rival: { path: "/%61pp" }, object: at("/app") },
    { name: "what is a prefix by habit", rival: { path_type: "ImplementationSpecific" } },
    {
      name: "an exact path",
      rival: { path: "/app", path_type: "Exact" },
      object: at("/app", "Exact"),
    },
  ])("$name", ({ rival = {}, object = kit.route() }) => {
    const { model, news, remove, condition } = meet({ ...rival, age: OLDER }, { object });
    expect([...model.published(ID)]).toEqual([]);
    expect(condition).toMatchObject({ status: "False", reason: "Conflicted" });
    expect(condition.message).toContain("Ingress other/theirs is older and has");
    expect(news.remove.length).toBeGreaterThan(0);
    expect([...news.routes]).toEqual([ID]);
    expect(model.lostOfIngress("other/theirs")).toEqual([]);
    // Its end is the route's beginning.
    expect(remove().put.map(({ publication }) => publication.route.host)).toEqual(["shop.test"]);
  });
});

test.each<{ name: string; rival: Partial<RouteInput>; object?: RouteObject }>([
  { name: "another host", rival: { host: "other.test" } },
  { name: "another path", rival: { path: "/app" } },
  { name: "an exact path, where the route has a prefix", rival: { path_type: "Exact" } },
  {
    name: "the place, and the route asks for a method",
    rival: {},
    object: kit.ruled({ matches: [{ method: "POST" }], backendRefs: [kit.toWeb] }),
  },
  { name: "a public port", rival: { kind: "tcp", public_port: 80, host: "" } },
])(
  "a route does not lose to an older Ingress that has $name",
  ({ rival, object = kit.route() }) => {
    const { model, condition } = meet({ ...rival, age: OLDER }, { object });
    expect(model.lost(ID)).toEqual([]);
    expect(condition.reason).toBe("Pending");
  },
);

test("a route that is older than an Ingress has the place, and the Ingress hears it", () => {
  const { model, news, remove } = meet({ age: YOUNGER }, { object: scheme(kit.route(), "http") });
  expect([...model.published(ID)]).toHaveLength(1);
  expect([...news.ingresses]).toEqual(["other/theirs"]);
  expect(ingressProblems(model.lostOfIngress("other/theirs"))).toEqual([
    {
      reason: "Conflict",
      message: "http shop.test Prefix / is published for HTTPRoute infra/shop, which is older",
    },
  ]);
  expect([...remove().ingresses]).toEqual(["other/theirs"]);
  expect(model.lostOfIngress("other/theirs")).toEqual([]);
});

describe("a server name that is passed through is", () => {
  const listeners = [kit.passthrough()];
  const TLS = "infra/shop TLSRoute";
  test.each<PassedThrough>([
    { name: "not taken from an older Ingress", rival: { age: OLDER }, taken: false },
    { name: "taken where the Ingress is younger", rival: { age: YOUNGER }, taken: true },
    { name: "taken beside plain HTTP", rival: { age: OLDER, scheme: "http" }, taken: true },
    {
      name: "taken beside an Ingress of its own",
      rival: { age: OLDER, namespace: "infra" },
      taken: true,
    },
    { name: "taken beside another host", rival: { age: OLDER, host: "b.test" }, taken: true },
  ])("$name", ({ rival: { scheme: only, ...rival }, taken }) => {
    const match = { headers: [], query: [], ...(only === undefined ? {} : { scheme: only }) };
    const { model, remove, condition } = meet({ ...rival, match }, { listeners, kind: "TLSRoute" });
    expect([...model.published(TLS)]).toHaveLength(taken ? 1 : 0);
    if (!taken)
      expect(condition.message).toContain("Ingress other/theirs is older and has tls shop.test");
    remove();
    expect([...model.published(TLS)]).toHaveLength(1);
  });
});

test("a route that may not pass a server name through is in nobody's way who may", () => {
  const first = { ...kit.route(), metadata: kit.meta("first") };
  const second = { ...kit.route(), metadata: kit.meta("second", { namespace: "other" }) };
  const all = { allowedRoutes: { namespaces: { from: "All" } } };
  const gateways = [
    kit.gateway([kit.passthrough(all)]),
    kit.gateway([kit.passthrough(all)], {}, { namespace: "other" }),
  ];
  const routes: [RouteKind, RouteObject][] = [
    ["TLSRoute", first],
    ["TLSRoute", second],
  ];
  const hosts = new HostOwners();
  const model = kit.modelOf(kit.cluster({ gateways, routes }), hosts);
  while (model.work(kit.places(3)));
  model.take();
  const passing = () =>
    ["infra/first TLSRoute", "other/second TLSRoute"].map((id) => [...model.published(id)].length);
  expect(passing()).toEqual([1, 0]);
  const match = { headers: [], query: [] };
  const asked = { host: "shop.test", path: "/", path_type: "Prefix" as const, match };
  const claims = [
    {
      host: "shop.test",
      places: httpPlaces(asked, ["https"]),
      problem: undefined,
      publication: undefined,
    },
  ];
  const claim = { namespaces: new Set(["other"]), shared: new Set<string>() };
  hosts.set("other/theirs Ingress", OLDER, new Map([["shop.test", claim]]));
  model.putRival({ name: "other/theirs Ingress", age: OLDER, claims });
  while (model.work(kit.places(3)));
  model.take();
  expect(passing()).toEqual([0, 1]);
});

test("what the operator told the agent to publish comes before any object", () => {
  const { model, condition } = meet({}, { source: "config" });
  expect([...model.published(ID)]).toEqual([]);
  expect(condition.message).toContain("the agent's own configuration has http shop.test Prefix /");
});

test("two routes whose matches list the same fields in another order want one place", () => {
  const fields = [
    { name: "a", value: "1" },
    { name: "b", value: "2" },
  ];
  const rule = (headers: typeof fields) =>
    kit.ruled({ matches: [{ headers }], backendRefs: [kit.toWeb] });
  const { model } = kit.settled(
    kit.cluster({
      routes: [
        ["HTTPRoute", rule(fields)],
        ["HTTPRoute", { ...rule(fields.toReversed()), metadata: kit.meta("zed") }],
      ],
    }),
  );
  expect(model.lost("infra/zed HTTPRoute").map(({ holder }) => holder)).toEqual([ID]);
});

test("of two Ingresses with one prefix neither hears of it here", () => {
  const { model } = meet({ age: OLDER });
  const match = { headers: [], query: [] };
  const asked = { host: "shop.test", path: "/", path_type: "Prefix" as const, match };
  const claims = [
    {
      host: "shop.test",
      places: httpPlaces(asked, ["http"]),
      problem: undefined,
      publication: undefined,
    },
  ];
  model.putRival({ name: "third/one Ingress", age: YOUNGER, claims });
  model.take();
  expect(model.lost("third/one Ingress")).toHaveLength(1);
  expect(model.lostOfIngress("third/one")).toEqual([]);
});
