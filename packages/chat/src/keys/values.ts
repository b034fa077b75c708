import { createHmac } from "node:crypto";
import { boundBytes } from "./bound.ts";
import { closeBox, openBox } from "./box.ts";
import type { MasterKey } from "./master-key.ts";
import type { MasterKeys } from "./master-keys.ts";
import type { SealedValue } from "./ports.ts";
import { SealError } from "./seal-error.ts";

/** What a value is for and which row it is in; a value sealed for one opens for no other. */
export interface ValuePlace {
  /** `share token`. */
  use: string;
  id: string;
}

/** Stands for a value where it is looked up: HMAC-SHA256 in base64url. */
export function lookupDigest({ lookup }: MasterKey, use: string, value: string): string {
  return createHmac("sha256", lookup).update(boundBytes(use, value)).digest("base64url");
}

/** Under which digests a value may be found, the current key's first. */
export function lookupDigests(masters: MasterKeys, use: string, value: string): string[] {
  return masters.all.map((master) => lookupDigest(master, use, value));
}

/** The row for a value: a digest to find it by, and the value sealed, to be shown again. */
export function sealValue(value: string, place: ValuePlace, masters: MasterKeys): SealedValue {
  const master = masters.current;
  const box = closeBox(master.sealing, Buffer.from(value), boundOf(place, master));
  return {
    id: place.id,
    masterKeyId: master.id,
    digest: lookupDigest(master, place.use, value),
    sealed: `v1.${master.id}.${box.toString("base64url")}`,
  };
}

/** Throws a SealError. */
export function openValue(sealed: string, place: ValuePlace, masters: MasterKeys): string {
  const [, masterKeyId, payload] = /^v1\.([\w-]{1,32})\.([\w-]+)$/.exec(sealed) ?? [];
  if (masterKeyId === undefined || payload === undefined)
    throw new SealError(
      /^v\d{1,6}\./.test(sealed) && !sealed.startsWith("v1.") ? "unknown_version" : "malformed",
    );
  const master = masters.get(masterKeyId);
  if (master === undefined) throw new SealError("unknown_master_key");
  const box = Buffer.from(payload, "base64url");
  const plain = openBox(master.sealing, box, boundOf(place, master));
  if (plain === undefined) throw new SealError("tampered");
  return plain.toString();
}

function boundOf({ use, id }: ValuePlace, master: MasterKey): Buffer {
  return boundBytes("warren chat value 1", use, id, master.id);
}
