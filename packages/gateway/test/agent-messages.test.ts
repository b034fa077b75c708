import type { Association } from "@warren/tunnel";
import { CONTROL_BYTES, encodeControl, parseControl, type ControlInput } from "@warren/wire";
import type { IngressRoutes, WireError } from "@warren/wire";
import type * as v from "valibot";
import { describe, expect, test } from "vitest";
import type { RouteChange } from "../src/ports.ts";
import { memoryRegistry } from "../src/registry/memory.ts";
import { NO_QUOTAS, type Quotas } from "../src/registry/quotas.ts";
import { AgentMessages } from "../src/tunnels/agent-messages.ts";
import type { EndpointJudge } from "../src/tunnels/judged-endpoints.ts";
import type { AgentIdentity } from "../src/tunnels/identity.ts";
import { systemClock } from "@warren/host";
import { Waiting } from "@warren/host/testing";

interface Settings {
  endpoints: EndpointJudge | undefined;
  mostRoutes: number;
  mostLength: number;
  quotas: Quotas;
  /** Messages are applied only after this. */
  gate: Promise<void>;
}

/** A host that a cluster has beside what its token allows. */
const PROVED = "proved.test";

/** Messages of a cluster's agents, answered by a registry in memory; `hosts` is what its token allows. */
function kit(hosts: string[], settings: Partial<Settings> = {}) {
  const registry = memoryRegistry({
    clock: systemClock,
    wallClock: Date.now,
    ttlMs: 300_000,
    ports: undefined,
    quotas: settings.quotas ?? NO_QUOTAS,
    kept: undefined,
    keep: undefined,
  });
  const changes: RouteChange[] = [];
  const messages = new AgentMessages({
    registry: {
      renew: (uuid) => registry.renew(uuid),
      revision: (uuid) => registry.revision(uuid),
      apply: async (change) => {
        await settings.gate;
        changes.push(change);
        return registry.apply(change);
      },
    },
    endpoints: settings.endpoints,
    mostRoutes: settings.mostRoutes ?? 10_000,
    mostLength: settings.mostLength ?? 16_777_216,
    timestamp: () => "",
    hasFellows: async () => false,
    hosts: {
      admit: async ({ hosts: allowed }, routes) => {
        return { routes, refused: [], allowed: [...allowed, PROVED], isBorrowed: () => false };
      },
      published: async () => {},
      heard: async () => ({ accepted: 0, rejected: [] }),
    },
    onKind: () => {},
    onRoutes: () => {},
    onHeartbeat: () => {},
    onReady: () => {},
    onDraining: () => {},
    onFailure: (_one, _what, reason) => {
      throw reason;
    },
  });
  return {
    ...agentOf(messages, hosts),
    another: () => agentOf(messages, hosts),
    registry,
    changes,
  };
}

function agentOf(messages: AgentMessages, hosts: string[]) {
  const said: ControlInput[] = [];
  const ends: WireError[] = [];
  const waiting = new Waiting();
  const association = {
    identity: { clusterUuid: "c", group: "g", tokenId: "t", hosts, tcpAllowed: false },
    send: (message: ControlInput) => {
      said.push(message);
      waiting.look();
      return true;
    },
    end: (error: WireError) => void ends.push(error),
  } as unknown as Association<AgentIdentity>;
  const answers = (count: number) => waiting.until(() => said.length >= count && said);
  const answered = async () => (await answers(1)).at(-1)!;
  const say = (payload: v.InferInput<typeof IngressRoutes>) => {
    const text = encodeControl({ type: "ingress_routes", payload }, "");
    const parsed = parseControl(text);
    if (!parsed.ok) throw new Error("not a message");
    messages.hear(association, parsed.message, text);
  };
  return { say, answered, answers, ends, leave: () => messages.forget(association) };
}

const routes = (count: number, path = "/") =>
  Array.from({ length: count }, (_, at) => ({
    host: `h${at}.${"x".repeat(50)}.test`,
    path,
    service: "s",
    port: 80,
  }));

test("an answer that rejects everything fits into a control message", async () => {
  const { say, answered } = kit([]);
  const payload = { action: "sync" as const, revision: 1, routes: routes(9_000) };
  say(payload);
  const ack = await answered();
  expect(encodeControl(ack, "").length).toBeLessThan(CONTROL_BYTES);
  expect(ack.payload).toMatchObject({ accepted: 0, revision: 1 });
});

test("an answer that rejects a route with a long path can be read", async () => {
  const { say, answered } = kit([]);
  const payload = { action: "add" as const, routes: routes(1, `/${"p".repeat(1_000)}`) };
  say(payload);
  expect(parseControl(encodeControl(await answered(), ""))).toMatchObject({ ok: true });
});

test("who takes a route away may have the others as before", async () => {
  const { say, answers, changes } = kit([]);
  say({ action: "add", routes: [{ host: PROVED, path: "/", service: "s", port: 80 }] });
  say({ action: "delete", routes: routes(1) });
  await answers(2);
  expect(changes.map(({ allowed }) => allowed)).toEqual([[PROVED], [PROVED]]);
});

test("an agent that says more than can be answered is closed", () => {
  const { say, ends } = kit([]);
  for (let i = 0; i < 10_000 && ends.length === 0; i++) say({ action: "add", routes: [] });
  expect(ends[0]?.code).toBe("protocol_error");
});

test("a large snapshot lets others have their turn", async () => {
  const { say, answered } = kit(["**.test"]);
  let turns = 0;
  const count = () => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const payload = { action: "sync" as const, revision: 1, routes: routes(9_000) };
  say(payload);
  await answered();
  clearImmediate(timer);
  expect(turns).toBeGreaterThan(5);
});

/** A part of a snapshot with one route, of about so many characters. */
const part = (index: number, { last = false, length = 0, host = `h${index}.test` } = {}) => ({
  action: "sync" as const,
  revision: 2,
  part: { index, last },
  routes: [{ host, service: "s", port: 80, annotations: { note: "x".repeat(length) } }],
});
const acksOf = (said: ControlInput[]) => said.map(({ type, payload }) => ({ type, ...payload }));

describe("an agent that says too much", () => {
  test("over its quota loses that, and nothing else", async () => {
    const { say, answered, registry } = kit(["**.test"], {
      mostRoutes: 2,
      quotas: { ...NO_QUOTAS, clusterRoutes: 2 },
    });
    for (const index of [0, 1, 2, 3]) say(part(index));
    say(part(4, { last: true }));
    expect(await answered()).toMatchObject({
      type: "ingress_routes_ack",
      payload: {
        accepted: 2,
        rejected: ["h4.test", "h2.test", "h3.test"].map((host) => ({
          host,
          code: "quota_exceeded",
        })),
      },
    });
    expect(await registry.routes({ after: undefined, limit: 9 })).toHaveLength(2);
  });

  test("in entries of nothing costs no more than it may have routes", async () => {
    const { say, answered } = kit(["**.test"], { mostRoutes: 1_000 });
    const started = performance.now();
    say({ action: "sync", revision: 1, routes: Array.from({ length: 300_000 }, () => ({})) });
    const { payload } = await answered();
    expect(payload).toMatchObject({ accepted: 0 });
    expect((payload as { rejected: unknown[] }).rejected).toHaveLength(500);
    // 2,000 of them were looked at; all of them take ten times as long as this, on any machine.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("in parts keeps those that fit, hears which do not, and has nothing taken away", async () => {
    const { say, answers, registry } = kit(["**.test"], { mostLength: 2_400 });
    const before = { host: "before.test", service: "s", port: 80 };
    say({ action: "sync", revision: 1, routes: [before] });
    await answers(1);
    for (const index of [0, 1, 2]) say(part(index, { length: 800 }));
    say(part(3, { last: true }));
    const [, ack] = acksOf(await answers(2));
    const rejected = [{ host: "h2.test", code: "overloaded" }];
    expect(ack).toMatchObject({ type: "ingress_routes_ack", accepted: 3, rejected });
    const hosts = (await registry.routes({ after: undefined, limit: 9 })).map(
      ({ route }) => route.host,
    );
    expect(hosts).toEqual(["before.test", "h0.test", "h1.test", "h3.test"]);
  });

  test("at once is told to say it again, and can once there is room", async () => {
    const gate = Promise.withResolvers<void>();
    const { say, answers } = kit(["**.test"], { mostLength: 1_000, gate: gate.promise });
    for (let i = 0; i < 20; i++) say({ action: "add", routes: routes(1) });
    gate.resolve();
    const said = acksOf(await answers(20));
    expect(said.slice(0, 5).every(({ type }) => type === "ingress_routes_ack")).toBe(true);
    expect(said.at(-1)).toMatchObject({ type: "error", code: "overloaded", retry_after_ms: 2_000 });
    say({ action: "add", routes: routes(1) });
    expect(acksOf(await answers(21)).at(-1)).toMatchObject({ accepted: 1 });
  });

  test("with many tunnels is held to four times as much, until they are gone", async () => {
    const payload = part(0, { length: 1_000 }); // and never the last
    const { length: mostLength } = encodeControl({ type: "ingress_routes", payload }, "");
    const first = kit(["**.test"], { mostLength });
    const agents = [first, ...Array.from({ length: 9 }, first.another)];
    for (const agent of agents) agent.say(payload);
    const late = first.another();
    late.say({ action: "add", routes: routes(1) });
    expect(await late.answered()).toMatchObject({ payload: { code: "overloaded" } });
    for (const agent of agents) agent.leave();
    late.say({ action: "add", routes: routes(1) });
    expect((await late.answers(2))[1]).toMatchObject({ payload: { accepted: 1 } });
  });
});
