// Where a kube-apiserver itself says that it answers, and a Service that somebody leads there.
import { systemClock } from "@warren/host";
import {
  CALL_TIMEOUT_MS,
  ENDPOINT_SLICES,
  EVENTS,
  EVERYTHING,
  INGRESS_CLASSES,
  INGRESSES,
  kubeClient,
  NAMESPACES,
  SERVICES,
} from "@warren/host/kube";
import { kubePrograms, privateKubeApiserver } from "@warren/host/testing";
import { expect, test } from "vitest";
import { follow, ingressOf } from "./_follow-kit.ts";

const programs = kubePrograms();
const metadata = (name: string) => ({ name, namespace: "shop" });
const LONG = { timeout: 30_000 };

test.skipIf(programs === undefined)(
  "an agent of one namespace leads to the LAN, and not to the Kubernetes API, on a kube-apiserver",
  async () => {
    await using owned = new AsyncDisposableStack();
    const server = owned.use(await privateKubeApiserver(programs!));
    const said = { userAgent: "test", fieldManager: "test", timeoutMs: CALL_TIMEOUT_MS };
    using kube = kubeClient({ access: server.admin, clock: systemClock, ...said });
    await kube.create(NAMESPACES, { metadata: { name: "shop" } });
    const controller = "warren.dev/ingress";
    await kube.create(INGRESS_CLASSES, { metadata: { name: "warren" }, spec: { controller } });
    const own = { namespace: "default", name: "kubernetes" };
    const api = await expect
      .poll(() => kube.get(ENDPOINT_SLICES, own), LONG)
      .not.toBeUndefined()
      .then(() => kube.get(ENDPOINT_SLICES, own));
    const lead = async (name: string, address: string, port: number) => {
      const spec = { ports: [{ port: 80 }] };
      await kube.create(SERVICES, { metadata: metadata(name), spec });
      await kube.create(ENDPOINT_SLICES, {
        metadata: { ...metadata(name), labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        endpoints: [{ addresses: [address] }],
        ports: [{ name: "", port }],
      });
      const backend = { service: { name, port: { number: 80 } } };
      const paths = [{ path: "/", pathType: "Prefix" as const, backend }];
      const one = ingressOf(name, { rules: [{ host: `${name}.test`, http: { paths } }] });
      await kube.create(INGRESSES, { ...one, metadata: metadata(name) });
    };
    await lead("lan", "192.0.2.1", 80);
    await lead("api", api!.endpoints![0]!.addresses[0]!, api!.ports![0]!.port!);

    const { published } = follow(server.admin, owned, { namespaces: ["shop"] });
    await expect.poll(() => published.has("shop/lan lan.test Prefix /"), LONG).toBe(true);
    const notes = async () =>
      (await kube.list(EVENTS, { ...EVERYTHING, namespace: "shop" })).items.map(({ note }) => note);
    const leads = expect.stringContaining("Service shop/api leads to the Kubernetes API");
    await expect.poll(notes, LONG).toContainEqual(leads);
    expect(published.size).toBe(1);
  },
  120_000,
);
