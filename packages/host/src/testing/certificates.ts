/**
 * X.509 certificates for tests, made in the process: no openssl on the machine, no fixture that
 * expires. DER as in X.690, the fields as in RFC 5280 §4.1, keys on P-256.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";

export interface IssuedCertificate {
  /** PEM; the leaf alone. */
  cert: string;
  key: string;
}

export interface IssueOptions {
  /** DNS names (also `*.name`) and IPv4 addresses. */
  hosts: readonly string[];
  name?: string;
  notBefore?: Date;
  notAfter?: Date;
}

export interface TestAuthority {
  /** PEM of the authority's own certificate. */
  ca: string;
  issue(options: IssueOptions): IssuedCertificate;
}

/** An authority that only this test knows. */
export function testAuthority(name = "Warren test authority"): TestAuthority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, key: keys.privateKey };
  const ca = certificate({ hosts: [], name }, keys.publicKey, issuer, true);
  return {
    ca,
    issue(options) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      return {
        cert: certificate(options, publicKey, issuer, false),
        key: privateKey.export({ type: "pkcs8", format: "pem" }),
      };
    },
  };
}

/** The usual set: a server on `localhost` and 127.0.0.1, and a client, both of one authority. */
export function testCertificates(hosts: readonly string[] = ["localhost", "127.0.0.1"]): {
  authority: TestAuthority;
  ca: string;
  server: IssuedCertificate;
  client: IssuedCertificate;
} {
  const authority = testAuthority();
  return {
    authority,
    ca: authority.ca,
    server: authority.issue({ hosts }),
    client: authority.issue({ hosts: [], name: "client" }),
  };
}

interface Issuer {
  name: string;
  key: KeyObject;
}

function certificate(
  options: IssueOptions,
  publicKey: KeyObject,
  issuer: Issuer,
  authority: boolean,
): string {
  const { hosts, name = hosts[0] ?? "test" } = options;
  const { notBefore = inDays(-1), notAfter = inDays(30) } = options;
  const body = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_SHA256,
    distinguished(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    distinguished(name),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(hosts, authority))),
  );
  const signature = sign("sha256", body, issuer.key);
  const whole = sequence(body, ECDSA_SHA256, bits(signature));
  // An empty line before the end, where the last line is full, would be no PEM.
  const lines = whole
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function extensions(hosts: readonly string[], authority: boolean): Buffer[] {
  const constraints = authority ? sequence(tagged(0x01, Buffer.of(0xff))) : sequence();
  const list = [extension([2, 5, 29, 19], true, constraints)];
  // keyCertSign is bit 5 of the key usage.
  if (authority) list.push(extension([2, 5, 29, 15], true, tagged(0x03, Buffer.of(2, 0x04))));
  const names = hosts.map((host) =>
    isIP(host) === 4
      ? tagged(0x87, Buffer.from(host.split(".").map(Number)))
      : tagged(0x82, Buffer.from(host)),
  );
  if (names.length > 0) list.push(extension([2, 5, 29, 17], false, sequence(...names)));
  return list;
}

function extension(id: number[], critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [tagged(0x01, Buffer.of(0xff))] : [];
  return sequence(oid(id), ...flag, tagged(0x04, value));
}

function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
function sequence(...parts: Uint8Array[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}
function integer(bytes: Uint8Array): Buffer {
  return tagged(0x02, bytes);
}
function bits(bytes: Uint8Array): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.of(0), bytes]));
}
function distinguished(name: string): Buffer {
  const common = sequence(oid([2, 5, 4, 3]), tagged(0x0c, Buffer.from(name)));
  return sequence(tagged(0x31, common));
}
/** GeneralizedTime, seconds. */
function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "");
  // RFC 5280 §4.1.2.5: two-digit years until 2049.
  const two = date.getUTCFullYear() < 2050;
  return tagged(two ? 0x17 : 0x18, Buffer.from(two ? digits.slice(2) : digits));
}
function septets(n: number): number[] {
  return n < 128 ? [n] : [...septets(n >> 7).map((byte) => byte | 0x80), n & 0x7f];
}
function oid([first = 0, second = 0, ...rest]: number[]): Buffer {
  return tagged(0x06, Buffer.of(first * 40 + second, ...rest.flatMap(septets)));
}
const ECDSA_SHA256 = sequence(oid([1, 2, 840, 10045, 4, 3, 2]));

function inDays(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}
