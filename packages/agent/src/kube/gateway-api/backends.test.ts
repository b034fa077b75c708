import { describe, expect, test } from "vitest";
import type { Service } from "../objects.ts";
import {
  cluster,
  grant,
  meta,
  places,
  route,
  ruled,
  service,
  settled,
  toWeb,
  said,
  FINE,
} from "./_kit.ts";

const to = (backend: object) => ruled({ backendRefs: [{ ...toWeb, ...backend }] });
const there = [service("web"), service("web", { namespace: "data" })];
const allow = (kind = "HTTPRoute", name = "web", space = "infra") =>
  grant("data", {
    from: [{ group: "gateway.networking.k8s.io", kind, namespace: space }],
    to: [{ group: "", kind: "Service", name }],
  });
const speaking = (appProtocol: string): Service =>
  service("web", { spec: { ports: [{ port: 8080, appProtocol }] } });

describe("a backend", () => {
  test.each([
    { name: "a Service", object: to({}), want: "True ResolvedRefs" },
    { name: "an unknown kind", object: to({ kind: "NonExistent" }), want: "False InvalidKind" },
    { name: "an unknown group", object: to({ group: "example.com" }), want: "False InvalidKind" },
    { name: "no Service", object: to({ name: "none" }), want: "False BackendNotFound" },
    { name: "no port of it", object: to({ port: 81 }), want: "False BackendNotFound" },
    {
      name: "elsewhere without a grant",
      object: to({ namespace: "data" }),
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere with one",
      object: to({ namespace: "data" }),
      grants: [allow()],
      want: "True ResolvedRefs",
    },
    {
      name: "elsewhere, granted to another kind",
      object: to({ namespace: "data" }),
      grants: [allow("GRPCRoute")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, granted for another Service",
      object: to({ namespace: "data" }),
      grants: [allow("HTTPRoute", "api")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, granted to another namespace",
      object: to({ namespace: "data" }),
      grants: [allow("HTTPRoute", "web", "team")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, not there, and not granted",
      object: to({ namespace: "data", name: "none" }),
      want: "False RefNotPermitted",
    },
    {
      name: "an ExternalName",
      object: to({}),
      services: [service("web", { spec: { type: "ExternalName", externalName: "evil.test" } })],
      want: "False BackendNotAllowed",
    },
    {
      name: "what speaks HTTP/2",
      object: to({}),
      services: [speaking("kubernetes.io/h2c")],
      want: "True ResolvedRefs",
      protocol: "h2c",
    },
    {
      name: "what speaks WebSocket",
      object: to({}),
      services: [speaking("kubernetes.io/ws")],
      want: "True ResolvedRefs",
      protocol: "http",
    },
    {
      name: "what speaks TLS",
      object: to({}),
      services: [speaking("https")],
      want: "True ResolvedRefs",
      protocol: "https",
    },
    {
      name: "what speaks something else",
      object: to({}),
      services: [speaking("redis")],
      want: "False UnsupportedProtocol",
    },
  ])("that is $name: $want", ({ object, services = there, grants = [], want, protocol }) => {
    const all = cluster({ routes: [["HTTPRoute", object]], services, grants });
    expect(said(object, all)).toEqual([["Accepted True Accepted", `ResolvedRefs ${want}`]]);
    const [one] = settled(all).routes;
    expect(one?.backends?.[0]?.answer).toBe(want.startsWith("True") ? undefined : 500);
    if (protocol !== undefined) expect(one?.protocol).toBe(protocol);
  });

  test("of a Service with a BackendTLSPolicy is not spoken to in the clear", () => {
    const { model } = settled(cluster({ routes: [["HTTPRoute", route()]] }));
    const targetRefs = [{ group: "", kind: "Service", name: "web" }];
    model.putPolicy("infra/tls", { metadata: meta("tls"), spec: { targetRefs } });
    expect(model.work(places(9))).toBe(false);
    const [changed] = model.take().put;
    expect(changed?.publication.route.backends?.[0]?.answer).toBe(500);
    model.putPolicy("infra/tls", undefined);
    model.work(places(9));
    expect(model.take().put[0]?.publication.route.backends?.[0]?.answer).toBeUndefined();
  });

  test.each([
    {
      name: "weights are kept, those of 0 get nothing",
      weights: [9, 0, 1],
      want: [9, 1],
      answers: [undefined, undefined],
    },
    { name: "all of weight 0 are answered 500", weights: [0, 0], want: [1], answers: [500] },
    { name: "no backends are answered 500", weights: [], want: [1], answers: [500] },
  ])("$name", ({ weights, want, answers }) => {
    const object = ruled({ backendRefs: weights.map((weight) => ({ ...toWeb, weight })) });
    const [one] = settled(cluster({ routes: [["HTTPRoute", object]] })).published;
    expect(one?.route.backends?.map(({ weight }) => weight)).toEqual(want);
    expect(one?.route.backends?.map(({ answer }) => answer)).toEqual(answers);
    expect(one?.targets).toHaveLength(want.length);
    expect(said(object)).toEqual([FINE]);
  });

  test("that leads nowhere gets its share of errors, and the others theirs", () => {
    const object = ruled({
      backendRefs: [
        { ...toWeb, weight: 2 },
        { name: "none", port: 1, weight: 3 },
      ],
    });
    const [one] = settled(cluster({ routes: [["HTTPRoute", object]] })).published;
    expect(one?.route.backends?.map(({ weight, answer }) => [weight, answer])).toEqual([
      [2, undefined],
      [3, 500],
    ]);
    expect(one?.targets[0]).toMatchObject({ host: "10.0.0.1", port: 8080, protocol: "http" });
  });

  test("of a GRPCRoute speaks HTTP/2, and is UNAVAILABLE when it leads nowhere", () => {
    const object = ruled({ backendRefs: [toWeb, { name: "none", port: 1 }] });
    const [one] = settled(cluster({ routes: [["GRPCRoute", object]] })).published;
    expect(one?.route.protocol).toBe("h2c");
    expect(one?.route.backends?.map(({ answer }) => answer)).toEqual([undefined, 503]);
  });
});
