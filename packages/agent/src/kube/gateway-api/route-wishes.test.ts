import { describe, expect, test } from "vitest";
import { cluster, FINE, gateway, https, notAccepted, route, said, settled } from "./_kit.ts";

const annotated = (annotations: Record<string, string>, spec = {}) => {
  const plain = route(spec);
  return { ...plain, metadata: { ...plain.metadata, annotations } };
};
const published = (...given: Parameters<typeof annotated>) =>
  settled(cluster({ routes: [["HTTPRoute", annotated(...given)]] })).published;

const MANY = Array.from({ length: 257 }, (_one, n) => [`example.test/a${n}`, ""]);

describe("an annotation of a route", () => {
  test.each([
    {
      name: "who may come in",
      annotations: { "warren.dev/allow": "192.0.2.0/24" },
      want: { allow: ["192.0.2.0/24"] },
    },
    {
      name: "how often",
      annotations: { "warren.dev/rate-limit": "5/s 9" },
      want: { rate: { per_second: 5, burst: 9 } },
    },
    {
      name: "a time",
      annotations: { "warren.dev/request-timeout": "7s" },
      want: { request_timeout_ms: 7_000 },
    },
  ])("says $name", ({ annotations, want }) => {
    expect(published(annotations)[0]?.route.policy).toMatchObject(want);
    expect(said(annotated(annotations))).toEqual([FINE]);
  });

  test("gives way to the field that is there for the same", () => {
    const rules = [{ timeouts: { request: "2s" }, backendRefs: [{ name: "web", port: 8080 }] }];
    const [one] = published({ "warren.dev/request-timeout": "7s" }, { rules });
    expect(one?.route.policy.request_timeout_ms).toBe(2_000);
  });

  test("says how services are spoken to, and how long that may take to begin", () => {
    const annotations = {
      "warren.dev/backend-protocol": "HTTPS",
      "warren.dev/connect-timeout": "1s",
    };
    const [one] = published(annotations);
    expect(one?.targets[0]).toMatchObject({ protocol: "https", connectTimeoutMs: 1_000 });
  });

  test("leaves the route out", () => {
    expect(published({ "warren.dev/publish": "false" })).toEqual([]);
  });

  test("leads to https what comes in the clear, where the route is on an HTTPS listener alone", () => {
    const object = annotated({ "warren.dev/redirect-https": "true" });
    const all = cluster({ gateways: [gateway([https()])], routes: [["HTTPRoute", object]] });
    const [one] = settled(all).routes;
    expect([one?.match.scheme, one?.policy.redirect_https]).toEqual([undefined, true]);
  });

  test.each([
    { name: "that is misspelt", annotations: { "warren.dev/alow": "192.0.2.0/24" } },
    { name: "whose domain is misspelt", annotations: { "waren.dev/allow": "192.0.2.0/24" } },
    { name: "that cannot be read", annotations: { "warren.dev/allow": "everybody" } },
    { name: "that cannot be read, and closes nothing", annotations: { "warren.dev/hsts": "long" } },
    { name: "that is for Ingresses", annotations: { "warren.dev/rewrite": "/x" } },
    { name: "that leads past the tunnel", annotations: { "warren.dev/mode": "direct" } },
    { name: "that leads past the tunnel too", annotations: { "warren.dev/mode": "both" } },
    { name: "that is one of very many", annotations: Object.fromEntries(MANY) },
  ])("$name refuses the route", ({ annotations }) => {
    expect(said(annotated(annotations))).toEqual([notAccepted("UnsupportedValue")]);
    expect(published(annotations)).toEqual([]);
  });

  test("may say that the route goes through the tunnel, which it does", () => {
    const annotations = { "warren.dev/mode": "tunnel" };
    expect(said(annotated(annotations))).toEqual([FINE]);
    expect(published(annotations)).toHaveLength(1);
  });

  test("of another controller means nothing", () => {
    expect(said(annotated({ "nginx.ingress.kubernetes.io/auth-type": "basic" }))).toEqual([FINE]);
  });
});
