import { testCertificates } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { Secret } from "../objects.ts";
import {
  cluster,
  gateway,
  gatewayClass,
  grant,
  http,
  https,
  meta,
  passthrough,
  settled,
  tcp,
} from "./_kit.ts";
import type { Cluster } from "./_kit.ts";
import { gatewayStatus } from "./gateway-status.ts";
import type { Condition, Gateway } from "./objects.ts";

const WHEN = { generation: 1, now: "2024-02-02T00:00:00Z" };

function statusOf(one: Gateway, given: Partial<Cluster> = {}) {
  const { model } = settled(cluster({ gateways: [one], ...given }));
  const state = model.gateway("infra/edge");
  return state && gatewayStatus(model, state, { before: {}, when: WHEN });
}

/** `Accepted True Accepted`, in order of type. */
const short = (all: readonly Condition[] = []) =>
  all.map(({ type, status, reason }) => `${type} ${status} ${reason}`).toSorted();

const of = (type: string, all: readonly Condition[] = []) =>
  short(all.filter((one) => one.type === type))[0]?.slice(type.length + 1);

const base64 = (text: string) => Buffer.from(text).toString("base64");
const pair = testCertificates(["shop.test"]).server;
const secret = (data: Record<string, string>, namespace = "infra"): Secret => ({
  metadata: meta("cert", { namespace }),
  type: "kubernetes.io/tls",
  data,
});
const good = (namespace?: string) =>
  secret({ "tls.crt": base64(pair.cert), "tls.key": base64(pair.key) }, namespace);
const withCertificate = (more: object = {}) =>
  https({ tls: { mode: "Terminate", certificateRefs: [{ name: "cert", ...more }] } });

describe("a Gateway", () => {
  test("with a valid listener is accepted and programmed, and has the cluster's names", () => {
    const status = statusOf(gateway());
    expect(short(status?.conditions)).toEqual([
      "Accepted True Accepted",
      "Programmed True Programmed",
      "ResolvedRefs True ResolvedRefs",
    ]);
    expect(status?.addresses).toEqual([{ type: "Hostname", value: "home.gate.test" }]);
    expect(short(status?.listeners?.[0]?.conditions)).toEqual([
      "Accepted True Accepted",
      "Conflicted False NoConflicts",
      "Programmed True Programmed",
      "ResolvedRefs True ResolvedRefs",
    ]);
    for (const { observedGeneration, lastTransitionTime } of status?.conditions ?? [])
      expect([observedGeneration, lastTransitionTime]).toEqual([1, WHEN.now]);
  });

  test("of another controller's class is left alone, whatever it says", () => {
    const classes = [gatewayClass({ controllerName: "example.net/other" })];
    expect(statusOf(gateway(), { classes })).toBeUndefined();
    expect(statusOf(gateway([http()], { gatewayClassName: "nobody" }))).toBeUndefined();
  });

  test.each([
    {
      name: "all listeners unknown",
      listeners: [tcp(1, { protocol: "INVALID" })],
      want: "False ListenersNotValid",
    },
    {
      name: "one of two unknown",
      listeners: [http(), tcp(1, { protocol: "INVALID" })],
      want: "True ListenersNotValid",
    },
    {
      name: "parameters",
      listeners: [http()],
      spec: { infrastructure: { parametersRef: { group: "x", kind: "Y", name: "z" } } },
      want: "False InvalidParameters",
    },
    {
      name: "an address that is an IP",
      listeners: [http()],
      spec: { addresses: [{ type: "IPAddress", value: "192.0.2.1" }] },
      want: "False UnsupportedAddress",
    },
  ])("with $name: Accepted $want", ({ listeners, spec, want }) => {
    expect(of("Accepted", statusOf(gateway(listeners, spec))?.conditions)).toBe(want);
  });

  test.each([
    {
      name: "no gateway has named the cluster",
      names: [],
      spec: {},
      want: "False AddressNotAssigned",
    },
    {
      name: "it asks for a name that is not the cluster's",
      names: ["home.gate.test"],
      spec: { addresses: [{ type: "Hostname", value: "other.test" }] },
      want: "False AddressNotUsable",
    },
    {
      name: "it asks for one of the cluster's names",
      names: ["a.gate.test", "b.gate.test"],
      spec: { addresses: [{ type: "Hostname", value: "b.gate.test" }] },
      want: "True Programmed",
      addresses: ["b.gate.test"],
    },
    {
      name: "it asks for any name",
      names: ["a.gate.test"],
      spec: { addresses: [{ type: "Hostname" }] },
      want: "True Programmed",
      addresses: ["a.gate.test"],
    },
  ])("is programmed or not when $name: $want", ({ names, spec, want, addresses }) => {
    const status = statusOf(gateway([http()], spec), { names });
    expect(of("Programmed", status?.conditions)).toBe(want);
    if (addresses !== undefined)
      expect(status?.addresses?.map(({ value }) => value)).toEqual(addresses);
  });

  test("of a class with parameters is not accepted, nor is what it serves published", () => {
    const classes = [gatewayClass({ parametersRef: { group: "x", kind: "Y", name: "z" } })];
    const status = statusOf(gateway(), { classes });
    expect(of("Accepted", status?.conditions)).toBe("False Invalid");
    expect(of("Programmed", status?.listeners?.[0]?.conditions)).toBe("False Invalid");
  });

  test("says that it shows services no certificate", () => {
    const spec = { tls: { backend: { clientCertificateRef: { name: "own" } } } };
    expect(of("ResolvedRefs", statusOf(gateway([http()], spec))?.conditions)).toBe(
      "False InvalidClientCertificateRef",
    );
  });
});

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
    expect(of("Accepted", status?.conditions)).toBe(want);
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
    expect(of("Accepted", status?.conditions)).toMatch(want);
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
    expect(of("ResolvedRefs", status?.conditions)).toBe(want);
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
      const conflicted = of("Conflicted", conditions);
      expect(conflicted).toBe(want === undefined ? "False NoConflicts" : `True ${want}`);
      if (want !== undefined) expect(of("Accepted", conditions)).toBe(`False ${want}`);
      if (want !== undefined) expect(of("Programmed", conditions)).toBe("False Invalid");
    }
    expect(all).toHaveLength(2);
  });

  test("that overlaps another HTTPS listener says so, and only then", () => {
    const names = ["foo.example.com", "foo.example.org", "*.example.com"];
    const listeners = names.map((hostname, n) => https({ name: `l${n}`, hostname }));
    const all = statusOf(gateway(listeners))?.listeners ?? [];
    expect(all.map(({ conditions }) => of("OverlappingTLSConfig", conditions))).toEqual([
      "True OverlappingHostnames",
      undefined,
      "True OverlappingHostnames",
    ]);
  });
});

describe("a listener's certificate", () => {
  const allowed = (name?: string) =>
    grant("vault", {
      from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "infra" }],
      to: [{ group: "", kind: "Secret", ...(name === undefined ? {} : { name }) }],
    });

  test.each([
    {
      name: "there",
      listener: withCertificate(),
      secrets: () => [good()],
      want: "True ResolvedRefs",
    },
    {
      name: "not there",
      listener: withCertificate(),
      secrets: () => [],
      want: "False InvalidCertificateRef",
    },
    {
      name: "not readable by the agent",
      listener: withCertificate(),
      secrets: () => undefined,
      want: "False InvalidCertificateRef",
    },
    {
      name: "no certificate",
      listener: withCertificate(),
      secrets: () => [secret({ "tls.crt": base64("x"), "tls.key": base64("y") })],
      want: "False InvalidCertificateRef",
    },
    {
      name: "without its key",
      listener: withCertificate(),
      secrets: () => [secret({ "tls.crt": base64(pair.cert) })],
      want: "False InvalidCertificateRef",
    },
    {
      name: "of another kind",
      listener: withCertificate({ kind: "ConfigMap" }),
      secrets: () => [good()],
      want: "False InvalidCertificateRef",
    },
    {
      name: "of another group",
      listener: withCertificate({ group: "example.com" }),
      secrets: () => [good()],
      want: "False InvalidCertificateRef",
    },
    {
      name: "elsewhere, without a grant",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, with a grant for another one",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      grants: [allowed("other")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, with a grant for it",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      grants: [allowed("cert")],
      want: "True ResolvedRefs",
    },
    {
      name: "elsewhere, with a grant for all",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      grants: [allowed()],
      want: "True ResolvedRefs",
    },
  ])("that is $name: $want", ({ listener, secrets, grants = [], want }) => {
    const status = statusOf(gateway([listener]), { secrets: secrets(), grants });
    const [first] = status?.listeners ?? [];
    expect(of("ResolvedRefs", first?.conditions)).toBe(want);
    const programmed = want.startsWith("True") ? "True Programmed" : "False Invalid";
    expect(of("Programmed", first?.conditions)).toBe(programmed);
    const summary = want.startsWith("True") ? "True ResolvedRefs" : "False ListenersNotResolved";
    expect(of("ResolvedRefs", status?.conditions)).toBe(summary);
  });

  test("is never quoted", () => {
    const secrets = [secret({ "tls.crt": base64("OOPS"), "tls.key": base64("OOPS") })];
    const status = statusOf(gateway([withCertificate()]), { secrets });
    expect(JSON.stringify(status)).not.toContain("OOPS");
  });
});
