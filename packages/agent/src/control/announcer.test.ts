import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock } from "@warren/host/testing";
import { parseControl, Route, type ControlInput, type RouteInput } from "@warren/wire";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { Announcer } from "./announcer.ts";
import { AgentEvents } from "./events.ts";
import { Published, type Publication } from "./published.ts";
import { PART_BYTES, routesMessages } from "./route-messages.ts";
import { createTarget } from "./target.ts";

type Said = ControlInput & { type: "ingress_routes" };

function publication(given: Partial<RouteInput>): Publication {
  const route = v.parse(Route, { host: "a.test", service: "s", port: 80, ...given });
  return { route, targets: [createTarget({ host: "127.0.0.1", port: 80 })] };
}

function joined() {
  const clock = virtualClock();
  const log = recordingLog();
  const published = new Published(() => 1_000 + clock.now());
  const said: Said[] = [];
  let ids = 0;
  const announcer = new Announcer({
    published,
    events: new AgentEvents(log, promMetrics()),
    clock,
    random: () => 0.5,
    send: (message) => said.push(message as Said) > 0,
    requestId: () => `r${++ids}`,
  });
  const ack = (n: number, payload: Record<string, unknown>) => {
    const text = { type: "ingress_routes_ack", request_id: said[n]!.request_id, payload };
    const parsed = parseControl(JSON.stringify(text));
    if (!parsed.ok) throw new Error("not an ack");
    announcer.onControl(parsed.message);
  };
  return { clock, log, published, said, announcer, ack };
}

const actions = (said: Said[]) => said.map(({ payload }) => payload.action);
const hosts = (said: Said) => said.payload.routes.map((route) => (route as Route).host);

describe("an announcer", () => {
  test("says a whole snapshot at each connect, also an empty one", () => {
    const { announcer, published, said } = joined();
    announcer.connected("c1");
    published.replace("config", [publication({})]);
    announcer.disconnected();
    published.change("config", [publication({ host: "b.test" })], []);
    announcer.connected("c1");
    expect(actions(said)).toEqual(["sync", "add", "sync"]);
    expect(said.map(hosts)).toEqual([[], ["a.test"], ["a.test", "b.test"]]);
    expect(said[2]!.payload).toMatchObject({ cluster_uuid: "c1", revision: published.revision });
  });

  test("says what was added, changed and withdrawn, with growing revisions", () => {
    const { announcer, published, said } = joined();
    announcer.connected("c1");
    published.replace("config", [publication({}), publication({ host: "b.test" })]);
    published.replace("config", [publication({ tls: true }), publication({ host: "c.test" })]);
    published.replace("config", [publication({ tls: true }), publication({ host: "c.test" })]);
    expect(actions(said)).toEqual(["sync", "add", "delete", "add", "update"]);
    const revisions = said.map(({ payload }) => payload.revision!);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect(hosts(said[2]!)).toEqual(["b.test"]);
  });

  test("offers a refused route again, ever more slowly, until it is taken", () => {
    const { announcer, published, said, clock, ack, log } = joined();
    published.replace("config", [publication({}), publication({ host: "b.test" })]);
    announcer.connected("c1");
    const refusal = { host: "b.test", path: "/", code: "host_taken", message: "held by x" };
    ack(0, { accepted: 1, rejected: [refusal] });
    expect(log.lines.at(-1)).toMatchObject({ level: "warn", fields: { host: "b.test" } });
    clock.advance(1_499);
    expect(said.length).toBe(1);
    clock.advance(1);
    expect(hosts(said[1]!)).toEqual(["b.test"]);
    ack(1, { accepted: 0, rejected: [refusal] });
    clock.advance(2_999);
    expect(said.length).toBe(2);
    clock.advance(1);
    ack(2, { accepted: 1, rejected: [] });
    clock.advance(10_000_000);
    expect(said.length).toBe(3);
  });

  test("a change of a refused route ends its retries", () => {
    const { announcer, published, said, clock, ack } = joined();
    published.replace("config", [publication({})]);
    announcer.connected("c1");
    ack(0, { accepted: 0, rejected: [{ host: "a.test", path: "/", code: "host_taken" }] });
    published.replace("config", []);
    ack(1, { accepted: 1, rejected: [] });
    clock.advance(10_000_000);
    expect(actions(said)).toEqual(["sync", "delete"]);
  });

  test("goes past a newer revision of another agent of its cluster", () => {
    const { announcer, published, said, ack } = joined();
    published.replace("config", [publication({})]);
    announcer.connected("c1");
    const stale = { host: "a.test", path: "/", code: "stale_revision" };
    ack(0, { revision: 5_000_000, accepted: 0, rejected: [stale] });
    expect(said[1]!.payload).toMatchObject({ action: "sync", revision: 5_000_001 });
  });

  test("says everything again when no answer comes", () => {
    const { announcer, said, clock } = joined();
    announcer.connected("c1");
    clock.advance(12_000);
    expect(actions(said)).toEqual(["sync", "sync"]);
  });
});

test("a large snapshot goes in parts below the limit, and the last says so", () => {
  const routes = Array.from(
    { length: 3_000 },
    (_, i) => publication({ host: `h${i}.test`, annotations: { note: "é".repeat(200) } }).route,
  );
  const parts = routesMessages("sync", routes, 7, "c1");
  expect(parts.length).toBeGreaterThan(2);
  for (const { message } of parts) {
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(PART_BYTES + 1_000);
  }
  expect(parts.map(({ message }) => message.payload.part?.last)).toEqual(
    parts.map((_, i) => i === parts.length - 1),
  );
  expect(parts.flatMap((part) => part.routes)).toEqual(routes);
});
