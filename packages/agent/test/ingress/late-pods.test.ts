import { expect, test } from "vitest";
import { controlled } from "./_controller-kit.ts";
import { ingress, meta, path, service } from "./_kit.ts";

test("an Ingress is dialled at pods that become ready after it, where clients are to stay with theirs", async () => {
  const { ingresses, services, endpointSlices, sync, published } = controlled();
  services.put(service("web", { sessionAffinity: "ClientIP" }));
  ingresses.put(ingress({ rules: [{ host: "a.test", http: { paths: [path()] } }] }, { name: "a" }));
  await sync();
  const target = () => published.get("default/a a.test Prefix /")!.targets[0]!;
  expect(target().endpoints).toBeUndefined();
  endpointSlices.put({
    metadata: meta("web-1", { labels: { "kubernetes.io/service-name": "web" } }),
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.1.0.1"] }],
    ports: [{ name: "http", port: 8_080 }],
  });
  await Promise.resolve();
  expect(target().endpoints).toBeDefined();
});
