import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Publication } from "../../published.ts";
import * as kit from "./_kit.ts";
import { GatewayModel } from "./model.ts";
import { ROUTE_KINDS, type BackendTlsPolicy, type RouteKind } from "./objects.ts";

/** One change of a small cluster: which object, and which of its shapes; 0 takes it away. */
interface Step {
  what: "class" | "gateway" | "route" | "service" | "grant" | "labels" | "policy" | "names";
  which: number;
  shape: number;
}

const SPACES = ["infra", "team"];
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(
    ...(["class", "gateway", "service", "grant", "policy", "names"] as const),
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
    return new GatewayModel({ ...kit.DEFAULTS, view: { ...this.#view, service } });
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
    if (what === "policy") return put(space, policyOf(space, shape));
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

const classOf =
  (shape: number): Told =>
  (model) =>
    model.putClass(
      "warren",
      shape === 0
        ? undefined
        : kit.gatewayClass(shape === 1 ? { controllerName: "example.net/other" } : {}),
    );

const gatewayOf =
  (namespace: string, shape: number): Told =>
  (model) =>
    model.putGateway(
      `${namespace}/edge`,
      shape === 0 ? undefined : kit.gateway(LISTENERS[shape % LISTENERS.length], {}, { namespace }),
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

const kindOf = (which: number): RouteKind => ROUTE_KINDS[which % ROUTE_KINDS.length]!;

const routeOf =
  (namespace: string, which: number, shape: number): Told =>
  (model) => {
    const age = { creationTimestamp: `2024-01-0${1 + (which % 3)}T00:00:00Z` };
    const object = {
      ...kit.route({
        parentRefs: [{ name: "edge", namespace: SPACES[shape % 2]! }, { name: "edge" }],
        hostnames: HOSTS[(which + shape) % HOSTS.length]!,
        rules: [
          {
            matches: MATCHES[shape % MATCHES.length]!,
            backendRefs: BACKENDS[shape % BACKENDS.length]!,
          },
          { backendRefs: [kit.toWeb] },
        ],
      }),
      metadata: kit.meta(`r${which}`, { namespace, ...age }),
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
    attached: gateways.map((key) =>
      model.gateway(key)?.listeners.map(({ listener }) => model.attachedRoutes(key, listener.name)),
    ),
  };
}

function settle(model: GatewayModel, table: Map<string, Publication>, slice: number): void {
  for (let more = true; more;) {
    more = model.work(slice);
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
    view: kit.viewOf({ services: [kit.service("web")], secrets: undefined }),
  });
  model.putClass("warren", kit.gatewayClass());
  model.putGateway("infra/edge", kit.gateway());
  const many = 500;
  for (let n = 0; n < many; n++) model.putRoute("HTTPRoute", `infra/r${n}`, routeAt(n));
  while (model.work(100));
  expect(model.take().put).toHaveLength(many);

  model.putRoute("HTTPRoute", "infra/r7", routeAt(7, "/new"));
  // Nothing is left after one: no other route was dirty.
  expect(model.work(1)).toBe(false);
  const { put, remove, routes } = model.take();
  expect(put.map(({ key }) => key)).toEqual([expect.stringContaining("/new")]);
  expect(remove).toEqual([expect.stringContaining("h7.test")]);
  expect([...routes]).toEqual(["infra/r7 HTTPRoute"]);

  model.serviceChanged("infra/other");
  expect(model.work(0)).toBe(false);
});

function routeAt(n: number, path = "/") {
  const rules = [{ matches: [{ path: { value: path } }], backendRefs: [kit.toWeb] }];
  return { ...kit.route({ hostnames: [`h${n}.test`], rules }), metadata: kit.meta(`r${n}`) };
}
