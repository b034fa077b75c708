import type { Association } from "@warren/tunnel";
import { CONTROL_BYTES, encodeControl, parseControl, type ControlInput } from "@warren/wire";
import type { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { memoryRegistry } from "../src/registry/memory.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { AgentMessages } from "../src/tunnels/agent-messages.ts";
import type { AgentIdentity } from "../src/tunnels/identity.ts";
import { systemClock } from "@warren/host";

/** One agent's messages, answered by a registry in memory; `hosts` is what its token allows. */
function kit(hosts: string[]) {
  const said: ControlInput[] = [];
  const ends: WireError[] = [];
  const heard = new Set<() => void>();
  const association = {
    identity: { clusterUuid: "c", group: "g", tokenId: "t", hosts, tcpAllowed: false },
    send: (message: ControlInput) => {
      said.push(message);
      for (const one of heard) one();
      return true;
    },
    end: (error: WireError) => void ends.push(error),
  } as unknown as Association<AgentIdentity>;
  const registry = memoryRegistry({
    clock: systemClock,
    wallClock: Date.now,
    ttlMs: 300_000,
    ports: undefined,
    quotas: NO_QUOTAS,
    kept: undefined,
    keep: undefined,
  });
  const messages = new AgentMessages({
    registry,
    timestamp: () => "",
    hasFellows: async () => false,
    onRoutes: () => {},
    onHeartbeat: () => {},
    onDraining: () => {},
    onFailure: (_one, _what, reason) => {
      throw reason;
    },
  });
  const answered = () =>
    new Promise<ControlInput>((resolve) => {
      const look = () => {
        const last = said.at(-1);
        if (last !== undefined) resolve(last);
      };
      heard.add(look);
      look();
    });
  return { messages, association, answered, ends, registry };
}

const routes = (count: number, path = "/") =>
  Array.from({ length: count }, (_, at) => ({
    host: `h${at}.${"x".repeat(50)}.test`,
    path,
    service: "s",
    port: 80,
  }));

test("an answer that rejects everything fits into a control message", async () => {
  const { messages, association, answered } = kit([]);
  const payload = { action: "sync" as const, revision: 1, routes: routes(20_000) };
  messages.hear(association, { type: "ingress_routes", payload }, 100);
  const ack = await answered();
  expect(encodeControl(ack, "").length).toBeLessThan(CONTROL_BYTES);
  expect(ack.payload).toMatchObject({ accepted: 0, revision: 1 });
});

test("an answer that rejects a route with a long path can be read", async () => {
  const { messages, association, answered } = kit([]);
  const payload = { action: "add" as const, routes: routes(1, `/${"p".repeat(1_000)}`) };
  messages.hear(association, { type: "ingress_routes", payload }, 100);
  expect(parseControl(encodeControl(await answered(), ""))).toMatchObject({ ok: true });
});

test("an agent that says more than can be answered is closed", () => {
  const { messages, association, ends } = kit([]);
  for (let i = 0; i < 10_000 && ends.length === 0; i++)
    messages.hear(
      association,
      { type: "ingress_routes", payload: { action: "add", routes: [] } },
      100,
    );
  expect(ends[0]?.code).toBe("protocol_error");
});

test("one whose few messages are huge is closed before they are many", () => {
  const { messages, association, ends } = kit([]);
  const payload = { action: "add" as const, routes: [] };
  let sent = 0;
  for (; ends.length === 0; sent++)
    messages.hear(association, { type: "ingress_routes", payload }, CONTROL_BYTES);
  expect(sent).toBe(65);
  expect(ends[0]?.code).toBe("protocol_error");
});

test("a large snapshot lets others have their turn", async () => {
  const { messages, association, answered } = kit(["**.test"]);
  let turns = 0;
  const count = () => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const payload = { action: "sync" as const, revision: 1, routes: routes(10_000) };
  messages.hear(association, { type: "ingress_routes", payload }, 100);
  await answered();
  clearImmediate(timer);
  expect(turns).toBeGreaterThan(5);
});
