import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "@warren/host";
import type { PrivateRedis } from "@warren/host/testing";
import { routeKey } from "@warren/wire";
import type { Registry, TunnelPlace } from "../src/ports.ts";
import { eventually, HAS_REDIS, singleRedis, type RedisBackend } from "./_redis-kit.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { open, ready } from "./_redis-registry.ts";
import { found } from "./_registry-facts.ts";
import { asked, change, route, services } from "./_routes-kit.ts";

const on = (...hosts: string[]) => hosts.map((host) => route({ host }));
const paths = (...all: string[]) => all.map((path) => route({ host: "a.example.com", path }));
const LONG_MS = 300_000;

describe.skipIf(!HAS_REDIS)("a registry on Redis", () => {
  let backend: RedisBackend;
  let server: PrivateRedis;
  let here: Registry;
  let there: Registry;
  beforeEach(async () => {
    backend = await singleRedis();
    server = backend.servers[0]!;
    const lives = { ttlMs: LONG_MS, directoryTtlMs: 30_000 };
    here = open(backend, lives);
    there = open(backend, lives);
    await Promise.all([ready(here), ready(there)]);
  });
  afterEach(async () => {
    await Promise.all([here, there].map((one) => one[Symbol.asyncDispose]()));
    await backend[Symbol.asyncDispose]();
  });

  const string = async (key: string) => {
    const text = (await server.command("GET", key)) as string | null;
    return text === null ? undefined : (JSON.parse(text) as Record<string, unknown>);
  };

  test("says when Redis is away, and when it is back", async () => {
    const said: string[] = [];
    const say = (what: string) => void (said.at(-1) !== what && said.push(what));
    const watched = open(backend, { failed: () => say("away"), answered: () => say("back") });
    await ready(watched);
    await server.kill();
    await eventually(async () => said.at(-1) === "away");
    await server.restart();
    await eventually(async () => said.at(-1) === "back");
    await watched[Symbol.asyncDispose]();
  });

  test("writes a string per host and path, with a life of five minutes", async () => {
    const published = route({
      host: "example.com",
      service: "web",
      namespace: "shop",
      port: 8080,
      tls: true,
      ingress_name: "front",
    });
    await here.apply(change({ revision: 4, routes: [published] }));
    const said = await string("route:example.com:/");
    expect(said).toEqual({
      Host: "example.com",
      Path: "/",
      ClusterUUID: "c1",
      ServiceName: "web",
      Namespace: "shop",
      Port: 8080,
      TLS: true,
      UpdatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      entries: [{ cluster: "c1", path_type: "Prefix", ingress: "front", revision: 4 }],
      Version: expect.any(Number) as number,
    });
    const left = Number(await server.command("PTTL", "route:example.com:/"));
    expect(left).toBeGreaterThan(LONG_MS - 20_000);
    expect(left).toBeLessThanOrEqual(LONG_MS);
  });

  test("keeps the string to the entry that comes first, and removes it with the last", async () => {
    const shared = { group: "g", routes: on("a.test") };
    await here.apply(change({ ...shared, clusterUuid: "c1", revision: 1 }));
    await there.apply(change({ ...shared, clusterUuid: "c2", revision: 1 }));
    expect(await string("route:a.test:/")).toMatchObject({
      ClusterUUID: "c1",
      entries: [{ cluster: "c1" }, { cluster: "c2" }],
    });
    await here.apply(change({ group: "g", revision: 2 }));
    expect(await string("route:a.test:/")).toMatchObject({ ClusterUUID: "c2" });
    await there.apply(change({ group: "g", clusterUuid: "c2", revision: 2 }));
    expect(await string("route:a.test:/")).toBeUndefined();
  });

  test("reads once for a host and then answers out of memory", async () => {
    await here.apply(change({ routes: on("a.test") }));
    const first = there.lookup(asked("a.test"));
    expect(first).toBeInstanceOf(Promise);
    expect(services(await first)).toEqual(["c1/web"]);
    // What was published may still be on its way to be heard there, and is then read once more.
    await eventually(async () => !(there.lookup(asked("a.test", "/x")) instanceof Promise));
    // An unknown host is remembered so briefly here that a loaded machine may need another look.
    let again: unknown;
    await eventually(async () => {
      await there.lookup(asked("none.test"));
      return !((again = there.lookup(asked("none.test"))) instanceof Promise);
    });
    expect(again).toEqual(expect.objectContaining({ refused: "no_route" }));
  });

  test("goes on while Redis is dead: known hosts serve, new ones wait and are told so", async () => {
    await here.apply(change({ revision: 1, routes: on("a.test") }));
    await there.apply(change({ clusterUuid: "c2", revision: 1, routes: on("b.test") }));
    await found(here, "b.test");
    await server.kill();
    await eventually(async () => (await found(here, "new.test")) === "overloaded");
    expect(await found(here, "a.test")).toEqual(["c1/web"]);
    expect(await found(here, "b.test")).toEqual(["c2/web"]);
    expect(await here.renew("c1")).toBe(1);
    const moved = route({ host: "a.test", service: "moved" });
    const verdict = await here.apply(change({ revision: 2, routes: [moved, ...on("new.test")] }));
    expect([verdict.accepted, verdict.rejected]).toMatchObject([
      1,
      [{ host: "new.test", code: "overloaded" }],
    ]);
    expect(await found(here, "a.test")).toEqual(["c1/moved"]);

    await server.restart();
    await eventually(async () => String(await found(there, "a.test")) === "c1/moved");
    expect(await string("route:a.test:/")).toMatchObject({ ServiceName: "moved" });
    await eventually(async () => (await string("route:b.test:/")) !== undefined);
    const again = await here.apply(change({ revision: 2, routes: [moved, ...on("new.test")] }));
    expect(again.rejected).toEqual([]);
    expect(await found(there, "new.test")).toEqual(["c1/web"]);
  });

  test("starts without Redis and finds it later", async () => {
    await server.kill();
    await using late = open(backend);
    expect(await found(late, "a.test")).toBe("overloaded");
    expect((await late.apply(change({ routes: on("a.test") }))).rejected).toMatchObject([
      { code: "overloaded" },
    ]);
    await server.restart();
    await ready(late);
    expect((await late.apply(change({ routes: on("a.test") }))).rejected).toEqual([]);
  });

  test("loses nothing when Redis is flushed, and answers no request with 404 meanwhile", async () => {
    await here.apply(change({ revision: 1, routes: on("a.test", "*.b.test") }));
    await here.setOnline("c1", true);
    await here.revocations.revoke("t1");
    const place = tunnelPlace();
    await here.directory.announceTunnel(place);
    await server.command("FLUSHALL");
    // Never asked for there, so that no copy in memory helps.
    expect(await found(there, "a.test")).toEqual(["c1/web"]);
    expect(await found(there, "x.b.test")).toEqual(["c1/web"]);
    await eventually(async () => (await server.command("SISMEMBER", "warren:revoked", "t1")) === 1);
    await eventually(async () => (await there.directory.tunnel("t")) !== undefined);
    expect(await there.directory.tunnelsOf("c1")).toEqual([place]);
    await eventually(async () => there.presence("c1")?.online === true);
    expect((await there.claims()).map(({ host }) => host)).toEqual(["*.b.test", "a.test"]);
    await eventually(async () => (await string("route:a.test:/")) !== undefined);
  });

  test("answers within its deadline when Redis hangs", async () => {
    await using quick = open(backend, { commandMs: 100 });
    await ready(quick);
    await here.apply(change({ routes: on("a.test") }));
    await found(quick, "a.test");
    server.freeze();
    try {
      const started = performance.now();
      expect(await found(quick, "new.test")).toBe("overloaded");
      expect(performance.now() - started).toBeLessThan(1_000);
      expect(await found(quick, "a.test")).toEqual(["c1/web"]);
      expect(quick.lookup(asked("new.test"))).toMatchObject({ refused: "overloaded" });
    } finally {
      server.thaw();
    }
    await eventually(async () => (await found(quick, "new.test")) === "no_route");
  });

  test("finds out what it did not hear", async () => {
    await here.apply(change({ revision: 1, routes: on("a.test") }));
    await found(there, "a.test");
    // Messages keep their order: once this one is heard, none about the host is still on its way.
    await here.setOnline("fence", true);
    await eventually(async () => there.presence("fence") !== undefined);
    expect(await found(there, "a.test")).toEqual(["c1/web"]);
    // What a change leaves behind whose message reached nobody.
    const moved = route({ host: "a.test", service: "moved" });
    const key = "warren:host:{a.test}";
    await server.command("HSET", key, `r c1 ${routeKey(route({}))}`, JSON.stringify(moved));
    await server.command("HINCRBY", key, "v", "1");
    await server.command("HINCRBY", "warren:version", "n", "1");
    await eventually(async () => String(await found(there, "a.test")) === "c1/moved");
  });

  test("lets a newer snapshot win over an older one that is being written elsewhere", async () => {
    for (let round = 0; round < 20; round += 1) {
      const older = Array.from({ length: 12 }, (_, n) => `old${n}.test`);
      const newer = Array.from({ length: 4 }, (_, n) => `new${n}.test`);
      await Promise.all([
        here.apply(change({ revision: 2 * round + 1, routes: on(...older) })),
        there.apply(change({ revision: 2 * round + 2, routes: on(...newer) })),
      ]);
      const hosts = (await here.routes({ after: undefined, limit: 100 })).map(
        (one) => one.route.host,
      );
      expect(hosts.toSorted()).toEqual(newer);
    }
  });

  test("forgets what a dead gateway said", async () => {
    const lives = { directoryTtlMs: 600 };
    const dying = open(backend, lives);
    await using living = open(backend, lives);
    await Promise.all([ready(dying), ready(living)]);
    await dying.directory.announceGateway({ gatewayId: "dying", agentUrl: "", peerUrl: "" });
    const place = tunnelPlace();
    await dying.directory.announceTunnel(place);
    await dying.setOnline("c1", true);
    await eventually(async () => living.presence("c1")?.online === true);
    await eventually(async () => (await living.directory.tunnelsOf("c1")).length === 1);
    await dying[Symbol.asyncDispose]();
    await eventually(async () => (await living.directory.gateways()).length === 0);
    await eventually(async () => (await living.directory.tunnelsOf("c1")).length === 0);
    await eventually(async () => living.presence("c1")?.online !== true);
  });

  test("does not pretend that others heard of a revocation", async () => {
    await server.kill();
    await expect(here.revocations.revoke("t1")).rejects.toThrow();
    await server.restart();
    await eventually(async () => there.revocations.isRevoked("t1"));
  });

  test("a revocation that failed closes tunnels elsewhere and frees hosts when it is said again", async () => {
    await here.apply(change({ routes: on("a.example.com"), tokenId: "t1" }));
    const heard: string[] = [];
    there.revocations.onRevoked((tokenId) => heard.push(tokenId));
    server.freeze();
    await expect(here.revocations.revoke("t1")).rejects.toThrow();
    server.thaw();
    await eventually(async () => (await here.claims()).length === 1);
    await here.revocations.revoke("t1");
    expect(await here.claims()).toEqual([]);
    await eventually(async () => heard.includes("t1"));
  });

  test("outlives words on its channel that nobody can read", async () => {
    for (const junk of ["", "{", "7", "null", '"text"']) {
      await server.command("PUBLISH", "warren:changes", junk);
    }
    await here.apply(change({ routes: on("a.example.com") }));
    await eventually(async () => String(await found(there, "a.example.com")) === "c1/web");
  });

  test("holds quotas while Redis is dead, and after it", async () => {
    const held = open(backend, { ttlMs: LONG_MS, quotas: { ...NO_QUOTAS, clusterRoutes: 3 } });
    await ready(held);
    await held.apply(change({ revision: 1, routes: paths("/1", "/2") }));
    await server.kill();
    const add = change({ action: "add", revision: 2, routes: paths("/2", "/3", "/4") });
    expect((await held.apply(add)).rejected).toMatchObject([
      { path: "/4", code: "quota_exceeded" },
    ]);
    await server.restart();
    const count = async () => (await held.routes({ after: undefined, limit: 9 })).length;
    await eventually(() =>
      count().then(
        (routes) => routes === 3,
        () => false,
      ),
    );
    const again = await held.apply({ ...add, revision: 3 });
    expect(again.rejected).toMatchObject([{ path: "/4", code: "quota_exceeded" }]);
    await held[Symbol.asyncDispose]();
  });

  test("a group that is said to hold what nobody holds is counted anew", async () => {
    let late = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + late };
    const held = open(backend, { clock, quotas: { ...NO_QUOTAS, groupClaims: 2 } });
    await ready(held);
    // As a gateway leaves them that died between naming and claiming.
    await server.command("SADD", "warren:claims:{c1}", "ghost.example.com", "ghoul.example.com");
    const publish = async () => {
      const { rejected } = await held.apply(change({ routes: on("a.example.com") }));
      return rejected.map(({ code }) => code);
    };
    expect(await publish()).toEqual(["quota_exceeded"]);
    late += 61_000;
    expect(await publish()).toEqual([]);
    await held[Symbol.asyncDispose]();
  });

  test("a port that the range has lost is not given again", async () => {
    const db = [route({ host: "", kind: "tcp", service: "db" })];
    expect(Object.values((await here.apply(change({ routes: db }))).ports)).toEqual([7000]);
    const moved = open(backend, { ports: { from: 7100, to: 7101 } });
    await ready(moved);
    const { ports } = await moved.apply(change({ routes: db }));
    expect(Object.values(ports)).toEqual([7100]);
    await moved[Symbol.asyncDispose]();
  });

  test("goes to the new master when the one it is connected to has become a replica", async () => {
    const heir = await singleRedis();
    let master = server.port;
    const name = createServer((socket) => {
      const to = connect(master, "127.0.0.1");
      pipeline(socket, to, socket, () => {});
    }).listen(0, "127.0.0.1");
    await once(name, "listening");
    const { port } = name.address() as AddressInfo;
    const moving = open({
      ...backend,
      place: { kind: "single", url: `redis://127.0.0.1:${port}` },
    });
    await ready(moving);
    master = heir.servers[0]!.port;
    await server.command("REPLICAOF", "127.0.0.1", String(master));
    await eventually(async () => {
      const { rejected } = await moving.apply(change({ routes: on("a.example.com") }));
      const text = await heir.servers[0]!.command("EXISTS", "route:a.example.com:/");
      return rejected.length === 0 && text === 1;
    });
    await moving[Symbol.asyncDispose]();
    name.close();
    await heir[Symbol.asyncDispose]();
  });
});

function tunnelPlace(): TunnelPlace {
  const rates = { cluster: undefined, client: undefined };
  return { tunnelId: "t", clusterUuid: "c1", agentId: "a", gatewayId: "g", peerUrl: "", rates };
}
