// Certificates of Ingresses, in a whole agent that may read TLS Secrets.
import { EVENTS, INGRESSES, SECRETS, SERVICES, type KubeEvent } from "@warren/host/kube";
import { startKubeApi, testAuthority, type KubeApi } from "@warren/host/testing";
import { expect, test } from "vitest";
import { followOn, ingressOf } from "./_follow-kit.ts";

const KEY = "default/shop a.test Prefix /";
const authority = testAuthority();
const base64 = (text: string) => Buffer.from(text).toString("base64");

function putSecret(api: KubeApi, namespace: string): void {
  const { cert, key } = authority.issue({ hosts: ["a.test"] });
  const data = { "tls.crt": base64(cert), "tls.key": base64(key) };
  const metadata = { namespace, name: "tls" };
  api.put({ metadata, type: "kubernetes.io/tls", data }, SECRETS);
}

async function started() {
  await using owned = new AsyncDisposableStack();
  const api = owned.use(await startKubeApi());
  const spec = { clusterIP: "10.0.0.1", ports: [{ port: 80 }] };
  for (const namespace of ["default", "evil"])
    api.put({ metadata: { namespace, name: "web" }, spec }, SERVICES);
  const tls = [{ hosts: ["a.test"], secretName: "tls" }];
  const put = (name: string, more: object = {}, metadata: object = {}) => {
    const one = ingressOf(name, { tls, ...more });
    api.put({ ...one, metadata: { ...one.metadata, ...metadata } }, INGRESSES);
  };
  const all = owned.move();
  const agent = followOn(api, all, { tlsSecrets: true });
  const hosts = (name: string) => agent.published.certificates.get(name)?.hosts;
  const isBrought = (name: string) =>
    expect.poll(() => hosts(name), { interval: 5 }).toEqual(["a.test"]);
  return { api, put, agent, hosts, isBrought, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

test("who names a Secret that is not there reads it in an Event, and its certificate is brought once it is", async () => {
  await using kit = await started();
  kit.put("shop");
  await kit.agent.judge({ accepted: true }, KEY);
  const { note, regarding, type } = await kit.api.until(() =>
    kit.api.all<KubeEvent>(EVENTS).find(({ reason }) => reason === "CertificateMissing"),
  );
  expect([type, regarding?.name, note]).toEqual([
    "Warning",
    "shop",
    "Secret default/tls is not used: there is no such Secret of type kubernetes.io/tls",
  ]);
  putSecret(kit.api, "default");
  await kit.isBrought("default/tls");
});

test("a tenant's Secret takes no host, and that of an Ingress that is left out stays", async () => {
  await using kit = await started();
  putSecret(kit.api, "evil");
  const backend = { service: { name: "web", port: { number: 80 } } };
  const paths = [{ path: "/", pathType: "Prefix", backend }];
  kit.put("theirs", { rules: [{ host: "e.test", http: { paths } }] }, { namespace: "evil" });
  await kit.agent.there("evil/theirs e.test Prefix /");
  kit.put("shop", { tls: [] });
  await kit.agent.there(KEY);
  putSecret(kit.api, "default");
  const annotations = { "warren.dev/publish": "false" };
  kit.put("left", {}, { annotations });
  kit.put("last", { rules: [{ host: "last.test", http: { paths } }], tls: [] });
  await kit.agent.there("default/last last.test Prefix /");
  expect(kit.agent.published.certificates.size).toBe(0);
  kit.put("shop");
  await kit.isBrought("default/tls");
  expect(kit.hosts("evil/tls")).toBeUndefined();
});
