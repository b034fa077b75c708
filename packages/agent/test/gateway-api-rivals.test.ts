// Ingresses and Gateway API's routes of one cluster that want the same place, in a whole agent.
import { promMetrics, systemClock } from "@warren/host";
import { EVENTS, INGRESSES, openAccess, type KubeEvent } from "@warren/host/kube";
import { silentLog, type KubeApi } from "@warren/host/testing";
import { expect, test } from "vitest";
import { followCluster } from "../src/kube/start-kube.ts";
import { Published } from "../src/published.ts";
import { STRICT_TLS } from "../src/target.ts";
import * as kit from "./_gateway-api-kit.ts";

const PUBLISHED = "warren.dev/Published";

function follow(api: KubeApi) {
  const source = followCluster(
    {
      kubeconfig: undefined,
      context: undefined,
      inPod: { host: undefined, port: undefined },
      namespaces: undefined,
      select: "all",
      className: "warren",
      gatewayController: "warren.dev/gateway",
      mode: "tunnel",
      controllerNamespaces: undefined,
      tlsSecrets: false,
      lease: { namespace: "default", name: "warren-agent" },
      podNamespace: "default",
    },
    {
      agentId: "agent-0",
      version: "1.2.3",
      log: silentLog(),
      metrics: promMetrics(),
      clock: systemClock,
      wallClock: Date.now,
      random: () => 0.5,
      tls: STRICT_TLS,
      connectTimeoutMs: 1_000,
      gateways: ["wss://gateway.test"],
    },
    openAccess(api.url),
  );
  const published = new Published(source.voice);
  // Nobody leads without a gateway.
  source.connected(true);
  source.start(published);
  return { published, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
}

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
  await using agent = follow(api);
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
