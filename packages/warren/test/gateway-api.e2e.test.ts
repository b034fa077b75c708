/** Gateway API from end to end: objects in a cluster whose API server is a double, gateway and agent as processes. */
import { connect } from "node:net";
import type { KubeObject, Resource } from "@warren/host/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, type Question } from "./_kit/ask.ts";
import { KubeStage } from "./_kit/kube-stage.ts";
import { capitals, webService } from "./_service.ts";

const GROUP = "gateway.networking.k8s.io";
const LONG_MS = 30_000;
type Custom = KubeObject & { spec: object; status?: { parents?: Told[] } };
const kind = (name: string, plural: string, namespaced = true): Resource<Custom> => ({
  group: GROUP,
  version: "v1",
  plural,
  kind: name,
  namespaced,
});
const CLASSES = kind("GatewayClass", "gatewayclasses", false);
const GATEWAYS = kind("Gateway", "gateways");
const ROUTES = kind("HTTPRoute", "httproutes");
const TCP_ROUTES = kind("TCPRoute", "tcproutes");
/** Of the gateway's own: nothing else of this machine's tests asks for it. */
const TCP_PORT = 24_761;
const TLS = { "x-forwarded-proto": "https" };

const TRUSTING = ["--trusted-proxy", "127.0.0.1/32"];
const PUBLIC_PORTS = ["--tcp-ports", `${TCP_PORT}-${TCP_PORT}`];

let stage: KubeStage;
const owned = new AsyncDisposableStack();
let one: { name: string; port: number };
let two: { name: string; port: number };

beforeAll(async () => {
  stage = owned.use(await KubeStage.start([...TRUSTING, ...PUBLIC_PORTS]));
  const { api } = stage;
  for (const resource of [CLASSES, GATEWAYS, ROUTES, TCP_ROUTES]) api.serve(resource);
  for (const name of ["one", "two"]) {
    const { port } = owned.use(await webService(name));
    stage.service(name, port);
    if (name === "one") one = { name, port };
    else two = { name, port };
  }
  const spec = { controllerName: "warren.dev/gateway" };
  api.put({ metadata: { name: "warren" }, spec }, CLASSES);
  const gateway = {
    metadata: { name: "edge", namespace: "default" },
    spec: {
      gatewayClassName: "warren",
      listeners: [
        { name: "http", port: 80, protocol: "HTTP" },
        { name: "tcp", port: TCP_PORT, protocol: "TCP" },
        {
          name: "https",
          port: 443,
          protocol: "HTTPS",
          tls: { mode: "Terminate", options: { "warren.dev/certificate": "gateway" } },
        },
      ],
    },
  };
  api.put(gateway, GATEWAYS);
  await stage.agent("agent-0");
}, 60_000);
afterAll(() => owned.disposeAsync());

function put(name: string, rules: object[], spec: object = {}): void {
  const route = {
    metadata: { name, namespace: "default" },
    spec: { parentRefs: [{ name: "edge" }], hostnames: [`${name}.test`], rules, ...spec },
  };
  stage.api.put(route, ROUTES);
}
const get = (host: string, more: Partial<Question> = {}) =>
  ask({ port: stage.gateway.port, host, ...more });
const status = async (host: string, more: Partial<Question> = {}) => (await get(host, more)).status;
const becomes = (want: number, host: string, more: Partial<Question> = {}) =>
  expect.poll(() => status(host, more), { timeout: LONG_MS }).toBe(want);

interface Told {
  conditions: { type: string; status: string; reason: string }[];
}
const parentsOf = (name: string) =>
  stage.api.get(ROUTES, { namespace: "default", name })?.status?.parents ?? [];
const says = (name: string, type: string) =>
  parentsOf(name)[0]
    ?.conditions.filter((all) => all.type === type)
    .map((all) => `${all.status} ${all.reason}`)[0];

const who = async (more: Partial<Question>) => (await get("best.test", more)).body.split(" ")[0];
const at = (sectionName: string) => ({
  hostnames: ["both.test"],
  parentRefs: [{ name: "edge", sectionName }],
});

describe("an HTTPRoute", { timeout: 60_000 }, () => {
  test("is public when it is applied, says so, follows changes, and is taken back", async () => {
    put("shop", [{ backendRefs: [one] }]);
    await becomes(200, "shop.test");
    expect((await get("shop.test", { path: "/x" })).body).toBe("one GET /x");
    await stage.api.until(() => says("shop", "warren.dev/Published") === "True Published");
    expect(says("shop", "Accepted")).toBe("True Accepted");
    put("shop", [{ backendRefs: [two] }]);
    await expect
      .poll(async () => (await get("shop.test")).body, { timeout: LONG_MS })
      .toBe("two GET /");
    stage.api.remove(ROUTES, { namespace: "default", name: "shop" });
    await becomes(404, "shop.test");
  });

  test("serves the best of its matches", async () => {
    put("best", [
      { matches: [{ path: { value: "/" } }], backendRefs: [one] },
      {
        matches: [{ path: { value: "/" }, headers: [{ name: "X-Two", value: "yes" }] }],
        backendRefs: [two],
      },
      { matches: [{ path: { type: "Exact", value: "/two" } }], backendRefs: [two] },
      { matches: [{ path: { value: "/a" }, method: "POST" }], backendRefs: [two] },
      {
        matches: [{ path: { value: "/" }, queryParams: [{ name: "q", value: "2" }] }],
        backendRefs: [two],
      },
    ]);
    await becomes(200, "best.test");
    expect(await who({ path: "/two" })).toBe("two");
    expect(await who({ path: "/two/x" })).toBe("one");
    expect(await who({ headers: { "x-two": "yes" } })).toBe("two");
    expect(await who({ path: "/a", method: "POST" })).toBe("two");
    expect(await who({ path: "/a" })).toBe("one");
    expect(await who({ path: "/?q=2" })).toBe("two");
  });

  test("rewrites, and changes fields of answers", async () => {
    const filters = [
      {
        type: "URLRewrite",
        urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/v2" } },
      },
      {
        type: "ResponseHeaderModifier",
        responseHeaderModifier: { set: [{ name: "X-Edge", value: "yes" }], remove: ["X-Service"] },
      },
    ];
    put("changed", [{ matches: [{ path: { value: "/api" } }], filters, backendRefs: [one] }]);
    await becomes(200, "changed.test", { path: "/api" });
    const answer = await get("changed.test", { path: "/api/users?x=1" });
    expect(answer.body).toBe("one GET /v2/users?x=1");
    expect(answer.headers["x-edge"]).toBe("yes");
    expect(answer.headers["x-service"]).toBeUndefined();
  });

  test("answers the share of a backend that is none with 500, and nothing else", async () => {
    put("shares", [{ backendRefs: [one, { name: "none", port: 80 }] }]);
    await expect
      .poll(
        async () => {
          const all = await Promise.all(Array.from({ length: 20 }, () => status("shares.test")));
          return [...new Set(all)].toSorted((a, b) => a - b);
        },
        { timeout: LONG_MS },
      )
      .toEqual([200, 500]);
    await stage.api.until(() => says("shares", "ResolvedRefs") === "False BackendNotFound");
  });

  test("is answered 500 where a filter of it cannot be done", async () => {
    put("filtered", [
      {
        matches: [{ path: { value: "/admin" } }],
        filters: [{ type: "ExtensionRef" }],
        backendRefs: [one],
      },
      { backendRefs: [one] },
    ]);
    await becomes(200, "filtered.test");
    expect(await status("filtered.test", { path: "/admin/users" })).toBe(500);
    await stage.api.until(() => says("filtered", "PartiallyInvalid") === "True UnsupportedValue");
  });

  test("of the http listener leads to the one of the https listener", async () => {
    const toHttps = {
      type: "RequestRedirect",
      requestRedirect: { scheme: "https", statusCode: 301 },
    };
    put("both", [{ backendRefs: [one] }], at("https"));
    put("to-https", [{ filters: [toHttps] }], at("http"));
    await becomes(200, "both.test", { headers: TLS });
    await becomes(301, "both.test");
    const { headers } = await get("both.test", { path: "/x?y" });
    expect(headers.location).toBe("https://both.test/x?y");
  });

  test("of the https listener alone is not served in the clear", async () => {
    const parentRefs = [{ name: "edge", sectionName: "https" }];
    put("sealed", [{ backendRefs: [one] }], { parentRefs });
    await becomes(200, "sealed.test", { headers: TLS });
    expect(await status("sealed.test")).toBe(404);
  });

  test("with a host that wants any number of labels has them", async () => {
    put("wild", [{ backendRefs: [one] }], { hostnames: ["*.wild.test"] });
    await becomes(200, "a.b.wild.test");
    expect(await status("wild.test")).toBe(404);
  });
});

const said = () =>
  new Promise<string>((resolve) => {
    const socket = connect(TCP_PORT, "127.0.0.1", () => socket.write("hello"));
    socket.on("error", () => resolve(""));
    socket.on("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });

test("a TCPRoute is public on its listener's port", { timeout: 60_000 }, async () => {
  const service = owned.use(await capitals());
  stage.service("capitals", service.port);
  const route = {
    metadata: { name: "raw", namespace: "default" },
    spec: {
      parentRefs: [{ name: "edge", sectionName: "tcp" }],
      rules: [{ backendRefs: [{ name: "capitals", port: service.port }] }],
    },
  };
  stage.api.put(route, TCP_ROUTES);
  await stage.api.until(() => {
    const status = stage.api.get(TCP_ROUTES, { namespace: "default", name: "raw" })?.status;
    const conditions = status?.parents?.[0]?.conditions ?? [];
    return conditions.some((one) => one.type === "warren.dev/Published" && one.status === "True");
  });
  await expect.poll(said, { timeout: LONG_MS }).toBe("HELLO");
});
