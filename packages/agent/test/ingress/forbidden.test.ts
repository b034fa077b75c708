// Services whose slices lead to the Kubernetes API, as caches change.
import { describe, expect, test } from "vitest";
import type { EndpointSlice } from "../../src/kube/objects.ts";
import { controlled } from "./_controller-kit.ts";
import { backend, ingress, meta, NGINX, path, service } from "./_kit.ts";

const settled = () => Promise.resolve();
const WEB = "default/shop shop.test Prefix / -> 10.0.0.1:80";

function slice(name: string, address: string, port: number): EndpointSlice {
  return {
    metadata: meta(`${name}-1`, { labels: { "kubernetes.io/service-name": name } }),
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
    ports: [{ port }],
  };
}

async function published(given = ingress()) {
  const kit = controlled();
  kit.found("nginx", NGINX);
  kit.endpointSlices.put(slice("kubernetes", "192.168.1.10", 6_443));
  kit.ingresses.put(given);
  await kit.sync();
  const reasons = () =>
    kit.controller.outcome("default/shop")?.problems.map(({ reason }) => reason) ?? [];
  return { ...kit, reasons };
}

describe("a Service at its cluster address", () => {
  test("is let go when a slice of it leads to the API, and is back when none does", async () => {
    const { endpointSlices, table, reasons } = await published();
    expect(table()).toEqual([WEB]);
    endpointSlices.put(slice("web", "192.168.1.10", 6_443));
    await settled();
    expect([table(), reasons()]).toEqual([[], ["UnsupportedBackend"]]);
    endpointSlices.put(slice("web", "192.168.1.20", 80));
    await settled();
    expect([table(), reasons()]).toEqual([[WEB], []]);
    endpointSlices.put(slice("web", "127.0.0.1", 80));
    await settled();
    expect(table()).toEqual([]);
    endpointSlices.remove("default/web-1");
    await settled();
    expect(table()).toEqual([WEB]);
  });

  test("is let go when the API comes to where it leads, and stays so when that moves on", async () => {
    const { endpointSlices, services, table } = await published();
    endpointSlices.put(slice("web", "192.168.1.30", 443));
    await settled();
    expect(table()).toEqual([WEB]);
    endpointSlices.put(slice("kubernetes", "192.168.1.30", 443));
    await settled();
    expect(table()).toEqual([]);
    endpointSlices.put(slice("kubernetes", "192.168.1.31", 443));
    await settled();
    expect(table()).toEqual([]);
    endpointSlices.put(slice("web", "192.168.1.32", 443));
    await settled();
    expect(table()).toEqual([WEB]);
    services.put(service("kubernetes", { clusterIP: "192.168.1.32", ports: [{ port: 443 }] }));
    await settled();
    expect(table()).toEqual([]);
  });
});

test("nor does its controller lead to the API by a name, nor to where the API comes to be", async () => {
  const spec = { ingressClassName: "nginx" };
  const { services, endpointSlices, table, reasons } = await published(ingress(spec));
  const named = (externalName: string) =>
    services.put(service("web", { type: "ExternalName", externalName, clusterIP: "" }));
  const through = "default/shop shop.test Prefix / -> 10.0.9.9:80";
  named("nas.example.com");
  await settled();
  expect([table(), reasons()]).toEqual([[through], []]);
  named("kubernetes.default.svc.cluster.local.");
  await settled();
  expect([table(), reasons()]).toEqual([[], ["UnsupportedBackend"]]);
  named("192.168.1.40");
  await settled();
  expect(table()).toEqual([through]);
  endpointSlices.put(slice("kubernetes", "192.168.1.40", 6_443));
  await settled();
  expect([table(), reasons()]).toEqual([[], ["UnsupportedBackend"]]);
});

test("of an Ingress whose controller would lead to the API every place is shut", async () => {
  const to = backend("odd");
  const paths = [path("/"), path("/odd", "Prefix", to)];
  const mixed = ingress({
    ingressClassName: "nginx",
    rules: [{ host: "shop.test", http: { paths } }],
  });
  const { services, endpointSlices, ingresses, published: all, reasons } = await published(mixed);
  services.put(service("odd"));
  await settled();
  const places = () =>
    [...all.routes()].map(
      (one) => `${one.ingress_name} ${one.path} ${one.policy.deny?.join() ?? ""}`,
    );
  expect(places()).toEqual(["shop / ", "shop /odd "]);
  endpointSlices.put(slice("odd", "192.168.1.10", 6_443));
  await settled();
  expect([places(), reasons()]).toEqual([[], ["UnsupportedBackend"]]);
  const other = {
    ingressClassName: "nginx",
    rules: [{ host: "shop.test", http: { paths: [path("/b")] } }],
  };
  ingresses.put(ingress(other, { name: "other" }));
  await settled();
  expect(places().toSorted()).toEqual([
    "Shut:shop / 0.0.0.0/0,::/0",
    "Shut:shop /odd 0.0.0.0/0,::/0",
    "other /b ",
  ]);
});
