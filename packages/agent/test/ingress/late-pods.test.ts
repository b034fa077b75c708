import { expect, test } from "vitest";
import { controlled } from "./_controller-kit.ts";
import { classOf, ingress, meta, NGINX, path, service } from "./_kit.ts";

const pods = (address: string) => ({
  metadata: meta("web-1", { labels: { "kubernetes.io/service-name": "web" } }),
  addressType: "IPv4" as const,
  endpoints: [{ addresses: [address] }],
  ports: [{ name: "http", port: 8_080 }],
});

test.each([
  { who: "their Service", sessionAffinity: "ClientIP" as const, annotations: {} },
  {
    who: "the Ingress",
    sessionAffinity: "None" as const,
    annotations: { "warren.dev/affinity": "cookie" },
  },
])(
  "an Ingress is dialled at pods that become ready after it, where $who keeps clients there",
  async ({ sessionAffinity, annotations }) => {
    const { ingresses, services, endpointSlices, sync, published } = controlled();
    services.put(service("web", { sessionAffinity }));
    const rules = [{ host: "a.test", http: { paths: [path()] } }];
    ingresses.put(ingress({ rules }, { name: "a", annotations }));
    await sync();
    const target = () => published.get("default/a a.test Prefix /")!.targets[0]!;
    expect(target().endpoints).toBeUndefined();
    endpointSlices.put(pods("10.1.0.1"));
    await Promise.resolve();
    expect(target().endpoints).toBeDefined();
  },
);

test("pods that come and go concern those alone who keep clients there", async () => {
  const { ingresses, ingressClasses, endpointSlices, found, sync, controller } = controlled();
  const annotations = { "warren.dev/affinity": "cookie" };
  const put = (name: string, ingressClassName: string, more: object) =>
    ingresses.put(
      ingress(
        { ingressClassName, rules: [{ host: `${name}.test`, http: { paths: [path()] } }] },
        { name, ...more },
      ),
    );
  const nginx = classOf("nginx", "k8s.io/ingress-nginx");
  ingressClasses.put({ ...nginx, metadata: { ...nginx.metadata, namespace: "" } });
  found("nginx", NGINX);
  put("kept", "warren", { annotations });
  put("plain", "warren", {});
  put("through", "nginx", { annotations });
  put("gone", "warren", { annotations });
  await sync();
  ingresses.remove("default/gone");
  await Promise.resolve();
  const heard: string[] = [];
  controller.onOutcomes((keys) => heard.push(...keys));
  endpointSlices.put(pods("10.1.0.1"));
  await Promise.resolve();
  expect(heard).toEqual(["default/kept"]);
});
