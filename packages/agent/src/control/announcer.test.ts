import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock } from "@warren/host/testing";
import { parseControl, Route, routeKey, type ControlInput, type RouteInput } from "@warren/wire";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { Announcer } from "./announcer.ts";
import { ControlEvents } from "./control-events.ts";
import { Published, type Publication } from "../published.ts";
import { PART_BYTES, routesMessages } from "./route-messages.ts";
import { createTarget } from "../target.ts";
import type { Verdict } from "../verdicts.ts";
import { clockVoice, type Voice } from "../voice.ts";

type Said = ControlInput & { type: "ingress_routes" };

function publication(given: Partial<RouteInput>): Publication {
  const route = v.parse(Route, { host: "a.test", service: "s", port: 80, ...given });
  return { route, targets: [createTarget({ host: "127.0.0.1", port: 80 })] };
}

function joined(voice?: Voice) {
  const clock = virtualClock();
  const log = recordingLog();
  const published = new Published(voice ?? clockVoice(() => 1_000 + clock.now()));
  const said: Said[] = [];
  const link = { up: false };
  const announcer = new Announcer({
    published,
    events: new ControlEvents(log, promMetrics(), { onPort: undefined, onPublished: undefined }),
    clock,
    random: () => 0.5,
    send: (message) => link.up && said.push(message as Said) > 0,
  });
  const up = () => {
    link.up = true;
    announcer.up(false);
  };
  const down = () => {
    link.up = false;
    announcer.down();
  };
  const ack = (n: number, payload: Record<string, unknown>) => {
    const text = { type: "ingress_routes_ack", request_id: said[n]!.request_id, payload };
    const parsed = parseControl(JSON.stringify(text));
    if (!parsed.ok || parsed.message.type !== "ingress_routes_ack") throw new Error("not an ack");
    announcer.acknowledged(parsed.message.request_id, parsed.message.payload);
  };
  return { announcer, clock, log, link, published, said, up, down, ack };
}

const actions = (said: Said[]) => said.map(({ payload }) => payload.action);
const hosts = (said: Said) => said.payload.routes.map((route) => (route as Route).host);

describe("an announcer", () => {
  test("says a whole snapshot at each connect, also an empty one", () => {
    const { up, down, published, said } = joined();
    up();
    published.replace("config", [publication({})]);
    down();
    published.change("config", [publication({ host: "b.test" })], []);
    up();
    expect(actions(said)).toEqual(["sync", "add", "sync"]);
    expect(said.map(hosts)).toEqual([[], ["a.test"], ["a.test", "b.test"]]);
    expect(said[2]!.payload).toMatchObject({ revision: published.voice.revision });
  });

  test("keeps back what a gateway of an earlier release would serve past a rule of its host", () => {
    const { announcer, link, published, said, ack } = joined();
    link.up = true;
    announcer.up(false, ["resume", "certificates"]);
    ack(0, { accepted: 0, rejected: [] });
    const plain = [{ host: "open.test" }, { host: "a.test", path: "/" }, { host: "*.test" }];
    published.replace("config", plain.map(publication));
    expect(said.map(hosts)).toEqual([[], ["open.test", "a.test", "*.test"]]);
    ack(1, { accepted: 3, rejected: [] });
    const closed = publication({ host: "a.test", path: "/in", policy: { deny: ["10.0.0.0/8"] } });
    published.change("config", [closed], []);
    expect(actions(said)).toEqual(["sync", "sync", "sync"]);
    expect(hosts(said[2]!)).toEqual(["open.test"]);
    for (const { route } of [closed, publication(plain[1]!), publication(plain[2]!)])
      expect(published.verdicts.get(routeKey(route))).toMatchObject({ refused: "not_implemented" });
    ack(2, { accepted: 1, rejected: [] });
    announcer.down();
    announcer.up(false);
    expect(hosts(said[3]!)).toEqual(["open.test", "a.test", "*.test", "a.test"]);
  });

  test("says at a resume what changed meanwhile, as one snapshot", () => {
    const { announcer, up, down, link, published, said, ack } = joined();
    up();
    ack(0, { accepted: 0, rejected: [] });
    down();
    for (let n = 0; n < 1_000; n++)
      published.replace("config", [publication({ host: `h${n}.test` })]);
    expect(said.length).toBe(1);
    link.up = true;
    announcer.up(true);
    expect(actions(said)).toEqual(["sync", "sync"]);
    expect(hosts(said[1]!)).toEqual(["h999.test"]);
  });

  test("stops saying changes to a gateway that answers none, and says a snapshot when it does", () => {
    const { up, published, said, ack } = joined();
    up();
    for (let n = 0; n < 1_000; n++)
      published.change("config", [publication({ host: `h${n}.test` })], []);
    expect(said.length).toBe(256);
    for (let n = 0; n < 256; n++) ack(n, { accepted: 0, rejected: [] });
    expect(actions(said).slice(255)).toEqual(["add", "sync"]);
    expect(hosts(said.at(-1)!).length).toBe(1_000);
  });

  test("says what was added, changed and withdrawn, with growing revisions", () => {
    const { up, published, said } = joined();
    up();
    published.replace("config", [publication({}), publication({ host: "b.test" })]);
    published.replace("config", [publication({ tls: true }), publication({ host: "c.test" })]);
    published.replace("config", [publication({ tls: true }), publication({ host: "c.test" })]);
    expect(actions(said)).toEqual(["sync", "add", "delete", "add", "update"]);
    const revisions = said.map(({ payload }) => payload.revision!);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect(hosts(said[2]!)).toEqual(["b.test"]);
  });

  test("takes everything back, and says nothing after it", async () => {
    const { announcer, up, down, published, said, clock, ack } = joined();
    published.replace("config", [publication({})]);
    up();
    const withdrawn = announcer.withdraw();
    const { revision } = published.voice;
    expect(revision).toBeGreaterThan(said[0]!.payload.revision!);
    expect(said.slice(1).map(({ payload }) => payload)).toEqual([
      { action: "sync", revision, routes: [] },
    ]);
    ack(1, {
      revision: revision + 9,
      accepted: 0,
      rejected: [{ host: "", path: "", code: "stale_revision" }],
    });
    await withdrawn;
    published.change("config", [publication({ host: "b.test" })], []);
    down();
    up();
    clock.advance(300_000);
    expect(said.length).toBe(2);
  });

  test.each(["lost", "not there"])(
    "does not wait for an answer when the tunnel is %s",
    async (how) => {
      const { announcer, up, down } = joined();
      if (how === "lost") up();
      const withdrawn = announcer.withdraw();
      if (how === "lost") down();
      await expect(withdrawn).resolves.toBeUndefined();
    },
  );

  test("offers a refused route again, ever more slowly, until it is taken", () => {
    const { up, published, said, clock, ack, log } = joined();
    published.replace("config", [publication({}), publication({ host: "b.test" })]);
    up();
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
    clock.advance(100_000);
    expect(said.length).toBe(3);
  });

  test("a change of a refused route ends its retries", () => {
    const { up, published, said, clock, ack } = joined();
    published.replace("config", [publication({})]);
    up();
    ack(0, { accepted: 0, rejected: [{ host: "a.test", path: "/", code: "host_taken" }] });
    published.replace("config", []);
    ack(1, { accepted: 1, rejected: [] });
    clock.advance(100_000);
    expect(actions(said)).toEqual(["sync", "delete"]);
  });

  test("goes past a newer revision of another agent of its cluster", () => {
    const { up, published, said, ack } = joined();
    published.replace("config", [publication({})]);
    up();
    const stale = { host: "a.test", path: "/", code: "stale_revision" };
    ack(0, { revision: 5_000_000, accepted: 0, rejected: [stale] });
    expect(said[1]!.payload).toMatchObject({ action: "sync", revision: 5_000_001 });
  });

  test("says everything again when no answer comes", () => {
    const { up, said, clock } = joined();
    up();
    clock.advance(12_000);
    expect(actions(said)).toEqual(["sync", "sync"]);
  });
});

/** A voice that a test hands on. */
function handedVoice() {
  const heard = new Set<(speaks: boolean) => void>();
  const voice = {
    ...clockVoice(() => 1),
    speaks: false,
    onChange(listener: (speaks: boolean) => void) {
      heard.add(listener);
      return () => heard.delete(listener);
    },
  };
  const hand = (speaks: boolean) => {
    voice.speaks = speaks;
    for (const listener of heard) listener(speaks);
  };
  return { voice, hand };
}

describe("an announcer of a follower", () => {
  test("says nothing, whatever changes, and takes nothing back", async () => {
    const { voice } = handedVoice();
    const { announcer, up, published, said, clock } = joined(voice);
    up();
    published.replace("kube:ingress", [publication({})]);
    clock.advance(600_000);
    await announcer.withdraw();
    expect(said).toEqual([]);
  });

  test("says everything when it begins to speak, and every four minutes", () => {
    const { voice, hand } = handedVoice();
    const { up, published, said, clock, ack } = joined(voice);
    up();
    published.replace("kube:ingress", [publication({})]);
    hand(true);
    expect(said.map(hosts)).toEqual([["a.test"]]);
    ack(0, { accepted: 1, rejected: [] });
    clock.advance(240_000);
    expect(actions(said)).toEqual(["sync", "sync"]);
  });

  test("is silent from the turn in which another one leads, also about what was refused", () => {
    const { voice, hand } = handedVoice();
    const { up, published, said, clock, ack } = joined(voice);
    published.replace("kube:ingress", [publication({})]);
    hand(true);
    up();
    ack(0, { accepted: 0, rejected: [{ host: "a.test", path: "/", code: "host_taken" }] });
    hand(false);
    published.change("kube:ingress", [publication({ host: "b.test" })], []);
    clock.advance(600_000);
    expect(said.length).toBe(1);
  });

  test("that begins to speak while its tunnel is away says everything at the resume", () => {
    const { voice, hand } = handedVoice();
    const { announcer, up, down, link, said } = joined(voice);
    up();
    down();
    hand(true);
    link.up = true;
    announcer.up(true);
    expect(actions(said)).toEqual(["sync"]);
  });

  test("waits when it may not go past a newer revision", () => {
    const { voice, hand } = handedVoice();
    const { up, said, ack } = joined({ ...voice, speaks: true, surpass: () => false });
    up();
    const stale = { host: "", path: "", code: "stale_revision" };
    ack(0, { revision: 5_000, accepted: 0, rejected: [stale] });
    expect(said.length).toBe(1);
    hand(true);
    expect(said.length).toBe(2);
  });
});

/** One whose verdicts are written down. */
function heard() {
  const one = joined();
  const told: [string, Verdict | undefined][] = [];
  one.published.verdicts.onVerdict((about, verdict) => told.push([about, verdict]));
  return { ...one, told };
}

const taken = { host: "a.test", path: "/", code: "host_taken", message: "held by x" };
const refusal = (host: string) => ({ ...taken, host });

describe("the verdict on a route", () => {
  const key = "default/s a.test Prefix /";

  test("is told with each answer that is news, and again after a change", () => {
    const { up, published, ack, told, clock } = heard();
    published.replace("kube:ingress", [publication({})]);
    up();
    ack(0, { accepted: 1, rejected: [] });
    clock.advance(240_000);
    ack(1, { accepted: 1, rejected: [] });
    expect(told).toEqual([[key, { accepted: true }]]);
    published.replace("kube:ingress", [publication({ tls: true })]);
    expect(published.verdicts.get(key)).toBeUndefined();
    ack(2, { accepted: 0, rejected: [taken] });
    expect(told[1]).toEqual([key, { refused: "host_taken", message: "held by x" }]);
  });

  test("says nothing of a route that has changed since it was said", () => {
    const { up, published, ack, told } = heard();
    published.replace("kube:ingress", [publication({})]);
    up();
    published.replace("kube:ingress", [publication({ tls: true })]);
    ack(0, { accepted: 1, rejected: [] });
    expect(told).toEqual([]);
  });

  test("is the same route's while a translator says the same again", () => {
    const { up, published, ack, told } = heard();
    published.replace("kube:ingress", [publication({})]);
    up();
    published.replace("kube:ingress", [publication({})]);
    ack(0, { accepted: 1, rejected: [] });
    expect(told).toEqual([[key, { accepted: true }]]);
  });

  test("of each of very many that a gateway refuses is asked for in pieces that it can name", () => {
    const { up, published, said, ack, told, clock, log } = heard();
    const all = Array.from({ length: 1_201 }, (_, n) => publication({ host: `h${n}.test` }));
    published.replace("kube:ingress", all);
    up();
    const answer = (n: number) => {
      const routes = hosts(said[n]!);
      // Two are taken; of the others the first five hundred are named.
      const [yes, no] = [routes.filter((host) => /^h[01].test/.test(host)), routes.slice(0)];
      const refused = no.filter((host) => !yes.includes(host)).map(refusal);
      ack(n, { accepted: yes.length, rejected: refused.slice(0, 500) });
    };
    answer(0);
    for (let n = 1; n < said.length; n++) {
      expect(hosts(said[n]!).length).toBeLessThanOrEqual(500);
      expect(said.length).toBe(n + 1);
      answer(n);
    }
    expect(told.length).toBe(1_201);
    expect(published.verdicts.refused).toBe(1_199);
    expect(told.filter(([, verdict]) => "accepted" in verdict!).map(([about]) => about)).toEqual([
      "default/s h0.test Prefix /",
      "default/s h1.test Prefix /",
    ]);
    expect(log.lines.filter(({ level }) => level === "warn").length).toBe(50);
    // The next snapshot, answered alike, is no news and asks nothing; refused ones come in pieces.
    const before = said.length;
    clock.advance(2_000);
    answer(before);
    expect(said.length).toBeLessThanOrEqual(before + 3);
    clock.advance(240_000);
    const snapshot = said.findLastIndex(({ payload }) => payload.action === "sync");
    expect(snapshot).toBeGreaterThan(0);
    expect(told.length).toBe(1_201);
  });

  test("goes with the route", () => {
    const { up, published, ack, told } = heard();
    published.replace("kube:ingress", [publication({})]);
    up();
    ack(0, { accepted: 1, rejected: [] });
    published.replace("kube:ingress", []);
    expect(told.at(-1)).toEqual([key, undefined]);
  });
});

test("a large snapshot goes in parts below the limit, and the last says so", () => {
  const routes = Array.from(
    { length: 3_000 },
    (_, i) => publication({ host: `h${i}.test`, annotations: { note: "é".repeat(200) } }).route,
  );
  const parts = routesMessages("sync", routes, 7);
  expect(parts.length).toBeGreaterThan(2);
  for (const message of parts) {
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(PART_BYTES + 1_000);
  }
  expect(parts.map((message) => message.payload.part?.last)).toEqual(
    parts.map((_, i) => i === parts.length - 1),
  );
  expect(parts.flatMap((part) => part.payload.routes)).toEqual(routes);
});
