import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Secret } from "../objects.ts";
import type { SecretReference } from "./objects.ts";
import type { CrossReference } from "./grants.ts";
import { GROUP } from "./objects.ts";

export interface CertificateLookUps {
  /** Undefined where the agent may not read Secrets. */
  readonly secret: ((namespace: string, name: string) => Secret | undefined) | undefined;
  readonly granted: (reference: CrossReference) => boolean;
}

/** What is wrong with a listener's reference to a certificate. */
export interface CertificateProblem {
  readonly reason: "RefNotPermitted" | "InvalidCertificateRef";
  readonly message: string;
}

/** `namespace` is the Gateway's. Undefined: the Secret is there and holds a certificate with its key. */
export function certificateProblem(
  reference: SecretReference,
  namespace: string,
  { secret, granted }: CertificateLookUps,
): CertificateProblem | undefined {
  const { group = "", kind = "Secret", name } = reference;
  const where = reference.namespace ?? namespace;
  if (group !== "" || kind !== "Secret")
    return invalid(
      `${group === "" ? "" : `${group}/`}${kind} is no kind of certificate, use a Secret`,
    );
  const permitted =
    where === namespace ||
    granted({
      from: { group: GROUP, kind: "Gateway", namespace },
      to: { group: "", kind: "Secret", namespace: where, name },
    });
  if (!permitted)
    return {
      reason: "RefNotPermitted",
      message: `no ReferenceGrant in ${where} lets Gateways of ${namespace} use Secret ${name}`,
    };
  if (secret === undefined)
    return invalid(
      "this agent may not read Secrets: allow it, or leave certificateRefs out and set tls.options " +
        `"warren.dev/certificate" to "gateway" for the certificates of Warren's gateways`,
    );
  const found = secret(where, name);
  if (found === undefined) return invalid(`there is no Secret ${where}/${name}`);
  const flaw = flawOf(found);
  return flaw === undefined ? undefined : invalid(`Secret ${where}/${name} ${flaw}`);
}

function invalid(message: string): CertificateProblem {
  return { reason: "InvalidCertificateRef", message };
}

/** Never says what it read. */
function flawOf({ type, data = {} }: Secret): string | undefined {
  if (type !== undefined && type !== "kubernetes.io/tls")
    return `has type ${type}, not kubernetes.io/tls`;
  const certificate = data["tls.crt"];
  const key = data["tls.key"];
  if (certificate === undefined || key === undefined) return "has no tls.crt with tls.key";
  try {
    const read = new X509Certificate(Buffer.from(certificate, "base64"));
    const matches = read.checkPrivateKey(createPrivateKey(Buffer.from(key, "base64")));
    return matches ? undefined : "has a key that is not the certificate's";
  } catch {
    return "has no certificate and key in PEM";
  }
}
