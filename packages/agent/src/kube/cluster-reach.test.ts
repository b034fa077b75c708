import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { ClusterReach } from "./cluster-reach.ts";
import type { Service } from "./objects.ts";

const HTTP = { name: "http", port: 80 };
const HTTPS = { name: "https", port: 443 };

test.each([
  { name: "auto, with a TLS port", mode: "auto" as const, ports: [HTTP, HTTPS], want: "both" },
  { name: "auto, with plain HTTP alone", mode: "auto" as const, ports: [HTTP], want: "tunnel" },
  { name: "both, with plain HTTP alone", mode: "both" as const, ports: [HTTP], want: "both" },
])("a public cluster is reached by $want in mode $name", async ({ mode, ports, want }) => {
  const foremost: Service = {
    metadata: { namespace: "ingress", name: "controller", uid: "u", resourceVersion: "1" },
    spec: { type: "LoadBalancer", ports },
    status: { loadBalancer: { ingress: [{ ip: "93.184.216.34" }] } },
  };
  const told = Promise.withResolvers<void>();
  using reach = new ClusterReach({
    controllers: { synced: Promise.resolve(), foremost, onChange: () => () => {} },
    hidden: () => [],
    mode,
    clock: virtualClock(),
    resolve: () => Promise.reject(new Error("ENOTFOUND")),
    told: () => told.resolve(),
  });
  await told.promise;
  expect([reach.isPrivate, reach.mode]).toEqual([false, want]);
});
