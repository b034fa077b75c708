import { testCertificates } from "@warren/host/testing";
import { expect, test } from "vitest";
import { Published } from "../../published.ts";
import { clockVoice } from "../../voice.ts";
import { MemoryObjects } from "../../../test/ingress/_objects.ts";
import type { Ingress, Secret } from "../objects.ts";
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
  const named = secretsOf(model.gateway("infra/edge"), () => secret);
  expect([...named]).toEqual(want);
});

test("what a Gateway names is published for the hosts that are, until it names it no more", async () => {
  const published = new Published(clockVoice(() => 1));
  const secrets = new MemoryObjects<Secret>([secret]);
  const ingresses = new MemoryObjects<Ingress>();
  const tls = new TlsSecrets({ ingresses, secrets, published, onProblem: () => {} });
  for (const cache of [secrets, ingresses]) cache.sync();
  await tls.ready;
  const listener = at("*.b.test");
  const { model, published: routes } = settled(
    cluster({
      gateways: [gateway([listener])],
      secrets: [secret],
      routes: [["HTTPRoute", route({ hostnames: ["x.b.test", "y.other"] })]],
    }),
  );
  tls.name(
    "Gateway infra/edge",
    secretsOf(model.gateway("infra/edge"), () => secret),
  );
  expect(published.certificates.size).toBe(0);
  published.change("kube:gateway-api", routes, []);
  expect(published.certificates.get("infra/cert")?.hosts).toEqual(["x.b.test"]);
  tls.name("Gateway infra/edge", new Map());
  expect(published.certificates.size).toBe(0);
});
