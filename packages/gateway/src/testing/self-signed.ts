import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface SelfSigned {
  /** PEM. */
  cert: string;
  /** PKCS #8 PEM. */
  key: string;
}

export interface SelfSignedOptions {
  /** DNS names for the subject alternative name; wildcards as they are. */
  hosts: readonly string[];
  notBefore: Date;
  notAfter: Date;
}

/** A fresh P-256 certificate that signs itself (RFC 5280), for tests: pass it as `ca` to trust it. */
export function selfSigned({ hosts, notBefore, notAfter }: SelfSignedOptions): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(COMMON_NAME, der(0x0c, Buffer.from(hosts[0] ?? "nobody")))));
  const names = sequence(...hosts.map((host) => der(0x82, Buffer.from(host))));
  const toSign = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_SHA256,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(extension(ALT_NAMES, names), extension(CONSTRAINTS, CERTIFICATE_AUTHORITY))),
  );
  const signature = Buffer.concat([Buffer.of(0), sign("sha256", toSign, privateKey)]);
  const whole = sequence(toSign, ECDSA_SHA256, der(0x03, signature)).toString("base64");
  const lines = whole.replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/** For a test that cares for the names alone: good from yesterday for a month. */
export function selfSignedFor(...hosts: string[]): SelfSigned {
  const day = 86_400_000;
  const now = Date.now();
  return selfSigned({ hosts, notBefore: new Date(now - day), notAfter: new Date(now + 30 * day) });
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}
function set(part: Buffer): Buffer {
  return der(0x31, part);
}
function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}
function extension(id: Buffer, value: Buffer): Buffer {
  return sequence(id, der(0x04, value));
}
/** GeneralizedTime, `YYYYMMDDHHMMSSZ`. */
function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));
}

const COMMON_NAME = oid("550403");
const ALT_NAMES = oid("551d11");
const CONSTRAINTS = oid("551d13");
const CERTIFICATE_AUTHORITY = sequence(der(0x01, Buffer.of(0xff)));
const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));
