import { describe, expect, test } from "vitest";
import { EndpointChoice } from "./endpoint-choice.ts";
import { createTarget } from "./target.ts";

const endpoints = (...hosts: string[]) => hosts.map((host) => createTarget({ host, port: 8080 }));
const PODS = ["10.42.0.7", "10.42.0.8", "10.42.1.3", "10.42.2.9", "10.42.2.10"];
const CLIENTS = Array.from({ length: 5_000 }, (_, n) => `198.51.${n >> 8}.${n & 255}`);

describe("by the client's address", () => {
  test("every agent chooses the same endpoint, after every restart", () => {
    const one = new EndpointChoice(endpoints(...PODS), "client_ip");
    const other = new EndpointChoice(endpoints(...PODS.toReversed()), "client_ip");
    for (const client of CLIENTS)
      expect(other.choose(() => client)?.host).toBe(one.choose(() => client)?.host);
  });

  test("clients are spread evenly, also neighbours", () => {
    const choice = new EndpointChoice(endpoints(...PODS), "client_ip");
    const counts = new Map<string, number>();
    for (const client of CLIENTS) {
      const { host } = choice.choose(() => client)!;
      counts.set(host, (counts.get(host) ?? 0) + 1);
    }
    const even = CLIENTS.length / PODS.length;
    for (const count of counts.values()) expect(Math.abs(count - even)).toBeLessThan(even / 5);
  });

  test("when one goes only its own clients move", () => {
    const before = new EndpointChoice(endpoints(...PODS), "client_ip");
    const after = new EndpointChoice(endpoints(...PODS.slice(1)), "client_ip");
    for (const client of CLIENTS) {
      const was = before.choose(() => client)!.host;
      if (was !== PODS[0]) expect(after.choose(() => client)?.host).toBe(was);
    }
  });

  test("who is not known takes turns", () => {
    const choice = new EndpointChoice(endpoints("a", "b"), "client_ip");
    const [one, other] = [choice.choose(() => undefined), choice.choose(() => undefined)];
    expect(one).not.toBe(other);
  });
});

test("by a client's name they are shared evenly too, also among names that differ by a letter", () => {
  const choice = new EndpointChoice(endpoints("a", "b"), "cookie");
  const counts = { a: 0, b: 0 };
  for (let n = 0; n < 2_000; n++) {
    const name = `9f86d081884c7d65-${n.toString(36)}`;
    const { host } = choice.choose((by) => (by === "cookie" ? name : "192.0.2.1"))!;
    counts[host as "a" | "b"]++;
  }
  expect(counts.a).toBeGreaterThan(900);
  expect(counts.b).toBeGreaterThan(900);
});

const asked = () => {
  throw new Error("asked");
};

test("without affinity they take turns, and nobody asks who the client is", () => {
  const choice = new EndpointChoice(endpoints("a", "b", "c"), "none");
  const hosts = Array.from({ length: 6 }, () => choice.choose(asked)?.host);
  expect(new Set(hosts.slice(0, 3)).size).toBe(3);
  expect(hosts.slice(3)).toEqual(hosts.slice(0, 3));
});

test("none is chosen where none is ready", () => {
  expect(new EndpointChoice([], "client_ip").choose(() => "192.0.2.1")).toBeUndefined();
});

test("who shares endpoints with others has turns of its own", () => {
  const shared = endpoints("a", "b");
  const [one, other] = [new EndpointChoice(shared, "none"), new EndpointChoice(shared, "none")];
  const pairs = Array.from({ length: 2 }, () => [one, other].map((it) => it.choose(asked)?.host));
  expect(new Set(pairs.map(([first]) => first))).toEqual(new Set(["a", "b"]));
  for (const [first, second] of pairs) expect(second).toBe(first);
});
