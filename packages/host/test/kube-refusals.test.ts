// What an API server refuses, on the double and on a kube-apiserver.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { INGRESSES, LEASES } from "../src/kube/index.ts";
import { backend, ingress, servers, type KubeServer } from "./_kube-server.ts";

const ING = "/apis/networking.k8s.io/v1";
const at = (namespace: string) => `${ING}/namespaces/${namespace}/ingresses`;
const leasesOf = (namespace: string) =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
const whole = (namespace: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  ...ingress(namespace),
  metadata: { namespace, name: "web", ...metadata },
  ...more,
});

describe.each(servers())("%s", (_name, start) => {
  let server: KubeServer;
  beforeAll(async () => {
    server = await start();
  }, 120_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  const put = (path: string, body: unknown) => server.raw("PUT", path, body);
  const post = (path: string, body: unknown) => server.raw("POST", path, body);

  test.each<{
    name: string;
    ask: (namespace: string) => Promise<{ status: number; reason: string }>;
    want: [number, string];
  }>([
    {
      name: "object that has a resourceVersion before it is there",
      ask: (ns) => post(at(ns), whole(ns, {}, { resourceVersion: "5" })),
      want: [500, "InternalError"],
    },
    {
      name: "object of another namespace than the path's",
      ask: (ns) => post(at(ns), whole(ns, {}, { namespace: "other" })),
      want: [400, "BadRequest"],
    },
    {
      name: "object of another kind",
      ask: (ns) => post(at(ns), whole(ns, { kind: "Service" })),
      want: [400, "BadRequest"],
    },
    {
      name: "object of another version",
      ask: (ns) => post(at(ns), whole(ns, { apiVersion: "networking.k8s.io/v2" })),
      want: [400, "BadRequest"],
    },
    {
      name: "name with capitals",
      ask: (ns) => post(at(ns), whole(ns, {}, { name: "Web" })),
      want: [422, "Invalid"],
    },
    {
      name: "object without a name",
      ask: (ns) => post(at(ns), whole(ns, {}, { name: "" })),
      want: [422, "Invalid"],
    },
    {
      name: "label that is none",
      ask: (ns) => post(at(ns), whole(ns, {}, { labels: { a: "b c" } })),
      want: [422, "Invalid"],
    },
    {
      name: "path without its type",
      ask: (ns) =>
        post(
          at(ns),
          whole(ns, { spec: { rules: [{ http: { paths: [{ path: "/", backend }] } }] } }),
        ),
      want: [422, "Invalid"],
    },
    {
      name: "object in a namespace that is not there",
      ask: () => post(at("nowhere"), whole("nowhere")),
      want: [404, "NotFound"],
    },
    {
      name: "resource that is unknown",
      ask: (ns) => post(`${ING}/namespaces/${ns}/egresses`, whole(ns)),
      want: [404, "NotFound"],
    },
    {
      name: "group that is unknown",
      ask: (ns) => server.raw("GET", `/apis/nothing.example/v1/namespaces/${ns}/things`),
      want: [404, "NotFound"],
    },
    {
      name: "type of content that it does not know",
      ask: (ns) => server.raw("POST", at(ns), whole(ns), "text/plain"),
      want: [415, "UnsupportedMediaType"],
    },
    {
      name: "patch that it does not know",
      ask: async (ns) => {
        await server.client.create(INGRESSES, ingress(ns));
        return server.raw("PATCH", `${at(ns)}/web`, {}, "application/json");
      },
      want: [415, "UnsupportedMediaType"],
    },
    {
      name: "PUT of a collection",
      ask: (ns) => put(at(ns), whole(ns)),
      want: [405, "MethodNotAllowed"],
    },
    {
      name: "PUT of what is not there",
      ask: (ns) => put(`${at(ns)}/web`, whole(ns)),
      want: [404, "NotFound"],
    },
    {
      name: "PUT of another name than the path's",
      ask: async (ns) => {
        await server.client.create(INGRESSES, ingress(ns));
        return put(`${at(ns)}/web`, whole(ns, {}, { name: "other" }));
      },
      want: [400, "BadRequest"],
    },
    {
      name: "PUT of an earlier revision",
      ask: async (ns) => {
        const first = await server.client.create(INGRESSES, ingress(ns));
        await server.client.replace(INGRESSES, { ...first, spec: { defaultBackend: backend } });
        return put(`${at(ns)}/web`, { ...whole(ns), metadata: first.metadata });
      },
      want: [409, "Conflict"],
    },
    {
      name: "PUT of another life of the name",
      ask: async (ns) => {
        await server.client.create(INGRESSES, ingress(ns));
        const uid = "00000000-0000-0000-0000-000000000000";
        return put(`${at(ns)}/web`, whole(ns, {}, { uid }));
      },
      want: [409, "Conflict"],
    },
    {
      name: "merge patch of an earlier revision",
      ask: async (ns) => {
        await server.client.create(INGRESSES, ingress(ns));
        const patch = { metadata: { resourceVersion: "1" } };
        return server.raw("PATCH", `${at(ns)}/web`, patch, "application/merge-patch+json");
      },
      want: [409, "Conflict"],
    },
    {
      name: "object that is there",
      ask: async (ns) => {
        await server.client.create(INGRESSES, ingress(ns));
        return post(at(ns), whole(ns));
      },
      want: [409, "AlreadyExists"],
    },
    {
      name: "apply without a field manager",
      ask: (ns) => server.raw("PATCH", `${at(ns)}/web`, whole(ns), "application/apply-patch+yaml"),
      want: [422, "Invalid"],
    },
    {
      name: "Lease replaced without its resourceVersion",
      ask: async (ns) => {
        await server.client.create(LEASES, { metadata: { namespace: ns, name: "l" }, spec: {} });
        const path = `${leasesOf(ns)}/l`;
        return put(path, { metadata: { namespace: ns, name: "l" }, spec: {} });
      },
      want: [422, "Invalid"],
    },
    {
      name: "Lease for no time",
      ask: (ns) =>
        post(leasesOf(ns), {
          metadata: { name: "l" },
          spec: { leaseDurationSeconds: 0 },
        }),
      want: [422, "Invalid"],
    },
    {
      name: "time of milliseconds in a Lease",
      ask: (ns) =>
        post(leasesOf(ns), {
          metadata: { name: "l" },
          spec: { renewTime: "2026-01-02T03:04:05.006Z" },
        }),
      want: [400, "BadRequest"],
    },
    {
      name: "Event without an action",
      ask: (ns) =>
        post(`/apis/events.k8s.io/v1/namespaces/${ns}/events`, {
          metadata: { name: "e" },
          eventTime: "2026-01-02T03:04:05.006000Z",
          reportingController: "facts",
          reportingInstance: "facts-0",
          reason: "Seen",
          type: "Normal",
          regarding: { kind: "Ingress", namespace: ns, name: "web" },
        }),
      want: [422, "Invalid"],
    },
    {
      name: "list from a page that it never gave",
      ask: (ns) => server.raw("GET", `${at(ns)}?limit=1&continue=nonsense`),
      want: [400, "BadRequest"],
    },
    {
      name: "selector that is none",
      ask: (ns) => server.raw("GET", `${at(ns)}?labelSelector=a%20b%20c`),
      want: [400, "BadRequest"],
    },
    {
      name: "selector of a field that has no index",
      ask: (ns) => server.raw("GET", `${at(ns)}?fieldSelector=spec.rules=a`),
      want: [400, "BadRequest"],
    },
    {
      name: "resourceVersionMatch without a resourceVersion",
      ask: (ns) => server.raw("GET", `${at(ns)}?resourceVersionMatch=Exact`),
      want: [422, "Invalid"],
    },
  ])("takes no $name", async ({ ask, want: [status, reason] }) => {
    expect(await ask(await server.namespace())).toMatchObject({ status, reason });
  });
});
