import { testCertificates } from "@warren/host/testing";
import { expect, test } from "vitest";
import { cluster, gateway, https, meta, settled } from "./_kit.ts";
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
