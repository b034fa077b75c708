import { testCertificates } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { Secret } from "../objects.ts";
import { gateway, grant, https, meta, statusOf, conditionOf } from "./_kit.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const pair = testCertificates(["shop.test"]).server;
const secret = (data: Record<string, string>, namespace = "infra"): Secret => ({
  metadata: meta("cert", { namespace }),
  type: "kubernetes.io/tls",
  data,
});
const good = (namespace?: string) =>
  secret({ "tls.crt": base64(pair.cert), "tls.key": base64(pair.key) }, namespace);
const withCertificate = (more: object = {}) =>
  https({ tls: { mode: "Terminate", certificateRefs: [{ name: "cert", ...more }] } });

const allowed = (name?: string) =>
  grant("vault", {
    from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "infra" }],
    to: [{ group: "", kind: "Secret", ...(name === undefined ? {} : { name }) }],
  });

describe("a listener's certificate", () => {
  test.each([
    {
      name: "there",
      listener: withCertificate(),
      secrets: () => [good()],
      want: "True ResolvedRefs",
    },
    {
      name: "not there",
      listener: withCertificate(),
      secrets: () => [],
      want: "False InvalidCertificateRef",
    },
    {
      name: "not readable by the agent",
      listener: withCertificate(),
      secrets: () => undefined,
      want: "False InvalidCertificateRef",
    },
    {
      name: "no certificate",
      listener: withCertificate(),
      secrets: () => [secret({ "tls.crt": base64("x"), "tls.key": base64("y") })],
      want: "False InvalidCertificateRef",
    },
    {
      name: "without its key",
      listener: withCertificate(),
      secrets: () => [secret({ "tls.crt": base64(pair.cert) })],
      want: "False InvalidCertificateRef",
    },
    {
      name: "of another kind",
      listener: withCertificate({ kind: "ConfigMap" }),
      secrets: () => [good()],
      want: "False InvalidCertificateRef",
    },
    {
      name: "of another group",
      listener: withCertificate({ group: "example.com" }),
      secrets: () => [good()],
      want: "False InvalidCertificateRef",
    },
    {
      name: "elsewhere, without a grant",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, with a grant for another one",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      grants: [allowed("other")],
      want: "False RefNotPermitted",
    },
    {
      name: "elsewhere, with a grant for it",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      grants: [allowed("cert")],
      want: "True ResolvedRefs",
    },
    {
      name: "elsewhere, with a grant for all",
      listener: withCertificate({ namespace: "vault" }),
      secrets: () => [good("vault")],
      grants: [allowed()],
      want: "True ResolvedRefs",
    },
  ])("that is $name: $want", ({ listener, secrets, grants = [], want }) => {
    const status = statusOf(gateway([listener]), { secrets: secrets(), grants });
    const [first] = status?.listeners ?? [];
    expect(conditionOf("ResolvedRefs", first?.conditions)).toBe(want);
    const programmed = want.startsWith("True") ? "True Programmed" : "False Invalid";
    expect(conditionOf("Programmed", first?.conditions)).toBe(programmed);
    const summary = want.startsWith("True") ? "True ResolvedRefs" : "False ListenersNotResolved";
    expect(conditionOf("ResolvedRefs", status?.conditions)).toBe(summary);
  });

  test("is never quoted", () => {
    const secrets = [secret({ "tls.crt": base64("OOPS"), "tls.key": base64("OOPS") })];
    const status = statusOf(gateway([withCertificate()]), { secrets });
    expect(JSON.stringify(status)).not.toContain("OOPS");
  });
});
