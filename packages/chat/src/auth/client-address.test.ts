import { describe, expect, test } from "vitest";
import { TrustedProxies } from "@warren/host";
import { clientAddress, METRICS_NETWORKS, MetricsAccess } from "./client-address.ts";

describe("the client's address", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8"]);
  test.each([
    { name: "a direct peer's", peer: "203.0.113.1", said: undefined, want: "203.0.113.1" },
    { name: "a mapped peer's", peer: "::ffff:203.0.113.1", said: undefined, want: "203.0.113.1" },
    { name: "not what anyone says", peer: "203.0.113.1", said: "1.1.1.1", want: "203.0.113.1" },
    { name: "what a proxy says", peer: "10.0.0.1", said: "203.0.113.7", want: "203.0.113.7" },
    {
      name: "what a proxy on a mapped address says",
      peer: "::ffff:10.0.0.1",
      said: "6.6.6.6, 203.0.113.7",
      want: "203.0.113.7",
    },
    { name: "a proxy's that says nonsense", peer: "10.0.0.1", said: "me", want: "10.0.0.1" },
  ])("is $name", ({ peer, said, want }) => {
    expect(clientAddress({ peer, forwardedFor: said }, proxies)).toBe(want);
  });
});

describe("metrics", () => {
  const access = new MetricsAccess(
    METRICS_NETWORKS,
    new TrustedProxies(["10.0.0.0/8", "127.0.0.1"]),
  );
  const asked = (peer: string, forwardedFor?: string, forwarded?: string) =>
    access.allows({ peer, forwardedFor, forwarded });

  test.each([
    { peer: "127.0.0.1", want: true },
    { peer: "::1", want: true },
    { peer: "::ffff:127.0.0.1", want: true },
    { peer: "10.1.2.3", want: true },
    { peer: "::ffff:192.168.1.1", want: true },
    { peer: "fd00::7", want: true },
    { peer: "172.32.0.1", want: false },
    { peer: "203.0.113.1", want: false },
    { peer: "2001:db8::1", want: false },
    { peer: "", want: false },
  ])("answer a direct peer at $peer: $want", ({ peer, want }) => {
    expect(asked(peer)).toBe(want);
  });

  test.each([
    { name: "a public client", peer: "127.0.0.1", said: "203.0.113.1", want: false },
    { name: "a client of the cluster", peer: "10.0.0.1", said: "192.168.1.5", want: true },
    {
      name: "who claims to be of the cluster",
      peer: "10.0.0.1",
      said: "10.0.0.5, 203.0.113.1",
      want: false,
    },
    { name: "this machine, by a proxy's word", peer: "127.0.0.1", said: "127.0.0.1", want: false },
    { name: "this machine in IPv6", peer: "10.0.0.1", said: "::1", want: false },
    { name: "this machine, mapped", peer: "10.0.0.1", said: "::ffff:127.0.0.1", want: false },
    {
      name: "who comes through a proxy that is not trusted",
      peer: "192.168.1.1",
      said: "192.168.1.5",
      want: false,
    },
    { name: "nobody", peer: "10.0.0.1", said: "", want: false },
    { name: "nonsense", peer: "10.0.0.1", said: "unknown", want: false },
    { name: "who forges from outside", peer: "203.0.113.1", said: "10.0.0.1", want: false },
  ])("forwarded for $name: $want", ({ peer, said, want }) => {
    expect(asked(peer, said)).toBe(want);
    expect(asked(peer, undefined, `for="${said}";proto=https`)).toBe(want);
  });

  test.each([
    {
      name: "both fields name the cluster",
      forwardedFor: "10.0.0.5",
      forwarded: "for=192.168.1.5;host=x, for=10.0.0.9",
      want: true,
    },
    {
      name: "Forwarded names another",
      forwardedFor: "10.0.0.5",
      forwarded: "for=203.0.113.1",
      want: false,
    },
    {
      name: "X-Forwarded-For names another",
      forwardedFor: "203.0.113.1",
      forwarded: "For=10.0.0.5",
      want: false,
    },
    {
      name: "Forwarded names nobody",
      forwardedFor: "10.0.0.5",
      forwarded: "proto=https",
      want: false,
    },
    {
      name: "Forwarded names a public IPv6 client",
      forwardedFor: undefined,
      forwarded: 'for="[2001:db8::1]:4711"',
      want: false,
    },
    {
      name: "the last of two elements is public",
      forwardedFor: undefined,
      forwarded: "for=10.0.0.5, for=203.0.113.1",
      want: false,
    },
  ])("when $name: $want", ({ forwardedFor, forwarded, want }) => {
    expect(asked("10.0.0.1", forwardedFor, forwarded)).toBe(want);
  });

  test("with no network let nobody in, and with no proxy nobody who was forwarded", () => {
    const closed = new MetricsAccess([], new TrustedProxies([]));
    expect(
      closed.allows({ peer: "127.0.0.1", forwardedFor: undefined, forwarded: undefined }),
    ).toBe(false);
    const direct = new MetricsAccess(METRICS_NETWORKS, new TrustedProxies([]));
    expect(
      direct.allows({ peer: "10.0.0.1", forwardedFor: "10.0.0.5", forwarded: undefined }),
    ).toBe(false);
  });
});
