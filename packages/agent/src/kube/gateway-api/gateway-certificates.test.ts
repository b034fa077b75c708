import { testCertificates } from "@warren/host/testing";
import { expect, test } from "vitest";
import { Published } from "../../published.ts";
import { clockVoice } from "../../voice.ts";
import { MemoryObjects } from "../../../test/ingress/_objects.ts";
import type { Ingress, Secret } from "../objects.ts";
import { HostOwners } from "../host-owners.ts";
import { TlsSecrets } from "../tls-secrets.ts";
import { cluster, gateway, https, meta, route, settled } from "./_kit.ts";
import { secretsOf } from "./gateway-certificates.ts";

const { cert, key } = testCertificates(["a.test", "*.b.test"]).server;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const secret = {
  metadata: meta("cert"),
  type: "kubernetes.io/tls",
  data: { "tls.crt": base64(cert), "tls.key": base64(key) },
};
const at = (hostname?: string, name = "cert") =>
  https({
    ...(hostname === undefined ? {} : { hostname }),
    tls: { certificateRefs: [{ name }] },
  });

test.each([
  { name: "for the listener's host", listener: at("A.test"), want: [["infra/cert", ["a.test"]]] },
  {
    name: "for the hosts that it names itself where the listener has none",
    listener: at(),
    want: [["infra/cert", ["a.test", "*.b.test"]]],
  },
  { name: "not where it is none", listener: at("a.test", "other"), want: [] },
  { name: "not where the gateways' own are meant", listener: https(), want: [] },
])("a listener's Secret is brought to gateways, $name", ({ listener, want }) => {
  const { model } = settled(cluster({ gateways: [gateway([listener])], secrets: [secret] }));
  const look = { secret: () => secret, isAttached: model.isAttached };
  const named = secretsOf(model.gateway("infra/edge"), look);
  expect(named.map((use) => [use.secret, [...use.hosts]])).toEqual(want);
});

/** A Gateway infra/edge, and what follows from it for certificates. */
async function brought(all: Parameters<typeof cluster>[0], hosts = new HostOwners()) {
  const published = new Published(clockVoice(() => 1));
  const secrets = new MemoryObjects<Secret>([secret]);
  const ingresses = new MemoryObjects<Ingress>();
  const tls = new TlsSecrets({ ingresses, secrets, published, hosts, onProblems: () => {} });
  for (const cache of [secrets, ingresses]) cache.sync();
  await tls.ready;
  const { model, published: routes } = settled(cluster({ ...all, secrets: [secret] }), hosts);
  const look = { secret: () => secret, isAttached: model.isAttached };
  tls.name("infra/edge Gateway", 0, secretsOf(model.gateway("infra/edge"), look));
  const before = published.certificates.size;
  published.change("kube:gateway-api", routes, []);
  return { published, tls, before, at: () => published.certificates.get("infra/cert")?.hosts };
}

test("what a Gateway names is published for the hosts that are, until it names it no more", async () => {
  const {
    published,
    tls,
    before,
    at: hosts,
  } = await brought({
    gateways: [gateway([at("*.b.test")])],
    routes: [["HTTPRoute", route({ hostnames: ["x.b.test", "y.other"] })]],
  });
  expect(before).toBe(0);
  expect(hosts()).toEqual(["x.b.test"]);
  tls.name("infra/edge Gateway", 0, []);
  expect(published.certificates.size).toBe(0);
});

test("what a listener names stays in the cluster while it has no route at the host", async () => {
  const other = { ...at("*.b.test", "other"), name: "elsewhere", port: 80, protocol: "HTTP" };
  const { published, at: hosts } = await brought({
    gateways: [gateway([at("*.b.test"), other])],
    routes: [
      [
        "HTTPRoute",
        route({
          hostnames: ["x.b.test"],
          parentRefs: [{ name: "edge", namespace: "infra", sectionName: "elsewhere" }],
        }),
      ],
    ],
  });
  expect([...published.routes()].map(({ host }) => host)).toEqual(["x.b.test"]);
  expect(hosts()).toBeUndefined();
});
