import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import type { CertificatePair } from "./certificate-pairs.ts";

/** A certificate chain with its key, ready to answer with. */
export interface Certificate {
  /** Name of its pair of files. */
  readonly name: string;
  /** DNS names of its subject alternative name, lower case; `*.` wildcards as they are. */
  readonly hosts: readonly string[];
  /** Epoch milliseconds. */
  readonly validFrom: number;
  readonly expiresAt: number;
  /** SHA-256 over both files: the same content is the same certificate. */
  readonly digest: string;
  /** As they were read. */
  readonly pem: CertificatePem;
  /** Made once per certificate, so that session tickets hold as long as it does. */
  readonly context: SecureContext;
}

/** What every TLS server of ours says. */
export const SERVER_TLS = {
  minVersion: "TLSv1.2",
  // Without one OpenSSL resumes no session of a server.
  sessionIdContext: "warren",
} as const;

/** A chain and its key, PEM, as they were read. */
export interface CertificatePem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads a pair of files. Throws while the two do not belong together, with words fit for a log. */
export async function loadCertificate(pair: CertificatePair): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(pair.certFile), readFile(pair.keyFile)]);
  const facts = readCertificate(pair.name, { cert, key });
  return { ...facts, context: serverContext({ cert, key }) };
}

/** A pair in memory; `context` is made by `serverContext`. Throws as `loadCertificate` does. */
export function readCertificate(
  name: string,
  { cert, key }: CertificatePem,
): Omit<Certificate, "context"> {
  const leaf = new X509Certificate(cert);
  const hosts = hostsOf(leaf);
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new Error("the key does not belong to the certificate");
  return {
    name,
    hosts,
    validFrom: leaf.validFromDate.getTime(),
    expiresAt: leaf.validToDate.getTime(),
    digest: createHash("sha256").update(cert).update("\0").update(key).digest("base64"),
    pem: { cert, key },
  };
}

/** What a TLS server needs of a pair: some tens of kilobytes outside the heap. */
export function serverContext({ cert, key }: CertificatePem): SecureContext {
  return createSecureContext({ ...SERVER_TLS, cert, key });
}

/** Node writes `DNS:a.b, IP Address:192.0.2.1`; names with odd characters come quoted and are not hosts. */
function hostsOf(leaf: X509Certificate): string[] {
  return (leaf.subjectAltName ?? "")
    .split(", ")
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice(4).toLowerCase())
    .filter((name) => /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name));
}
