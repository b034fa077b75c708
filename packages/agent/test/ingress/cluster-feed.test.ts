import { expect, test } from "vitest";
import { WatchedCluster } from "../../src/kube/cluster-feed.ts";
import type { ClusterChange } from "../../src/kube/cluster-view.ts";
import type { EndpointSlice, IngressClass, Secret, Service } from "../../src/kube/objects.ts";
import { classOf, meta, SERVER, service } from "./_kit.ts";
import { MemoryObjects } from "./_objects.ts";

function watched() {
  const caches = {
    services: new MemoryObjects<Service>(),
    endpointSlices: new MemoryObjects<EndpointSlice>([sliceOf("early", "web")]),
    ingressClasses: new MemoryObjects<IngressClass>(),
  };
  const never = {
    synced: Promise.resolve(),
    controller: () => undefined,
    onChange: () => () => {},
  };
  const feed = new WatchedCluster({
    ...caches,
    server: SERVER,
    isApiHidden: () => false,
    secrets: new MemoryObjects<Secret>(),
    controllers: never,
    reach: { mode: "tunnel", endpoint: undefined, onChange: () => () => {} },
  });
  const heard: ClusterChange[] = [];
  feed.onChange((change) => void heard.push(change));
  return { ...caches, feed, heard };
}

function sliceOf(name: string, serviceName: string): EndpointSlice {
  return {
    metadata: meta(name, { labels: { "kubernetes.io/service-name": serviceName } }),
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.1.0.1"] }],
  };
}

const at = (address: string, port: number) => ({
  endpoints: [{ addresses: [address] }],
  ports: [{ port }],
});
const names = (slices: readonly EndpointSlice[]) => slices.map(({ metadata }) => metadata.name);

test("slices are found by their Service, also those that were there before, and those that move", () => {
  const { feed, endpointSlices, heard } = watched();
  expect(names(feed.endpoints("default", "web"))).toEqual(["early"]);
  endpointSlices.put(sliceOf("late", "web"));
  expect(names(feed.endpoints("default", "web"))).toEqual(["early", "late"]);
  endpointSlices.put(sliceOf("late", "api"));
  expect(names(feed.endpoints("default", "web"))).toEqual(["early"]);
  expect(names(feed.endpoints("default", "api"))).toEqual(["late"]);
  expect(heard.slice(1)).toEqual([
    { kind: "endpoints", key: "default/web" },
    { kind: "endpoints", key: "default/api" },
  ]);
  endpointSlices.remove("default/late");
  expect(feed.endpoints("default", "api")).toEqual([]);
});

test("the list of a Service's slices is the very same until one of them is another", () => {
  const { feed, endpointSlices } = watched();
  const before = feed.endpoints("default", "web");
  endpointSlices.put(sliceOf("other", "api"));
  expect(feed.endpoints("default", "web")).toBe(before);
  endpointSlices.put({ ...sliceOf("early", "web"), endpoints: [] });
  const after = feed.endpoints("default", "web");
  expect(after).not.toBe(before);
  expect(after[0]?.endpoints).toEqual([]);
});

test("of two default classes the newest is meant, as the API server has it", () => {
  const { feed, ingressClasses } = watched();
  const put = (name: string, creationTimestamp: string, isDefault: boolean) => {
    const one = classOf(name, "x.test/y", isDefault);
    const metadata = { ...one.metadata, namespace: "", creationTimestamp };
    ingressClasses.put({ ...one, metadata });
  };
  expect(feed.defaultIngressClass()).toBeUndefined();
  put("old", "2024-01-01T00:00:00Z", true);
  put("new", "2024-02-01T00:00:00Z", true);
  expect(feed.defaultIngressClass()?.metadata.name).toBe("new");
  put("new", "2024-02-01T00:00:00Z", false);
  expect(feed.defaultIngressClass()?.metadata.name).toBe("old");
  ingressClasses.remove("old");
  expect(feed.defaultIngressClass()).toBeUndefined();
});

test("what is heard can be looked up, and nothing is heard after the end", () => {
  const { feed, services, heard } = watched();
  const seen: (string | undefined)[] = [];
  feed.onChange(() => seen.push(feed.service("default", "web")?.spec?.clusterIP));
  services.put(service("web", { clusterIP: "10.0.0.5" }));
  services.remove("default/web");
  expect(seen).toEqual(["10.0.0.5", undefined]);
  feed[Symbol.dispose]();
  services.put(service("web"));
  expect(heard).toHaveLength(2);
});

test("where the Kubernetes API has been nobody is led, whatever its own slices and Service say later", () => {
  const { feed, services, endpointSlices } = watched();
  const api = { ...sliceOf("kubernetes", "kubernetes"), ...at("192.0.2.1", 6_443) };
  services.put(service("kubernetes", { clusterIP: "10.96.0.1", ports: [{ port: 443 }] }));
  endpointSlices.put(api);
  for (const [name, address, port] of [
    ["same", "192.0.2.1", 6_443],
    ["port", "192.0.2.9", 6_443],
    ["cluster", "10.96.0.1", 443],
  ] as const)
    endpointSlices.put({ ...sliceOf(name, name), ...at(address, port) });
  const why = () => ["same", "port", "cluster"].map((name) => feed.forbidden("default", name));
  const first = why();
  expect(first).not.toContain(undefined);
  endpointSlices.put({ ...api, endpoints: [] });
  expect(why()).toEqual(first);
  endpointSlices.put({ ...api, ...at("192.0.2.2", 443) });
  expect(why()).toEqual(first);
  endpointSlices.remove("default/kubernetes");
  services.remove("default/kubernetes");
  expect(why()).toEqual(first);
});
