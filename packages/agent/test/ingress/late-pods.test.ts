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

test("Ingresses that dial a Service's pods alike share the list of these, and no others do", async () => {
  const { ingresses, endpointSlices, sync, published } = controlled();
  endpointSlices.put(pods("10.1.0.1"));
  const put = (name: string, more: Record<string, string>) => {
    const annotations = { "warren.dev/affinity": "cookie", ...more };
    ingresses.put(
      ingress(
        { rules: [{ host: `${name}.test`, http: { paths: [path()] } }] },
        { name, annotations },
      ),
    );
  };
  put("a", {});
  put("b", { "warren.dev/affinity": "client_ip" });
  put("h2", { "warren.dev/backend-protocol": "GRPC" });
  await sync();
  const dialled = (name: string) =>
    published.get(`default/${name} ${name}.test Prefix /`)!.targets[0]!.endpoints!.targets;
  const before = dialled("a");
  expect(dialled("b")).toBe(before);
  expect(dialled("h2")).not.toBe(before);
  expect(dialled("h2")[0]?.protocol).toBe("h2c");
  endpointSlices.put(pods("10.1.0.2"));
  await Promise.resolve();
  expect(dialled("a")[0]?.host).toBe("10.1.0.2");
  expect(dialled("b")).toBe(dialled("a"));
  put("c", {});
  await Promise.resolve();
  expect(dialled("c")).toBe(dialled("a"));
});

test("two ports of a Service are dialled each at its own", async () => {
  const { ingresses, services, endpointSlices, sync, published } = controlled();
  const ports = [80, 81].map((port) => ({ name: `p${port}`, port }));
  services.put(service("web", { ports }));
  endpointSlices.put({
    ...pods("10.1.0.1"),
    ports: [80, 81].map((n) => ({ name: `p${n}`, port: n + 8_000 })),
  });
  const paths = [80, 81].map((number) =>
    path(`/${number}`, "Prefix", { service: { name: "web", port: { number } } }),
  );
  const annotations = { "warren.dev/affinity": "cookie" };
  ingresses.put(
    ingress({ rules: [{ host: "a.test", http: { paths } }] }, { name: "a", annotations }),
  );
  await sync();
  const at = (port: number) =>
    published.get(`default/a a.test Prefix /${port}`)!.targets[0]!.endpoints!.targets[0]!.port;
  expect([at(80), at(81)]).toEqual([8_080, 8_081]);
});
