// Ingresses and Gateway API's routes of one cluster that want the same place, in a whole agent.
import { EVENTS, INGRESSES, type KubeEvent } from "@warren/host/kube";
import type { KubeApi } from "@warren/host/testing";
import { expect, test } from "vitest";
import { followOn } from "./ingress/_follow-kit.ts";
import * as kit from "./_gateway-api-kit.ts";

const PUBLISHED = "warren.dev/Published";

const NAME = { namespace: "tenant", name: "theirs" };

function putIngress(api: KubeApi): void {
  const backend = { service: { name: "web", port: { number: 8080 } } };
  const paths = [{ path: "/", pathType: "ImplementationSpecific" as const, backend }];
  const spec = { ingressClassName: "warren", rules: [{ host: "shop.test", http: { paths } }] };
  api.put({ metadata: NAME, spec }, INGRESSES);
}

test("the older of an Ingress and a route of another namespace is served, and the other is told", async () => {
  let now = Date.parse("2024-01-01T00:00:00Z");
  await using api = await kit.startCluster({ wallClock: () => now });
  kit.putService(api, "web", "tenant");
  putIngress(api);
  now += 60_000;
  kit.putRoute(api);
  await using owned = new AsyncDisposableStack();
  const agent = followOn(api, owned);
  await api.until(() => kit.ofRoute(api, PUBLISHED) === "False Conflicted");
  const owners = () => [...agent.published.routes()].map((route) => route.ingress_name);
  expect(owners()).toEqual(["theirs"]);

  api.remove(INGRESSES, NAME);
  await api.until(() => kit.ofRoute(api, PUBLISHED) === "Unknown Pending");
  expect(owners()).toEqual(["HTTPRoute:shop"]);

  now += 60_000;
  putIngress(api);
  const { note, regarding } = await api.until(() =>
    api.all<KubeEvent>(EVENTS).find((one) => one.reason === "HostOfOther"),
  );
  expect(regarding).toMatchObject(NAME);
  expect(note).toBe(
    "shop.test is of another namespace: HTTPRoute infra/shop is older, and lets others in by warren.dev/share-host alone",
  );
  expect(kit.ofRoute(api, PUBLISHED)).toBe("Unknown Pending");
});
