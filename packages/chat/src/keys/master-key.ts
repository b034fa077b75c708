import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

/**
 * One master key as its uses see it. Every use has a key of its own, derived by HKDF-SHA256 (RFC
 * 5869), so that none can be turned against another; only the seed's format takes the key itself.
 */
export interface MasterKey {
  /** 11 characters that tell keys apart and say nothing of them: in records and in sealed text. */
  readonly id: string;
  /** Wraps data keys. */
  readonly wrapping: KeyObject;
  /** Seals values that belong to no session. */
  readonly sealing: KeyObject;
  /** HMAC of values that are looked up. */
  readonly lookup: KeyObject;
  /** HMAC of links to files. */
  readonly links: Uint8Array;
  /** The key itself, for D-4. */
  readonly legacy: KeyObject;
}

export function masterKeyOf(key: Buffer): MasterKey {
  const derived = (use: string, bytes: number) =>
    Buffer.from(hkdfSync("sha256", key, "", `warren chat ${use} 1`, bytes));
  return {
    id: derived("key id", 8).toString("base64url"),
    wrapping: createSecretKey(derived("data key wrapping", 32)),
    sealing: createSecretKey(derived("value sealing", 32)),
    lookup: createSecretKey(derived("value lookup", 32)),
    links: derived("file links", 32),
    legacy: createSecretKey(key),
  };
}
