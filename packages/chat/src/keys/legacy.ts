import { BOX_BYTES, openBox } from "./box.ts";
import type { MasterKeys } from "./master-keys.ts";
import { SealError } from "./seal-error.ts";

const NOTHING = new Uint8Array();

/**
 * Text in the seed's format (`reference/chatbox.md` D-4): standard base64 of nonce‖ciphertext‖tag under
 * the key itself, bound to nothing, without a word on which key. Throws a SealError: `malformed` when
 * it is not of that shape, `unknown_master_key` when no key opens it, the former ones tried too.
 */
export function openLegacy(text: string, masters: MasterKeys): string {
  const box = legacyBox(text);
  if (box === undefined) throw new SealError("malformed");
  for (const { legacy } of masters.all) {
    const plain = openBox(legacy, box, NOTHING);
    if (plain !== undefined) return plain.toString();
  }
  throw new SealError("unknown_master_key");
}

/**
 * How a database of the seed was filled, as whoever imports it says: always with a key, never with
 * one, or first without and then with one.
 */
export const LEGACY_CONTENTS = ["sealed", "plain", "mixed"] as const;
export type LegacyContent = (typeof LEGACY_CONTENTS)[number];

/**
 * What a stored text of the seed says. With `mixed` a text that cannot be a sealed one is taken as it
 * is; one that could be and opens with no key is an error there too, never text. Throws a SealError.
 */
export function readLegacy(text: string, content: LegacyContent, masters: MasterKeys): string {
  if (content === "plain") return text;
  if (content === "mixed" && legacyBox(text) === undefined) return text;
  return openLegacy(text, masters);
}

function legacyBox(text: string): Buffer | undefined {
  const box = Buffer.from(text, "base64");
  return box.length >= BOX_BYTES && box.toString("base64") === text ? box : undefined;
}
