import { describe, expect, test } from "vitest";
import type { Gateway } from "./objects.ts";
import { gateway, gatewayClass, http, tcp, statusOf, short, conditionOf } from "./_kit.ts";

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
      expect([observedGeneration, lastTransitionTime]).toEqual([1, "2024-02-02T00:00:00Z"]);
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
    expect(conditionOf("Accepted", statusOf(gateway(listeners, spec))?.conditions)).toBe(want);
  });

  test.each([
    {
      name: "no gateway has named the cluster",
      names: [],
      spec: {},
      want: "True Programmed",
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
    expect(conditionOf("Programmed", status?.conditions)).toBe(want);
    if (addresses !== undefined)
      expect(status?.addresses?.map(({ value }) => value)).toEqual(addresses);
  });

  test("of a class with parameters is not accepted, nor is what it serves published", () => {
    const classes = [gatewayClass({ parametersRef: { group: "x", kind: "Y", name: "z" } })];
    const status = statusOf(gateway(), { classes });
    expect(conditionOf("Accepted", status?.conditions)).toBe("False Invalid");
    expect(conditionOf("Programmed", status?.listeners?.[0]?.conditions)).toBe("False Invalid");
  });

  test.each<{ name: string; spec: Partial<Gateway["spec"]>; says: RegExp }>([
    {
      name: "ListenerSets",
      spec: { allowedListeners: { namespaces: { from: "All" } } },
      says: /; ListenerSets are not supported/,
    },
    {
      name: "labels for what is created for it",
      spec: { infrastructure: { labels: { team: "a" } } },
      says: /; nothing is created .* spec\.infrastructure/,
    },
    {
      name: "annotations for what is created for it",
      spec: { infrastructure: { annotations: { team: "a" } } },
      says: /; nothing is created .* spec\.infrastructure/,
    },
    {
      name: "routes that do not name it",
      spec: { defaultScope: "All" },
      says: /; no route attaches that does not name/,
    },
  ])("that asks for $name is accepted and says that there is none", ({ spec, says }) => {
    for (const listeners of [[http()], [http(), http({ name: "odd", port: 81 })]]) {
      const [accepted] = statusOf(gateway(listeners, spec))?.conditions ?? [];
      expect(accepted).toMatchObject({ status: "True", message: expect.stringMatching(says) });
    }
  });

  test("that asks for nothing else says nothing else", () => {
    const spec = { allowedListeners: { namespaces: { from: "None" } }, infrastructure: {} };
    const [accepted] = statusOf(gateway([http()], spec))?.conditions ?? [];
    expect(accepted?.message).toBe("all listeners are valid");
  });

  test("says that it shows services no certificate", () => {
    const spec = { tls: { backend: { clientCertificateRef: { name: "own" } } } };
    expect(conditionOf("ResolvedRefs", statusOf(gateway([http()], spec))?.conditions)).toBe(
      "False InvalidClientCertificateRef",
    );
  });
});
