import { describe, expect, test } from "vitest";
import { TrustedProxies } from "./trusted-proxies.ts";

describe("trusted proxies", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8", "2001:db8::/32"]);
  test.each([
    {
      name: "an untrusted peer's word counts for nothing",
      peer: "203.0.113.1",
      said: "1.2.3.4",
      want: "203.0.113.1",
    },
    { name: "a trusted peer's counts", peer: "10.0.0.1", said: "203.0.113.7", want: "203.0.113.7" },
    {
      name: "the rightmost untrusted is the client, not what it made up",
      peer: "10.0.0.1",
      said: "1.1.1.1, 203.0.113.7, 10.0.0.2",
      want: "203.0.113.7",
    },
    {
      name: "if all are trusted, the farthest",
      peer: "10.0.0.1",
      said: "10.0.0.3, 10.0.0.2",
      want: "10.0.0.3",
    },
    {
      name: "nonsense ends the chain",
      peer: "10.0.0.1",
      said: "1.1.1.1, unknown, 10.0.0.2",
      want: "10.0.0.2",
    },
    { name: "no field, no other client", peer: "10.0.0.1", said: undefined, want: "10.0.0.1" },
    { name: "an empty field says nothing", peer: "10.0.0.1", said: "", want: "10.0.0.1" },
    { name: "ports are cut off", peer: "10.0.0.1", said: "203.0.113.7:4711", want: "203.0.113.7" },
    { name: "also from IPv6", peer: "2001:db8::1", said: "[2a00::7]:4711", want: "2a00::7" },
    {
      name: "mapped addresses are IPv4",
      peer: "::ffff:10.0.0.1",
      said: "::ffff:203.0.113.7",
      want: "203.0.113.7",
    },
  ])("$name", ({ peer, said, want }) => {
    expect(proxies.client(peer, said)).toBe(want);
  });

  test("none are trusted by default", () => {
    expect(new TrustedProxies([]).trusts("127.0.0.1")).toBe(false);
  });
});
