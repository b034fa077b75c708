import { routeKey } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { PART_BYTES, routesMessages } from "../src/control/route-messages.ts";
import { actions, hosts, joined, publication } from "./_announcer-kit.ts";
import { clockVoice } from "../src/voice.ts";

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

  test.each([
    { name: "an allow-list", policy: { allow: ["10.0.0.0/8"] }, said: ["open.test"] },
    { name: "passwords", policy: { basic_auth: ["ana:x"] }, said: ["open.test"] },
    { name: "no guard", policy: {}, said: ["open.test", "a.test", "a.test"] },
  ])(
    "of paths by character with $name, an earlier release hears what it holds",
    ({ policy, said: heard }) => {
      const { announcer, link, published, said } = joined();
      const controller = "characters" as const;
      published.replace("config", [
        publication({ host: "open.test" }),
        publication({ path: "/", controller: "paths" }),
        publication({ path: "/in", controller, policy }),
      ]);
      link.up = true;
      announcer.up(false, ["resume", "certificates"]);
      expect(hosts(said[0]!)).toEqual(heard);
    },
  );

  test("says a snapshot with the namespaces in turns, since who has little room takes the first", () => {
    const { up, published, said } = joined();
    const hostsAt: [string, string][] = [
      ["evil", "a.test"],
      ["evil", "b.test"],
      ["shop", "s.test"],
    ];
    const all = hostsAt.map(([namespace, host]) => publication({ namespace, host }));
    published.replace("config", all);
    up();
    expect(said.map(hosts)).toEqual([["a.test", "s.test", "b.test"]]);
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
