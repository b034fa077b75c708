// What an API server does, on the double and on a kube-apiserver: what the double says is not made up.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock, wallClock } from "../src/index.ts";
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  EVENTS,
  EVERYTHING,
  INGRESSES,
  KubeEventRecorder,
  Leadership,
  LEASES,
  referenceTo,
  SERVICES,
  watchResource,
  withoutManagedFields,
  type CustomResourceDefinition,
  type Draft,
  type Resource,
  type WatchEvent,
  type WatchTold,
} from "../src/kube/index.ts";
import { backend, ingress, paths, servers, type KubeServer } from "./_kube-server.ts";

const map = (namespace: string, name: string, labels: Record<string, string> = {}) => ({
  metadata: { namespace, name, labels },
  data: { a: "b" },
});

const ROUTES: Resource = {
  group: "facts.example.com",
  version: "v1",
  plural: "routes",
  kind: "Route",
  namespaced: true,
};
const definition: Draft<CustomResourceDefinition> = {
  metadata: { name: "routes.facts.example.com" },
  spec: {
    group: ROUTES.group,
    scope: "Namespaced",
    names: { plural: "routes", singular: "route", kind: "Route" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    ],
  },
};

const named = (body: Record<string, unknown>) =>
  (body["items"] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
const label = (show: string) => ({
  body: { metadata: { labels: { show } } },
  subresource: undefined,
});
const nothing = () => {};

describe.each(servers())("%s", (_name, start) => {
  let server: KubeServer;
  beforeAll(async () => {
    server = await start();
  }, 120_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  test("a status is written apart: neither changes the other, nor the generation", async () => {
    const made = await server.client.create(INGRESSES, ingress(await server.namespace()));
    expect(made.metadata.generation).toBe(1);
    const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
    const other = { ...made, spec: { defaultBackend: backend }, status };
    const written = await server.client.replaceStatus(INGRESSES, other);
    expect(written).toMatchObject({ spec: made.spec, status, metadata: { generation: 1 } });
    const changed = await server.client.replace(INGRESSES, {
      ...written,
      spec: { defaultBackend: backend },
      status: {},
    });
    expect(changed).toMatchObject({ status, metadata: { generation: 2 } });
    const labelled = { ...changed, metadata: { ...changed.metadata, labels: { a: "b" } } };
    const last = await server.client.replace(INGRESSES, labelled);
    expect(last.metadata.generation).toBe(2);
  });

  test("what changes nothing makes no revision, and an Ingress is replaced without one", async () => {
    const made = await server.client.create(INGRESSES, ingress(await server.namespace()));
    const again = await server.client.replace(INGRESSES, made);
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const blind = { ...made, metadata: { ...made.metadata, resourceVersion: "" } };
    const replaced = await server.client.replace(INGRESSES, {
      ...blind,
      spec: { defaultBackend: backend },
    });
    expect(replaced.metadata.generation).toBe(2);
  });

  test("what has a finalizer goes when the last is taken off", async () => {
    const namespace = await server.namespace();
    const name = { namespace, name: "held" };
    const draft = { ...map(namespace, "held"), metadata: { ...name, finalizers: ["a.example/b"] } };
    const made = await server.client.create(CONFIG_MAPS, draft);
    const wrong = server.client.delete(CONFIG_MAPS, name, "00000000-0000-0000-0000-000000000000");
    await expect(wrong).rejects.toMatchObject({ status: 409, reason: "Conflict" });
    expect(await server.client.delete(CONFIG_MAPS, name, made.metadata.uid)).toBe(true);
    const held = await server.client.get(CONFIG_MAPS, name);
    expect(held?.metadata.deletionTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const body = { metadata: { finalizers: null } };
    await server.client.mergePatch(CONFIG_MAPS, name, { body, subresource: undefined });
    expect(await server.client.get(CONFIG_MAPS, name)).toBeUndefined();
    expect(await server.client.delete(CONFIG_MAPS, name, undefined)).toBe(false);
  });

  test("lists what is selected, in pages of one list", async () => {
    const namespace = await server.namespace();
    for (const name of ["a", "b", "c", "d", "e"]) {
      const labels = { odd: name === "b" || name === "d" ? "no" : "yes" };
      await server.client.create(CONFIG_MAPS, map(namespace, name, labels));
    }
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const select = async (query: string) =>
      named((await server.raw("GET", `${path}?${query}&limit=500`)).body).join("");
    const lists = [
      ["labelSelector=odd%3Dno", "bd"],
      ["labelSelector=odd%21%3Dno", "ace"],
      ["labelSelector=odd+in+(yes%2Cmaybe)", "ace"],
      ["labelSelector=odd+notin+(yes)", "bd"],
      ["labelSelector=even", ""],
      ["labelSelector=%21even%2Codd", "abcde"],
      ["fieldSelector=metadata.name%3Dc", "c"],
      ["fieldSelector=metadata.name%21%3Dc", "abde"],
    ] as const;
    // A real one puts a map of its own into every namespace, at any time.
    for (const [query, want] of lists) {
      const seen = (await select(query)).replace("kube-root-ca.crt", "");
      expect([query, seen]).toEqual([query, want]);
    }
    const query = "labelSelector=odd%3Dyes&limit=2";
    const first = await server.raw("GET", `${path}?${query}`);
    const { continue: next = "", resourceVersion } = first.body["metadata"] as Record<
      string,
      string
    >;
    await server.client.create(CONFIG_MAPS, map(namespace, "f", { odd: "yes" }));
    const rest = await server.raw("GET", `${path}?${query}&continue=${encodeURIComponent(next)}`);
    expect([...named(first.body), ...named(rest.body)]).toEqual(["a", "c", "e"]);
    expect(rest.body["metadata"]).toMatchObject({ resourceVersion });
    expect(first.body["kind"]).toBe("ConfigMapList");
    expect((first.body["items"] as object[])[0]).not.toHaveProperty("kind");
  });

  test("a watch says what comes into and leaves its selection", async () => {
    const namespace = await server.namespace();
    const select = { namespace, labelSelector: "show=yes", fieldSelector: undefined };
    const { resourceVersion } = await server.client.list(CONFIG_MAPS, select);
    const name = { namespace, name: "a" };
    await server.client.create(CONFIG_MAPS, map(namespace, "a"));
    await server.client.mergePatch(CONFIG_MAPS, name, label("yes"));
    const patch = { body: { data: { a: "c" } }, subresource: undefined };
    await server.client.mergePatch(CONFIG_MAPS, name, patch);
    const last = await server.client.mergePatch(CONFIG_MAPS, name, label("no"));
    await server.client.mergePatch(CONFIG_MAPS, name, label("yes"));
    await server.client.delete(CONFIG_MAPS, name, undefined);
    const heard: WatchEvent<typeof last>[] = [];
    const from = { select, resourceVersion, timeoutSeconds: 3 };
    // Whether a bookmark comes before the end is the server's to say.
    for await (const event of server.client.watch(CONFIG_MAPS, from)) {
      if (event.type !== "BOOKMARK") heard.push(event);
    }
    expect(heard.map(({ type }) => type)).toEqual([
      "ADDED",
      "MODIFIED",
      "DELETED",
      "ADDED",
      "DELETED",
    ]);
    // What left is shown as it was, at the revision at which it left.
    expect(heard[2]?.object.metadata).toMatchObject({
      labels: { show: "yes" },
      resourceVersion: last.metadata.resourceVersion,
    });
  });

  test("who may nothing is refused, and told so when asking", async () => {
    const namespace = await server.namespace();
    const select = { ...EVERYTHING, namespace };
    const refused = server.tester.list(INGRESSES, select);
    await expect(refused).rejects.toMatchObject({
      status: 403,
      reason: "Forbidden",
      message:
        `list ingresses.networking.k8s.io ${namespace}: 403 ingresses.networking.k8s.io is forbidden: ` +
        'User "system:serviceaccount:default:tester" cannot list resource "ingresses" in API group ' +
        `"networking.k8s.io" in the namespace "${namespace}"`,
    });
    expect(await server.tester.may("list", INGRESSES, namespace)).toBe(false);
    expect(await server.client.may("list", INGRESSES, undefined)).toBe(true);
    const unknown = server.stranger.list(INGRESSES, select);
    await expect(unknown).rejects.toMatchObject({ status: 401, reason: "Unauthorized" });
  });

  test("says what it serves", async () => {
    expect(await server.client.serves(INGRESSES)).toBe(true);
    expect(await server.client.serves({ ...INGRESSES, version: "v1beta1" })).toBe(false);
    expect(await server.client.serves(ROUTES)).toBe(false);
    expect(Number((await server.client.version()).minor)).toBeGreaterThan(24);
  });

  test("apply makes an object, changes it, and says whose a field is that it does not own", async () => {
    const namespace = await server.namespace();
    const body = {
      metadata: { namespace, name: "web" },
      spec: { rules: [{ host: "a.example", http: { paths } }] },
    };
    const how = { fieldManager: "one", force: false, subresource: undefined };
    const made = await server.client.apply(INGRESSES, body, how);
    expect(made.metadata.generation).toBe(1);
    const again = await server.client.apply(INGRESSES, body, how);
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const status = { loadBalancer: { ingress: [{ hostname: "gateway.example" }] } };
    const statusBody = { metadata: body.metadata, status };
    const written = await server.client.apply(INGRESSES, statusBody, {
      ...how,
      subresource: "status",
    });
    expect(written).toMatchObject({ spec: made.spec, status, metadata: { generation: 1 } });
    const rules = [{ host: "b.example", http: { paths } }];
    const other = { metadata: body.metadata, spec: { rules } };
    // The double knows no owners of fields: there the same words are put into its mouth.
    server.recordConflict({ manager: "one", fields: [".spec.rules"] });
    const theirs = { ...how, fieldManager: "two" };
    await expect(server.client.apply(INGRESSES, other, theirs)).rejects.toMatchObject({
      status: 409,
      reason: "Conflict",
      message: `apply ingresses.networking.k8s.io ${namespace}/web: 409 Apply failed with 1 conflict: conflict with "one": .spec.rules`,
    });
    const forced = await server.client.apply(INGRESSES, other, { ...theirs, force: true });
    expect(forced).toMatchObject({ spec: { rules }, metadata: { generation: 2 } });
  });

  test("a CustomResourceDefinition serves its resource, and takes it away", async () => {
    const namespace = await server.namespace();
    expect(await server.client.list(ROUTES, EVERYTHING).catch((error) => error)).toMatchObject({
      status: 404,
    });
    await server.client.create(CUSTOM_RESOURCE_DEFINITIONS, definition);
    await expect.poll(() => server.client.serves(ROUTES)).toBe(true);
    const draft = { metadata: { namespace, name: "r" }, spec: { a: 1 } };
    const create = () => server.client.create(ROUTES, draft).catch(() => undefined);
    await expect.poll(create).toMatchObject({ metadata: { generation: 1 } });
    const path = `/apis/facts.example.com/v1/namespaces/${namespace}/routes`;
    const patch = await server.raw(
      "PATCH",
      `${path}/r`,
      {},
      "application/strategic-merge-patch+json",
    );
    expect(patch.status).toBe(415);
    const blind = await server.raw("PUT", `${path}/r`, {
      apiVersion: "facts.example.com/v1",
      kind: "Route",
      ...draft,
    });
    expect(blind).toMatchObject({ status: 422, reason: "Invalid" });
    // What is older than the resource is forgotten, and a stream that began as 200 says so.
    const forgotten = "/apis/facts.example.com/v1/routes?watch=true&resourceVersion=1";
    const { status, body } = await server.raw("GET", `${forgotten}&timeoutSeconds=2`);
    expect([status, body["type"]]).toEqual([200, "ERROR"]);
    expect(body["object"]).toMatchObject({ kind: "Status", code: 410, reason: "Expired" });
    const { items, resourceVersion } = await server.client.list(ROUTES, EVERYTHING);
    expect(items[0]?.kind).toBe("Route");
    const from = { select: EVERYTHING, resourceVersion, timeoutSeconds: 20 };
    const heard: string[] = [];
    const watching = (async () => {
      for await (const { type } of server.client.watch(ROUTES, from)) {
        heard.push(type);
        if (type === "DELETED") break;
      }
    })();
    const { name } = definition.metadata;
    await server.client.delete(
      CUSTOM_RESOURCE_DEFINITIONS,
      { namespace: undefined, name },
      undefined,
    );
    await watching;
    expect(heard.at(-1)).toBe("DELETED");
    const listed = () => server.client.list(ROUTES, EVERYTHING).catch(({ status }) => status);
    await expect.poll(listed).toBe(404);
  }, 60_000);

  test("takes the Lease of a leader, its renewals, its raise and its end", async () => {
    const namespace = await server.namespace();
    const lease = { namespace, name: "warren-agent" };
    const leadership = new Leadership({
      client: server.client,
      lease,
      identity: "a",
      clock: systemClock,
      wallClock,
      random: () => 0,
      annotations: () => ({}),
      told: (told) => {
        if (told.kind === "failed") throw told.error;
      },
    });
    leadership.start();
    await expect.poll(() => leadership.isLeading).toBe(true);
    expect(await leadership.raise(7)).toBe(true);
    const held = await server.client.get(LEASES, lease);
    expect(held?.spec).toMatchObject({ holderIdentity: "a", leaseTransitions: 7 });
    await leadership.release();
    const after = await server.client.get(LEASES, lease);
    // A real one leaves out what is empty.
    expect(after?.spec?.holderIdentity ?? "").toBe("");
    expect(after?.spec).toMatchObject({ leaseTransitions: 7, leaseDurationSeconds: 1 });
  });

  test("takes Events of any object, and their series", async () => {
    const namespace = await server.namespace();
    const made = await server.client.create(INGRESSES, ingress(namespace));
    const failures: unknown[] = [];
    let later = nothing;
    let ids = 0;
    const recorder = new KubeEventRecorder({
      client: server.client,
      controller: "warren-agent",
      instance: "warren-agent-0",
      // Lets a minute pass when told so.
      clock: { now: () => 0, after: (_ms, task) => ((later = task), () => {}) },
      wallClock,
      uniqueId: () => `${namespace}-${ids++}`,
      told: (told) => void failures.push(told),
    });
    const object = referenceTo(INGRESSES, made);
    const says = (reason: string) => recorder.warning(object, reason, `é ${"ä".repeat(1_000)}`);
    says("HostTaken");
    recorder.normal({ ...object, name: "x".repeat(253) }, "Seen", "a long name");
    recorder.normal(
      { ...object, kind: "IngressClass", namespace: undefined },
      "Seen",
      "no namespace",
    );
    const seen = async () => (await server.client.list(EVENTS, { ...EVERYTHING, namespace })).items;
    await expect.poll(async () => (await seen()).length).toBe(2);
    says("HostTaken");
    later();
    const counted = async () =>
      (await seen()).find(({ reason }) => reason === "HostTaken")?.series?.count;
    await expect.poll(counted).toBe(2);
    await recorder[Symbol.asyncDispose]();
    expect(failures).toEqual([]);
  });

  test("is followed by a cache, from a list of several pages on", async () => {
    const namespace = await server.namespace();
    const names = Array.from({ length: 510 }, (_, i) => `m-${i}`);
    const made = names.map((name) => server.client.create(CONFIG_MAPS, map(namespace, name)));
    await Promise.all(made);
    const failures: WatchTold[] = [];
    await using watched = watchResource({
      client: server.client,
      resource: CONFIG_MAPS,
      namespaces: [namespace],
      // A real server has a map of its own in every namespace.
      fieldSelector: "metadata.name!=kube-root-ca.crt",
      labelSelector: undefined,
      trim: withoutManagedFields,
      clock: systemClock,
      random: Math.random,
      told: (told) => told.kind !== "listed" && failures.push(told),
      signal: new AbortController().signal,
    });
    await watched.synced;
    expect(watched.size).toBe(510);
    expect(watched.get(`${namespace}/m-7`)?.metadata).not.toHaveProperty("managedFields");
    const patch = { body: { data: { a: "ä" } }, subresource: undefined };
    await server.client.mergePatch(CONFIG_MAPS, { namespace, name: "m-7" }, patch);
    await expect.poll(() => watched.get(`${namespace}/m-7`)?.data?.["a"]).toBe("ä");
    await server.client.delete(CONFIG_MAPS, { namespace, name: "m-8" }, undefined);
    await expect.poll(() => watched.size).toBe(509);
    expect(failures).toEqual([]);
  });

  test("a Service gets what the server gives every one", async () => {
    const namespace = await server.namespace();
    const draft = { metadata: { namespace, name: "web" }, spec: { ports: [{ port: 80 }] } };
    const made = await server.client.create(SERVICES, draft);
    expect(made.spec).toMatchObject({
      type: "ClusterIP",
      sessionAffinity: "None",
      ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
    });
    expect(made.spec?.clusterIP).toMatch(/^10\.96\./);
  });
});
