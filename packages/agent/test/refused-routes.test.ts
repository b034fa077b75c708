import { describe, expect, test } from "vitest";
import { actions, hosts, joined, publication } from "./_announcer-kit.ts";
import type { Verdict } from "../src/verdicts.ts";

describe("a refused route", () => {
  test("is offered again, ever more slowly, until it is taken", () => {
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

  test("that changes is offered no more", () => {
    const { up, published, said, clock, ack } = joined();
    published.replace("config", [publication({})]);
    up();
    ack(0, { accepted: 0, rejected: [{ host: "a.test", path: "/", code: "host_taken" }] });
    published.replace("config", []);
    ack(1, { accepted: 1, rejected: [] });
    clock.advance(100_000);
    expect(actions(said)).toEqual(["sync", "delete"]);
  });
});

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
