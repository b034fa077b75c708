import { createPrivateKey, X509Certificate } from "node:crypto";
import { CERTIFICATE_TEXT, type PublishedCertificate } from "@warren/wire";
import type { Secret } from "./objects.ts";

/** A certificate with its key, in PEM. */
export interface Pair extends Pick<PublishedCertificate, "cert" | "key"> {
  /** Hosts that the certificate is for, in lower case. */
  readonly names: ReadonlySet<string>;
}

/** Why there is none, in words that hold nothing of the Secret. */
export interface Unfit {
  readonly reason: "CertificateMissing" | "CertificateInvalid";
  readonly message: string;
}

export function isUnfit(pair: Pair | Unfit): pair is Unfit {
  return "reason" in pair;
}

/** Looked at before it leaves the cluster: half of a pair is told here. */
export function readPair(secret: Secret | undefined): Pair | Unfit {
  if (secret === undefined)
    return {
      reason: "CertificateMissing",
      message: "there is no such Secret of type kubernetes.io/tls",
    };
  const { "tls.crt": crt, "tls.key": secretKey } = secret.data ?? {};
  if (crt === undefined || secretKey === undefined)
    return invalid("it has no tls.crt with tls.key");
  const cert = Buffer.from(crt, "base64").toString();
  const key = Buffer.from(secretKey, "base64").toString();
  if (cert.length > CERTIFICATE_TEXT || key.length > CERTIFICATE_TEXT)
    return invalid("it is too large");
  try {
    const read = new X509Certificate(cert);
    if (!read.checkPrivateKey(createPrivateKey(key)))
      return invalid("its key and certificate do not fit");
    return { cert, key, names: new Set(hostsIn(read)) };
  } catch {
    return invalid("its key and certificate cannot be read");
  }
}

/** Of the certificate's subject alternative names those that are host names (RFC 6125). */
export function hostsIn({ subjectAltName = "" }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/DNS:([^\s,"]+)/g)].map(([, host]) => host!.toLowerCase());
}

/** Whether the certificate is for the host, which may be a wildcard; as gateways ask it. */
export function isFor({ names }: Pair, host: string): boolean {
  return names.has(host) || names.has(`*${host.slice(host.indexOf("."))}`);
}

function invalid(message: string): Unfit {
  return { reason: "CertificateInvalid", message };
}
