import { routeKey } from "@warren/wire";
import { expect, test } from "vitest";
import { placesOf } from "../src/target.ts";
import * as kit from "./_gateway-api-kit.ts";
import { meta } from "./ingress/_kit.ts";

const pods = (...addresses: string[]) => ({
  metadata: meta("web-1", {
    namespace: "infra",
    labels: { "kubernetes.io/service-name": "web" },
  }),
  addressType: "IPv4" as const,
  endpoints: addresses.map((one) => ({ addresses: [one] })),
  ports: [{ port: 8_080 }],
});

test("a route that keeps its clients is dialled at the pods as they are, others at the Service", async () => {
  await using api = await kit.startCluster();
  kit.putRoute(api, { name: "kept", annotations: { "warren.dev/affinity": "cookie" } });
  kit.putRoute(api, { name: "plain" });
  await using agent = kit.startAgentPart(api);
  await agent.ready;
  const dialled = () =>
    [...agent.published.routes()]
      .toSorted((one, other) => (one.host < other.host ? -1 : 1))
      .map(
        (route) =>
          `${route.host} ${agent.published
            .get(routeKey(route))!
            .targets.flatMap(placesOf)
            .map(({ host }) => host)
            .join()}`,
      );
  expect(dialled()).toEqual(["kept.test 10.0.0.1", "plain.test 10.0.0.1"]);
  for (const addresses of [["10.1.0.1", "10.1.0.2"], ["10.1.0.2"]]) {
    agent.endpointSlices.put(pods(...addresses));
    await Promise.resolve();
    expect(dialled()).toEqual([`kept.test ${addresses.join()}`, "plain.test 10.0.0.1"]);
  }
});

test("however many rules of a route lead to a Service, its pods are looked for once", async () => {
  await using api = await kit.startCluster();
  const backendRefs = [
    { name: "web", port: 8080 },
    { name: "web", port: 8080 },
  ];
  const rules = ["/a", "/b"].map((value) => ({ matches: [{ path: { value } }], backendRefs }));
  kit.putRoute(api, { annotations: { "warren.dev/affinity": "client_ip" }, spec: { rules } });
  await using agent = kit.startAgentPart(api);
  agent.endpointSlices.put(pods("10.1.0.1"));
  await agent.ready;
  const targets = [...agent.published.routes()].flatMap(
    (route) => agent.published.get(routeKey(route))!.targets,
  );
  expect(targets).toHaveLength(4);
  expect(new Set(targets).size).toBe(1);
});
