import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../src/index.ts";
import {
  INGRESSES,
  watchResource,
  withoutManagedFields,
  type Change,
  type Ingress,
  type Resource,
  type Watched,
  type WatchOptions,
  type WatchTold,
} from "../src/kube/index.ts";
import { leapingClock, startKubeApi, Waiting, type KubeApi } from "../src/testing/index.ts";

const NOWHERE = { labelSelector: undefined, fieldSelector: undefined, namespaces: undefined };

/** A watch, what it told and what changed; disposed of with the test. */
function follow(api: KubeApi, options: Partial<WatchOptions<Ingress>> = {}) {
  const waiting = new Waiting();
  const told: WatchTold[] = [];
  const changes: string[] = [];
  const { clock = systemClock } = options;
  const watched: Watched<Ingress> = watchResource({
    client: api.client({ clock }),
    resource: INGRESSES,
    ...NOWHERE,
    trim: withoutManagedFields,
    clock,
    random: () => 0,
    told: (event) => {
      told.push(event);
      waiting.look();
    },
    signal: new AbortController().signal,
    ...options,
  });
  onTestFinished(() => watched[Symbol.asyncDispose]());
  watched.onChange((change) => {
    changes.push(shown(change));
    waiting.look();
  });
  const until = <T>(seen: () => T | undefined | false) => waiting.until(seen);
  const heard = (kind: WatchTold["kind"], times = 1) =>
    until(() => told.filter((event) => event.kind === kind)[times - 1]);
  const has = (key: string, host: string) =>
    until(() => hostOf(watched.get(key)) === host || undefined);
  return { watched, told, changes, until, heard, has };
}

const hostOf = (ingress: Ingress | undefined) => ingress?.spec?.rules?.[0]?.host;
const waitOf = (event: WatchTold) => (event.kind === "lost" ? event.retryInMs : 0);
const shown = ({ key, before, after }: Change<Ingress>) =>
  `${key}: ${hostOf(before) ?? "-"} > ${hostOf(after) ?? "-"}`;

function put(api: KubeApi, key: string, host: string, resource: Resource<Ingress> = INGRESSES) {
  const [namespace = "", name = ""] = key.split("/");
  api.put({ metadata: { namespace, name }, spec: { rules: [{ host }] } }, resource);
}
function remove(api: KubeApi, key: string, resource: Resource = INGRESSES) {
  const [namespace = "", name = ""] = key.split("/");
  api.remove(resource, { namespace, name });
}

const following = (api: KubeApi, streams = 1) => api.until(() => api.streams === streams);

describe("a watch", () => {
  test("has what is there, and follows what is added, changed and removed", async () => {
    await using api = await startKubeApi();
    put(api, "a/web", "one.example");
    const { watched, changes, until } = follow(api);
    await watched.synced;
    expect([watched.size, watched.state]).toEqual([1, "live"]);
    put(api, "b/web", "two.example");
    put(api, "a/web", "three.example");
    remove(api, "b/web");
    await until(() => changes.length === 4);
    expect(changes).toEqual([
      "a/web: - > one.example",
      "b/web: - > two.example",
      "a/web: one.example > three.example",
      "b/web: two.example > -",
    ]);
  });

  test.each<{ name: string; end: (api: KubeApi) => void; lists: number }>([
    { name: "the server ends it", end: (api) => api.endStreams(), lists: 1 },
    { name: "its connection is cut", end: (api) => api.cutStreams(), lists: 1 },
    { name: "it ends within an object", end: (api) => api.truncateStreams(), lists: 1 },
    { name: "it says what is not JSON", end: (api) => api.sayInStreams("<html>\n"), lists: 1 },
    { name: "it says what is no event", end: (api) => api.sayInStreams("null\n"), lists: 1 },
    { name: "it says 410", end: (api) => api.expireStreams(), lists: 2 },
  ])("goes on when $name", async ({ end, lists }) => {
    await using api = await startKubeApi();
    put(api, "a/web", "one.example");
    const { watched, has, changes } = follow(api);
    await watched.synced;
    await following(api);
    end(api);
    put(api, "a/web", "two.example");
    await has("a/web", "two.example");
    expect(changes.length).toBe(2);
    expect(api.requests.filter(({ verb }) => verb === "list").length).toBe(lists);
  });

  test("goes on from its last bookmark, so that history may be forgotten", async () => {
    await using api = await startKubeApi();
    const { watched, has } = follow(api);
    await watched.synced;
    await following(api);
    put(api, "elsewhere/web", "one.example");
    api.put({ metadata: { name: "unwatched" }, apiVersion: "v1", kind: "Namespace" });
    api.compact();
    api.bookmark();
    put(api, "a/web", "one.example");
    await has("a/web", "one.example");
    api.endStreams();
    put(api, "a/web", "two.example");
    await has("a/web", "two.example");
    expect(api.requests.filter(({ verb }) => verb === "list").length).toBe(1);
  });

  test.each([
    { name: "in the stream", asStatus: false },
    { name: "as the answer", asStatus: true },
  ])("finds what went while its history was forgotten, 410 said $name", async ({ asStatus }) => {
    await using api = await startKubeApi();
    put(api, "a/gone", "gone.example");
    put(api, "a/kept", "kept.example");
    const { watched, changes, until, heard } = follow(api);
    await watched.synced;
    await following(api);
    const client = await api.stop();
    expect(client).toBeUndefined();
    remove(api, "a/gone");
    put(api, "a/new", "new.example");
    api.compact();
    if (asStatus) api.refuse({ verb: "watch" }, { code: 410, reason: "Expired" });
    await api.restart();
    await until(() => changes.length === 4);
    expect(changes.slice(2)).toEqual(["a/gone: gone.example > -", "a/new: - > new.example"]);
    await heard("expired");
    expect(watched.size).toBe(2);
  });

  test("asks anew at once when the server that was away for long has forgotten", async () => {
    const clock = leapingClock();
    let chance = 0;
    await using api = await startKubeApi();
    const { watched, told, heard, has, until } = follow(api, { clock, random: () => chance });
    await watched.synced;
    await following(api);
    await api.stop();
    await heard("lost", 6);
    chance = 0.9;
    const waitMs = await until(() => told.map(waitOf).find((ms) => ms > 5_000));
    expect(waitMs).toBeLessThanOrEqual(10_000);
    put(api, "a/new", "new.example");
    api.compact();
    await api.restart();
    clock.leap(waitMs);
    await has("a/new", "new.example");
    await heard("expired");
  });

  test("keeps what it has while the server is away, and tells of each failure", async () => {
    await using api = await startKubeApi();
    put(api, "a/web", "one.example");
    const { watched, heard, has } = follow(api);
    await watched.synced;
    await following(api);
    await api.stop();
    await heard("lost", 2);
    expect([watched.size, watched.state]).toEqual([1, "live"]);
    await api.restart();
    put(api, "a/web", "two.example");
    await has("a/web", "two.example");
  });

  test("keeps what it has while what stands before the server answers 404", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    put(api, "a/web", "one.example");
    const { watched, told, heard, has } = follow(api, { clock });
    await watched.synced;
    await following(api);
    const stop = api.intercept(({ response }) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>no backend</h1>");
      return true;
    });
    api.endStreams();
    await heard("lost");
    clock.leap(5_000);
    await heard("lost", 2);
    expect([watched.size, watched.state]).toEqual([1, "live"]);
    stop();
    put(api, "a/web", "two.example");
    clock.leap(5_000);
    await has("a/web", "two.example");
    expect(told.map(({ kind }) => kind)).not.toContain("absent");
  });

  test("waits as long as a server asks it to", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    api.refuse(
      { verb: "list" },
      { code: 429, reason: "TooManyRequests", retryAfterSeconds: 3_600 },
    );
    const { watched } = follow(api, { clock });
    await api.request({ verb: "list" });
    clock.leap(14_000);
    expect(api.requests.length).toBe(1);
    expect(watched.isSynced).toBe(false);
  });

  test("notices a dead peer: a stream that goes on past its time is left", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    const { watched, has, heard } = follow(api, { clock });
    await watched.synced;
    await following(api);
    api.holdStreams();
    put(api, "a/web", "one.example");
    clock.leap(166_000);
    await heard("lost");
    await has("a/web", "one.example");
  });

  test("lists anew after ten minutes, and finds what the server's streams had lost", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    put(api, "a/web", "one.example");
    const { watched, until, heard } = follow(api, { clock });
    await watched.synced;
    await following(api);
    api.holdStreams();
    remove(api, "a/web");
    put(api, "a/late", "two.example");
    clock.leap(601_000);
    api.cutStreams();
    await heard("listed", 2);
    await until(() => watched.get("a/web") === undefined);
    expect([...watched.values()].map(hostOf)).toEqual(["two.example"]);
  });

  test("is not ended by handlers that throw", async () => {
    await using api = await startKubeApi();
    const { watched, changes, heard, until } = follow(api);
    watched.onChange(() => {
      throw new Error("a bug");
    });
    await watched.synced;
    put(api, "a/web", "one.example");
    expect(await heard("handlerFailed")).toMatchObject({ key: "a/web" });
    put(api, "a/web", "two.example");
    await until(() => changes.length === 2);
  });

  test("takes characters and objects apart over any chunks, and large ones", async () => {
    await using api = await startKubeApi();
    const { watched, until } = follow(api);
    await watched.synced;
    await following(api);
    api.slow(1);
    const said = "Gemüse für 10 € 🥕";
    api.put(
      { metadata: { namespace: "a", name: "web", annotations: { said } }, spec: {} },
      INGRESSES,
    );
    const web = await until(() => watched.get("a/web"));
    expect(web.metadata.annotations?.["said"]).toBe(said);
    api.slow(60_000);
    const large = "€".repeat(1_000_000);
    api.put(
      { metadata: { namespace: "a", name: "web", annotations: { said: large } }, spec: {} },
      INGRESSES,
    );
    await until(() => watched.get("a/web")?.metadata.annotations?.["said"] === large);
  });

  test("a server that never ends a line is left before it fills the memory", async () => {
    await using api = await startKubeApi();
    const { watched, heard, has } = follow(api);
    await watched.synced;
    await following(api);
    for (let i = 0; i < 9; i++) api.sayInStreams("x".repeat(1_048_576));
    expect(await heard("lost")).toMatchObject({ error: { reason: "TooLarge" } });
    put(api, "a/web", "one.example");
    await has("a/web", "one.example");
  });

  test("keeps what trim leaves", async () => {
    await using api = await startKubeApi();
    put(api, "a/web", "one.example");
    const { watched } = follow(api, { trim: ({ metadata }) => ({ metadata }) });
    await watched.synced;
    expect(Object.keys(watched.get("a/web") ?? {})).toEqual(["metadata"]);
  });

  test("of a list of namespaces hears nothing of others", async () => {
    await using api = await startKubeApi();
    for (const namespace of ["a", "b", "c"]) put(api, `${namespace}/web`, "one.example");
    const { watched, changes, has, until } = follow(api, { namespaces: ["a", "b"] });
    await watched.synced;
    await following(api, 2);
    put(api, "c/web", "two.example");
    put(api, "b/web", "two.example");
    await has("b/web", "two.example");
    api.expireStreams();
    remove(api, "a/web");
    await until(() => changes.length === 4);
    expect([...watched.values()].map(({ metadata }) => metadata.namespace)).toEqual(["b"]);
  });

  test("ends with its signal, whose reason those get who still wait", async () => {
    await using api = await startKubeApi();
    const abort = new AbortController();
    api.forbid("list", INGRESSES);
    const { watched, heard } = follow(api, { signal: abort.signal });
    await heard("forbidden");
    abort.abort(new Error("enough"));
    await expect(watched.synced).rejects.toThrow("enough");
  });
});

describe("a resource that may not be read", () => {
  test("is told once, with the rule that is missing, and read when it is allowed", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    put(api, "a/web", "one.example");
    const allow = api.forbid("list", INGRESSES);
    const { watched, told, heard } = follow(api, { clock });
    const { rule } = (await heard("forbidden")) as Extract<WatchTold, { kind: "forbidden" }>;
    expect(rule).toEqual({
      apiGroups: ["networking.k8s.io"],
      resources: ["ingresses"],
      verbs: ["get", "list", "watch"],
    });
    expect([watched.state, watched.isSynced]).toEqual(["forbidden", false]);
    clock.leap(76_000);
    await api.until(() => api.requests.length === 2);
    allow();
    clock.leap(76_000);
    await watched.synced;
    expect([watched.size, watched.state]).toEqual([1, "live"]);
    expect(told.filter(({ kind }) => kind === "forbidden").length).toBe(1);
  });

  test("is asked for again soon while refusals are new: a server that starts does not know its roles yet", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    const { watched, heard, has } = follow(api, { clock });
    await watched.synced;
    await following(api);
    const allow = api.forbid("watch", INGRESSES);
    api.endStreams();
    await heard("forbidden");
    allow();
    clock.leap(2_000);
    put(api, "a/web", "one.example");
    await has("a/web", "one.example");
  });
});

describe("a resource that the server does not have", () => {
  const custom: Resource<Ingress> = {
    group: "example.com",
    version: "v1",
    plural: "routes",
    kind: "Route",
    namespaced: true,
  };

  test("is empty until it appears, and empty again when it goes", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    const { watched, heard, until, has } = follow(api, { clock, resource: custom });
    await watched.synced;
    expect([watched.state, watched.size]).toEqual(["absent", 0]);
    api.serve(custom);
    put(api, "a/web", "one.example", custom);
    clock.leap(40_000);
    await heard("appeared");
    await has("a/web", "one.example");
    await following(api);
    api.withdraw(custom);
    await until(() => watched.size === 0);
    await heard("absent", 2);
    api.serve(custom);
    put(api, "a/web", "two.example", custom);
    clock.leap(40_000);
    await has("a/web", "two.example");
  });
});
