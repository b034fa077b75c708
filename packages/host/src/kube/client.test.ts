import { describe, expect, test } from "vitest";
import { startKubeApi, type KubeApi } from "../testing/index.ts";
import { EVERYTHING } from "./object.ts";
import { INGRESSES, LEASES, SERVICES, type Ingress } from "./resources.ts";

const web = { namespace: "default", name: "web" };
const ingress = (host: string) => ({
  metadata: { ...web },
  spec: { rules: [{ host }] },
});

const names = (items: readonly Ingress[]) => items.map(({ metadata }) => metadata.name);

async function fill(api: KubeApi, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    api.put({ metadata: { namespace: "default", name: `w${i}` }, spec: {} }, INGRESSES);
  }
}

describe("a client of the API", () => {
  test("creates, reads, replaces and deletes", async () => {
    await using api = await startKubeApi();
    const client = api.client();
    const made = await client.create(INGRESSES, ingress("a.example"));
    expect(made.metadata.generation).toBe(1);
    expect(await client.get(INGRESSES, web)).toEqual(made);
    const replaced = await client.replace(INGRESSES, { ...made, spec: { rules: [] } });
    expect(replaced.metadata.generation).toBe(2);
    const stale = client.replace(INGRESSES, made);
    await expect(stale).rejects.toMatchObject({ status: 409, reason: "Conflict" });
    const other = client.delete(INGRESSES, web, "00000000-0000-0000-0000-000000000000");
    await expect(other).rejects.toMatchObject({ reason: "Conflict" });
    expect(await client.delete(INGRESSES, web, made.metadata.uid)).toBe(true);
    expect(await client.delete(INGRESSES, web, undefined)).toBe(false);
    expect(await client.get(INGRESSES, web)).toBeUndefined();
  });

  test("a status is written apart, and makes no new generation", async () => {
    await using api = await startKubeApi();
    const client = api.client();
    const made = await client.create(INGRESSES, ingress("a.example"));
    const status = { loadBalancer: { ingress: [{ hostname: "gateway.example" }] } };
    const written = await client.replaceStatus(INGRESSES, { ...made, spec: { rules: [] }, status });
    expect(written).toMatchObject({ status, spec: made.spec, metadata: { generation: 1 } });
    const kept = await client.replace(INGRESSES, { ...written, status: {} });
    expect(kept.status).toEqual(status);
  });

  test("lists in pages, and begins anew when the rest has expired", async () => {
    await using api = await startKubeApi();
    const client = api.client();
    await fill(api, 1_200);
    let expire = true;
    api.intercept(({ verb, request }) => {
      if (verb === "list" && expire && request.url?.includes("continue=") === true) {
        expire = false;
        api.compact();
        api.put({ metadata: { namespace: "default", name: "late" } }, INGRESSES);
        api.compact();
      }
      return false;
    });
    const listed = await client.list(INGRESSES, EVERYTHING);
    expect(listed.items.length).toBe(1_201);
    expect(names(listed.items)).toContain("late");
    const lists = api.requests.filter(({ verb }) => verb === "list").map(({ status }) => status);
    expect(lists).toEqual([200, 410, 200, 200, 200]);
  });

  test("asks what is served and what it may", async () => {
    await using api = await startKubeApi();
    const client = api.client();
    expect(await client.serves(INGRESSES)).toBe(true);
    expect(await client.serves({ ...INGRESSES, group: "gateway.networking.k8s.io" })).toBe(false);
    expect(await client.may("list", SERVICES, undefined)).toBe(true);
    api.forbid("list", SERVICES);
    expect(await client.may("list", SERVICES, undefined)).toBe(false);
    await expect(client.list(SERVICES, EVERYTHING)).rejects.toMatchObject({ reason: "Forbidden" });
    const rule = { apiGroups: [""], resources: ["services"], verbs: ["get"] };
    api.allowOnly([{ ...rule, namespace: "apps", resourceNames: ["web"] }]);
    expect(await client.may("get", SERVICES, { namespace: "apps", name: "web" })).toBe(true);
    expect(await client.may("get", SERVICES, { namespace: "apps", name: "other" })).toBe(false);
    expect(await client.may("get", SERVICES, "apps")).toBe(false);
    expect((await client.version()).major).toBe("1");
  });

  test("a Lease is not replaced without its resourceVersion", async () => {
    await using api = await startKubeApi();
    const client = api.client();
    const lease = await client.create(LEASES, { metadata: { ...web }, spec: {} });
    const blind = { ...lease, metadata: { ...lease.metadata, resourceVersion: "" } };
    await expect(client.replace(LEASES, blind)).rejects.toMatchObject({ reason: "Invalid" });
  });

  test("watches from where its list ended", async () => {
    await using api = await startKubeApi();
    const client = api.client();
    const { resourceVersion } = await client.list(INGRESSES, EVERYTHING);
    api.put(ingress("a.example"), INGRESSES);
    const heard: string[] = [];
    const from = { select: EVERYTHING, resourceVersion, timeoutSeconds: 300 };
    for await (const { type, object } of client.watch(INGRESSES, from)) {
      heard.push(`${type} ${"spec" in object ? object.metadata.name : ""}`);
      if (type === "ADDED") api.bookmark();
      if (type === "BOOKMARK") api.remove(INGRESSES, web);
      if (type === "DELETED") break;
    }
    expect(heard).toEqual(["ADDED web", "BOOKMARK ", "DELETED web"]);
    await api.until(() => api.streams === 0);
  });
});
