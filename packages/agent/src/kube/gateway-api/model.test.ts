import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Publication } from "../../published.ts";
import type { ObjectMeta } from "../objects.ts";
import { HostOwners } from "../host-owners.ts";
import * as kit from "./_kit.ts";
import { GatewayModel } from "./model.ts";
import { httpPlaces } from "./place-names.ts";
import { ROUTE_KINDS, type BackendTlsPolicy, type RouteKind } from "./objects.ts";

/** One change of a small cluster: which object, and which of its shapes; 0 takes it away. */
interface Step {
  what:
    | "class"
    | "gateway"
    | "route"
    | "service"
    | "grant"
    | "labels"
    | "policy"
    | "set"
    | "names"
    | "rival";
  which: number;
  shape: number;
}

const SPACES = ["infra", "team"];
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    ...(["class", "gateway", "service", "grant", "policy", "set", "names", "rival"] as const),
    ...(["labels", "labels", "labels"] as const),
    // Most changes are of routes.
    ...Array.from({ length: 20 }, () => "route" as const),
  ),
  which: fc.nat(15),
  shape: fc.nat(7),
});

const ALL = { allowedRoutes: { namespaces: { from: "All" } } };
const CHOSEN = {
  allowedRoutes: { namespaces: { from: "Selector", selector: { matchLabels: { a: "b" } } } },
};
const LISTENERS = [
  [kit.http({ hostname: "*.test", ...CHOSEN }), kit.https(ALL), kit.tcp(5, ALL)],
  [kit.http()],
  [kit.http(), kit.https()],
  [kit.http({ hostname: "*.test", allowedRoutes: { namespaces: { from: "All" } } }), kit.tcp(5)],
  [kit.https(CHOSEN)],
  [kit.http(), kit.http({ name: "again" })],
  [kit.passthrough({ allowedRoutes: { namespaces: { from: "All" } } }), kit.tcp(5), kit.http()],
];
const MATCHES = [
  [{}],
  [{ path: { value: "/a" } }],
  [{ path: { value: "/a/" } }, { method: "GET" }],
  [{ path: { type: "RegularExpression", value: "x" } }],
];
const BACKENDS = [
  [kit.toWeb],
  [{ ...kit.toWeb, namespace: "team" }],
  [{ name: "none", port: 1 }, kit.toWeb],
];
const HOSTS = [["shop.test"], [], ["*.test", "other"]];

/** The cluster as the steps have made it. */
class Scene {
  readonly services = new Map<string, ReturnType<typeof kit.service>>();
  readonly puts = new Map<string, (model: GatewayModel) => void>();
  readonly #view = kit.viewOf({ services: [], secrets: undefined });

  model(): GatewayModel {
    const service = (space: string, name: string) => this.services.get(`${space}/${name}`);
    return new GatewayModel({
      ...kit.DEFAULTS,
      hosts: new HostOwners(),
      view: { ...this.#view, service },
    });
  }

  /** Tells `model` and remembers how to tell another one. */
  apply({ what, which, shape }: Step, model: GatewayModel): void {
    const space = SPACES[which % 2]!;
    const put = (key: string, how: (one: GatewayModel) => void): void => {
      this.puts.set(`${what} ${key}`, how);
      how(model);
    };
    if (what === "class") return put("warren", classOf(shape));
    if (what === "gateway") return put(space, gatewayOf(space, shape));
    if (what === "grant") return put(space, grantOf(space, shape));
    if (what === "rival") return put(`${which}`, rivalOf(which, shape));
    if (what === "policy") return put(space, policyOf(space, shape));
    if (what === "set") return put(space, setOf(space, shape));
    if (what === "names")
      return put("", (one) => one.setNames(shape < 2 ? [] : [`n${shape}.gate`]));
    if (what === "labels")
      return put(space, (one) =>
        one.putNamespace(space, kit.namespace(space, shape % 2 === 0 ? { a: "b" } : {})),
      );
    if (what === "route") return put(`${space}/${which}`, routeOf(space, which, shape));
    this.services.delete(`${space}/web`);
    if (shape > 1) this.services.set(`${space}/web`, kit.service("web", { namespace: space }));
    return put(space, (one) => one.serviceChanged(`${space}/web`));
  }
}

/** Most of what can be said needs these. */
const BEGINNING: readonly Step[] = [
  { what: "class", which: 0, shape: 7 },
  ...[0, 1].flatMap((which): Step[] => [
    { what: "gateway", which, shape: 7 },
    { what: "service", which, shape: 7 },
  ]),
];

type Told = (model: GatewayModel) => void;

/** Every shape of an object is a generation of its own. */
const generation = <T extends { metadata: ObjectMeta }>(one: T, shape: number): T => ({
  ...one,
  metadata: { ...one.metadata, generation: 1 + shape },
});

const classOf =
  (shape: number): Told =>
  (model) =>
    model.putClass(
      "warren",
      shape === 0
        ? undefined
        : generation(
            kit.gatewayClass(shape === 1 ? { controllerName: "example.net/other" } : {}),
            shape,
          ),
    );

const gatewayOf =
  (namespace: string, shape: number): Told =>
  (model) =>
    model.putGateway(
      `${namespace}/edge`,
      shape === 0
        ? undefined
        : kit.gateway(
            LISTENERS[shape % LISTENERS.length],
            {},
            { namespace, generation: 1 + shape },
          ),
    );

const grantOf =
  (space: string, shape: number): Told =>
  (model) => {
    const from = ROUTE_KINDS.map((kind) => ({
      group: "gateway.networking.k8s.io",
      kind,
      namespace: SPACES.find((one) => one !== space)!,
    }));
    const spec = { from, to: [{ group: "", kind: "Service" }] };
    model.putGrant(`${space}/grant`, shape < 3 ? undefined : kit.grant(space, spec));
  };

/** An Ingress of another age than the routes, or of the same. */
const rivalOf =
  (which: number, shape: number): Told =>
  (model) => {
    const host = shape % 2 === 0 ? "shop.test" : "other";
    const path = shape < 4 ? "/" : "/a";
    const asked = { host, path, path_type: "Prefix" as const, match: { headers: [], query: [] } };
    const places = httpPlaces(asked, ["http", "https"]);
    const claims =
      shape === 0 ? [] : [{ host, places, problem: undefined, publication: undefined }];
    const age = Date.parse(`2024-01-0${1 + (which % 4)}T00:00:00Z`);
    model.putRival({ name: `infra/i${which} Ingress`, age, claims });
  };

const policyOf =
  (namespace: string, shape: number): Told =>
  (model) => {
    const targetRefs = [{ group: "", kind: "Service", name: "web" }];
    const policy: BackendTlsPolicy = {
      metadata: kit.meta("tls", { namespace }),
      spec: { targetRefs },
    };
    model.putPolicy(`${namespace}/tls`, shape < 5 ? undefined : policy);
  };

const setOf =
  (namespace: string, shape: number): Told =>
  (model) => {
    const parentRef = { name: "edge", namespace: SPACES[shape % 2]! };
    const set = {
      metadata: kit.meta("more", { namespace, generation: 1 + shape }),
      spec: { parentRef },
    };
    model.putListenerSet(`${namespace}/more`, shape < 2 ? undefined : set);
  };

const kindOf = (which: number): RouteKind => ROUTE_KINDS[which % ROUTE_KINDS.length]!;

const routeOf =
  (namespace: string, which: number, shape: number): Told =>
  (model) => {
    const age = { creationTimestamp: `2024-01-0${1 + (which % 3)}T00:00:00Z` };
    const object = {
      ...kit.route({
        parentRefs: [
          { name: "edge", namespace: SPACES[shape % 2]! },
          { name: "edge" },
          { kind: "ListenerSet", name: "more" },
        ],
        hostnames: HOSTS[(which + shape) % HOSTS.length]!,
        rules: [
          {
            matches: MATCHES[shape % MATCHES.length]!,
            backendRefs: BACKENDS[shape % BACKENDS.length]!,
          },
          { backendRefs: [kit.toWeb] },
        ],
      }),
      metadata: kit.meta(`r${which}`, { namespace, ...age, generation: 1 + shape }),
    };
    model.putRoute(kindOf(which), `${namespace}/r${which}`, shape === 0 ? undefined : object);
  };

/** Everything that anybody can see of a model. */
function seen(model: GatewayModel, table: ReadonlyMap<string, Publication>) {
  const ids = [...model.everything.routes].toSorted();
  const gateways = SPACES.map((space) => `${space}/edge`);
  return {
    table: Object.fromEntries([...table].toSorted(([one], [other]) => (one < other ? -1 : 1))),
    routes: ids.map((id) => ({
      id,
      parents: model.outcome(id)?.parents,
      published: [...model.published(id)].toSorted(),
      lost: model.lost(id),
    })),
    rivals: Array.from({ length: 16 }, (_, which) => model.lostOfIngress(`infra/i${which}`)),
    sets: SPACES.map((space) => model.listenerSet(`${space}/more`)?.gateway),
    policies: SPACES.map((space) => [...(model.policy(`${space}/tls`)?.gateways ?? [])].toSorted()),
    attached: gateways.map((key) =>
      model.gateway(key)?.listeners.map(({ listener }) => model.attachedRoutes(key, listener.name)),
    ),
  };
}

function settle(model: GatewayModel, table: Map<string, Publication>, slice: number): void {
  for (let more = true; more;) {
    more = model.work(kit.places(slice));
    const { put, remove } = model.take();
    for (const key of remove) table.delete(key);
    for (const { key, publication } of put) table.set(key, publication);
  }
}

test("what follows from changes as they come is what follows from all objects at once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      (steps, slice) => {
        const scene = new Scene();
        const model = scene.model();
        const table = new Map<string, Publication>();
        for (const one of BEGINNING) scene.apply(one, model);
        for (const [one, pause] of steps) {
          scene.apply(one, model);
          if (pause) settle(model, table, slice);
        }
        settle(model, table, slice);
        const anew = scene.model();
        const expected = new Map<string, Publication>();
        for (const put of scene.puts.values()) put(anew);
        settle(anew, expected, 1_000);
        expect(seen(model, table)).toEqual(seen(anew, expected));
      },
    ),
    { numRuns: 300 },
  );
});

test("one change among many routes is worked out without looking at the others", () => {
  const model = new GatewayModel({
    ...kit.DEFAULTS,
    hosts: new HostOwners(),
    view: kit.viewOf({ services: [kit.service("web")], secrets: undefined }),
  });
  model.putClass("warren", kit.gatewayClass());
  model.putGateway("infra/edge", kit.gateway());
  const many = 500;
  for (let n = 0; n < many; n++) model.putRoute("HTTPRoute", `infra/r${n}`, routeAt(n));
  while (model.work(kit.places(100)));
  expect(model.take().put).toHaveLength(many);

  model.putRoute("HTTPRoute", "infra/r7", routeAt(7, "/new"));
  // Nothing is left after one: no other route was dirty.
  expect(model.work(kit.places(1))).toBe(false);
  const { put, remove, routes } = model.take();
  expect(put.map(({ key }) => key)).toEqual([expect.stringContaining("/new")]);
  expect(remove).toEqual([expect.stringContaining("h7.test")]);
  expect([...routes]).toEqual(["infra/r7 HTTPRoute"]);

  model.serviceChanged("infra/other");
  expect(model.work(kit.places(0))).toBe(false);
});

const secret = (tlsCrt: string) => ({
  metadata: kit.meta("cert"),
  data: { "tls.crt": tlsCrt },
});
const written = <T extends { metadata: ObjectMeta }>(one: T): T => ({
  ...one,
  metadata: { ...one.metadata, resourceVersion: "2", labels: { any: "thing" } },
  status: { conditions: [] },
});

const scene = () => {
  const secrets = [secret("first")];
  const view = kit.viewOf({ services: [kit.service("web")], secrets });
  const model = new GatewayModel({ ...kit.DEFAULTS, hosts: new HostOwners(), view });
  const listeners = [kit.http(), kit.https({ tls: { certificateRefs: [{ name: "cert" }] } })];
  const grant = kit.grant("infra", { from: [], to: [] });
  const objects = { gateway: kit.gateway(listeners), class: kit.gatewayClass(), grant };
  model.putClass("warren", objects.class);
  model.putGateway("infra/edge", objects.gateway);
  model.putGrant("infra/grant", grant);
  for (let n = 0; n < 10; n++) model.putRoute("HTTPRoute", `infra/r${n}`, routeAt(n));
  while (model.work(kit.places(100)));
  model.take();
  return { model, objects, secrets };
};
type Listened = ReturnType<typeof scene>;
describe("nothing is looked at anew that refers to", () => {
  test.each<{ name: string; change: (scene: Listened) => void; gateways: string[] }>([
    {
      name: "a Gateway whose status was written",
      change: ({ model, objects }) => model.putGateway("infra/edge", written(objects.gateway)),
      gateways: ["infra/edge"],
    },
    {
      name: "a GatewayClass whose status was written",
      change: ({ model, objects }) => model.putClass("warren", written(objects.class)),
      gateways: [],
    },
    {
      name: "a ReferenceGrant that grants the same",
      change: ({ model, objects }) => model.putGrant("infra/grant", written(objects.grant)),
      gateways: [],
    },
    {
      name: "a Gateway whose certificate was renewed",
      change: ({ model, secrets }) => {
        secrets[0] = secret("second");
        model.secretChanged("infra/cert");
      },
      gateways: ["infra/edge"],
    },
  ])("$name", ({ change, gateways }) => {
    const all = scene();
    change(all);
    // No route is dirty.
    expect(all.model.work(kit.places(1))).toBe(false);
    const told = all.model.take();
    expect([...told.gateways, ...told.counted]).toEqual(gateways);
    expect([...told.routes]).toEqual([]);
  });
});

test("a route whose status was written is looked at for its status, and not translated again", () => {
  const { model } = kit.settled(kit.cluster({ routes: [["HTTPRoute", kit.route()]] }));
  const before = model.outcome("infra/shop HTTPRoute");
  const echo = kit.route({}, { resourceVersion: "2" });
  model.putRoute("HTTPRoute", "infra/shop", echo);
  expect(model.work(kit.places(0))).toBe(false);
  expect(model.outcome("infra/shop HTTPRoute")).toBe(before);
  expect([...model.take().routes]).toEqual(["infra/shop HTTPRoute"]);
  expect(model.route("infra/shop HTTPRoute")).toBe(echo);
});

test.each([
  { name: "a new generation", more: { generation: 2 } },
  { name: "another object of its name", more: { uid: "another" } },
  { name: "an annotation", more: { annotations: { "warren.dev/publish": "false" } } },
])("$name of a route is translated, and until then it has no outcome", ({ more }) => {
  const { model } = kit.settled(kit.cluster({ routes: [["HTTPRoute", kit.route()]] }));
  model.putRoute("HTTPRoute", "infra/shop", kit.route({}, more));
  expect(model.outcome("infra/shop HTTPRoute")).toBeUndefined();
  while (model.work(kit.places(1)));
  expect(model.outcome("infra/shop HTTPRoute")).toBeDefined();
});

function routeAt(n: number, path = "/") {
  const rules = [{ matches: [{ path: { value: path } }], backendRefs: [kit.toWeb] }];
  const generation = path === "/" ? 1 : 2;
  return {
    ...kit.route({ hostnames: [`h${n}.test`], rules }),
    metadata: kit.meta(`r${n}`, { generation }),
  };
}
