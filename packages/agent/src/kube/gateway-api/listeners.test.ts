import { describe, expect, test } from "vitest";
import { gateway, http, https, passthrough, tcp, statusOf, conditionOf } from "./_kit.ts";

describe("a listener", () => {
  test.each([
    { name: "TCP on any port", listener: tcp(5432), want: "True Accepted", kinds: ["TCPRoute"] },
    {
      name: "TLS passed through",
      listener: passthrough(),
      want: "True Accepted",
      kinds: ["TLSRoute"],
    },
    { name: "HTTPS", listener: https(), want: "True Accepted", kinds: ["HTTPRoute", "GRPCRoute"] },
    {
      name: "HTTP elsewhere",
      listener: http({ port: 8080 }),
      want: "False PortUnavailable",
      kinds: undefined,
    },
    {
      name: "HTTPS elsewhere",
      listener: https({ port: 8443 }),
      want: "False PortUnavailable",
      kinds: undefined,
    },
    {
      name: "UDP",
      listener: tcp(53, { protocol: "UDP" }),
      want: "False UnsupportedProtocol",
      kinds: [],
    },
    {
      name: "an unknown protocol",
      listener: tcp(1, { protocol: "X" }),
      want: "False UnsupportedProtocol",
      kinds: [],
    },
    {
      name: "TLS that is to be terminated",
      listener: passthrough({
        tls: { mode: "Terminate", certificateRefs: [{ name: "x" }] },
        port: 8443,
      }),
      want: "False UnsupportedValue",
      kinds: [],
    },
    {
      name: "HTTPS that is to be passed through",
      listener: https({ tls: { mode: "Passthrough" } }),
      want: "False UnsupportedValue",
      kinds: undefined,
    },
    {
      name: "an option that nobody knows",
      listener: https({ tls: { options: { "example.com/min": "1.3" } } }),
      want: "False UnsupportedValue",
      kinds: undefined,
    },
    {
      name: "filters of its own",
      listener: http({ filters: { requests: [{ type: "ExternalAuth" }] } }),
      want: "False UnsupportedValue",
      kinds: undefined,
    },
  ])("of $name: $want", ({ listener, want, kinds }) => {
    const [status] = statusOf(gateway([listener]))?.listeners ?? [];
    expect(conditionOf("Accepted", status?.conditions)).toBe(want);
    if (kinds !== undefined) expect(status?.supportedKinds.map(({ kind }) => kind)).toEqual(kinds);
  });

  test.each([
    {
      name: "per port",
      frontend: { default: {}, perPort: [{ port: 443, tls: { validation: {} } }] },
      want: "False",
    },
    { name: "by default", frontend: { default: { validation: {} } }, want: "False" },
    {
      name: "for another port",
      frontend: { default: {}, perPort: [{ port: 444, tls: { validation: {} } }] },
      want: "True",
    },
    {
      name: "by default, but not here",
      frontend: { default: { validation: {} }, perPort: [{ port: 443, tls: {} }] },
      want: "True",
    },
  ])("that verifies clients $name: Accepted $want", ({ frontend, want }) => {
    const [status] = statusOf(gateway([https()], { tls: { frontend } }))?.listeners ?? [];
    expect(conditionOf("Accepted", status?.conditions)).toMatch(want);
  });

  test.each([
    {
      name: "none that is known",
      kinds: [{ kind: "InvalidRoute" }],
      want: "False InvalidRouteKinds",
      have: [],
    },
    {
      name: "one known, one not",
      kinds: [{ kind: "InvalidRoute" }, { kind: "HTTPRoute" }],
      want: "False InvalidRouteKinds",
      have: ["HTTPRoute"],
    },
    {
      name: "one of another protocol",
      kinds: [{ kind: "TCPRoute" }],
      want: "False InvalidRouteKinds",
      have: [],
    },
    {
      name: "one of another group",
      kinds: [{ group: "example.com", kind: "HTTPRoute" }],
      want: "False InvalidRouteKinds",
      have: [],
    },
    {
      name: "GRPCRoute alone",
      kinds: [{ kind: "GRPCRoute" }],
      want: "True ResolvedRefs",
      have: ["GRPCRoute"],
    },
  ])("with allowed kinds, $name: $want", ({ kinds, want, have }) => {
    const [status] = statusOf(gateway([http({ allowedRoutes: { kinds } })]))?.listeners ?? [];
    expect(conditionOf("ResolvedRefs", status?.conditions)).toBe(want);
    expect(status?.supportedKinds.map(({ kind }) => kind)).toEqual(have);
  });

  test.each([
    {
      name: "HTTP and HTTPS on one port",
      listeners: [http({ port: 443 }), https()],
      want: "ProtocolConflict",
    },
    {
      name: "two of one host",
      listeners: [https({ hostname: "a.test" }), https({ name: "b", hostname: "A.test" })],
      want: "HostnameConflict",
    },
    {
      name: "two without a host",
      listeners: [http(), http({ name: "b" })],
      want: "HostnameConflict",
    },
    {
      name: "two TCP on one port",
      listeners: [tcp(1), tcp(1, { name: "b" })],
      want: "ProtocolConflict",
    },
    {
      name: "TCP and TLS on one port",
      listeners: [tcp(443), passthrough()],
      want: "ProtocolConflict",
    },
    {
      name: "HTTPS and TLS of one host",
      listeners: [https({ hostname: "a.test" }), passthrough({ hostname: "a.test" })],
      want: "HostnameConflict",
    },
    {
      name: "HTTPS and TLS of two hosts",
      listeners: [https({ hostname: "a.test" }), passthrough({ hostname: "b.test" })],
      want: undefined,
    },
    {
      name: "a host and the wildcard above it",
      listeners: [http({ hostname: "a.b.test" }), http({ name: "b", hostname: "*.b.test" })],
      want: undefined,
    },
  ])("of $name: $want", ({ listeners, want }) => {
    const all = statusOf(gateway(listeners))?.listeners ?? [];
    for (const { conditions } of all) {
      const conflicted = conditionOf("Conflicted", conditions);
      expect(conflicted).toBe(want === undefined ? "False NoConflicts" : `True ${want}`);
      if (want !== undefined) expect(conditionOf("Accepted", conditions)).toBe(`False ${want}`);
      if (want !== undefined) expect(conditionOf("Programmed", conditions)).toBe("False Invalid");
    }
    expect(all).toHaveLength(2);
  });

  test("that overlaps another HTTPS listener says so, and only then", () => {
    const names = ["foo.example.com", "foo.example.org", "*.example.com"];
    const listeners = names.map((hostname, n) => https({ name: `l${n}`, hostname }));
    const all = statusOf(gateway(listeners))?.listeners ?? [];
    expect(all.map(({ conditions }) => conditionOf("OverlappingTLSConfig", conditions))).toEqual([
      "True OverlappingHostnames",
      undefined,
      "True OverlappingHostnames",
    ]);
  });
});
