import type { Document } from "mongodb";
import type { KeyRecord } from "../../keys/ports.ts";

/** All data keys of a session in one document: what changes in it changes at once. */
export interface KeyDocument extends Document {
  user_id: string;
  session_id: string;
  /** Counts the changes. */
  revision: number;
  is_destroyed: boolean;
  keys: KeptKey[];
}

interface KeptKey {
  number: number;
  key_id: string;
  master_key_id: string;
  wrapped: string;
  created_at_ms: number;
}

export function keptKey(record: KeyRecord): KeptKey {
  return {
    number: record.number,
    key_id: record.keyId,
    master_key_id: record.masterKeyId,
    wrapped: record.wrapped,
    created_at_ms: record.createdAtMs,
  };
}

/** By ascending number. */
export function recordsOf({ user_id, session_id, keys }: KeyDocument): KeyRecord[] {
  return keys
    .map((key) => ({
      userId: user_id,
      sessionId: session_id,
      number: key.number,
      keyId: key.key_id,
      masterKeyId: key.master_key_id,
      wrapped: key.wrapped,
      createdAtMs: key.created_at_ms,
    }))
    .toSorted((a, b) => a.number - b.number);
}
