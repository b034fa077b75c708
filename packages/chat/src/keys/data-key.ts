import { createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { boundBytes } from "./bound.ts";
import { closeBox, openBox } from "./box.ts";
import { KEY_BYTES } from "./key-text.ts";
import type { MasterKey } from "./master-key.ts";
import type { KeyRecord } from "./ports.ts";

/** What a record says besides how it is wrapped. */
export type KeyName = Omit<KeyRecord, "masterKeyId" | "wrapped">;

/**
 * A new data key, wrapped. A master key may wrap 2^32 of them (NIST SP 800-38D §8.3); a session needs
 * one in 90 days, and one more for each rotation.
 */
export function makeDataKey(name: KeyName, master: MasterKey): KeyRecord {
  return wrapKey(name, randomBytes(KEY_BYTES), master);
}

/** Undefined when the record was not made so by this master key. */
export function unwrapKey(record: KeyRecord, master: MasterKey): KeyObject | undefined {
  const key = openRecord(record, master);
  return key === undefined ? undefined : createSecretKey(key);
}

/**
 * The same key under another name or another master key, as a record. Undefined when `from` does not
 * open it.
 */
export function rewrapKey(
  record: KeyRecord,
  from: MasterKey,
  to: { master: MasterKey; userId: string },
): KeyRecord | undefined {
  const key = openRecord(record, from);
  return key && wrapKey({ ...record, userId: to.userId }, key, to.master);
}

function wrapKey(name: KeyName, key: Buffer, master: MasterKey): KeyRecord {
  const box = closeBox(master.wrapping, key, boundOf(name, master));
  return { ...name, masterKeyId: master.id, wrapped: box.toString("base64url") };
}

function openRecord(record: KeyRecord, master: MasterKey): Buffer | undefined {
  const box = Buffer.from(record.wrapped, "base64url");
  const key = openBox(master.wrapping, box, boundOf(record, master));
  return key?.length === KEY_BYTES ? key : undefined;
}

function boundOf({ userId, sessionId, number, keyId, createdAtMs }: KeyName, { id }: MasterKey) {
  const rest = [String(number), keyId, String(createdAtMs), id];
  return boundBytes("warren chat data key 1", userId, sessionId, ...rest);
}
