import { closeBox, openBox } from "./box.ts";
import type { HeldKey } from "./held-session.ts";
import { SealError } from "./seal-error.ts";
import {
  markOf,
  placeBytes,
  readSealed,
  writeSealed,
  type Place,
  type Sealed,
} from "./sealed-text.ts";
import type { SessionKeys } from "./session-keys.ts";

/**
 * Seals texts for where they belong and opens them there and nowhere else. Everything that goes wrong
 * is a SealError with its reason, or what the store rejects with; it is never text. The methods in
 * `...Now` answer at once when the session's key is in memory, else undefined: then ask the others.
 */
export class Sealer {
  readonly #keys: SessionKeys;

  constructor(keys: SessionKeys) {
    this.#keys = keys;
  }

  /** A lone surrogate in the text becomes U+FFFD, as in every UTF-8. */
  sealNow(text: string, place: Place): string | undefined {
    const key = this.#keys.sealingNow(place);
    return key === undefined ? undefined : sealWith(key, text, place);
  }

  async seal(text: string, place: Place): Promise<string> {
    return this.sealNow(text, place) ?? sealWith(await this.#keys.sealing(place), text, place);
  }

  /** Rejects with a SealError where nothing can be sealed: the session was erased, say. */
  async admits(owner: { userId: string; sessionId: string }): Promise<void> {
    if (this.#keys.sealingNow(owner) === undefined) await this.#keys.sealing(owner);
  }

  openNow(sealed: string, place: Place): string | undefined {
    const found = readFor(sealed, place);
    const key = this.#keys.openingNow(place, found.keyId);
    return key === undefined ? undefined : openWith(key, found);
  }

  async open(sealed: string, place: Place): Promise<string> {
    const found = readFor(sealed, place);
    return openWith(await this.#keys.opening(place, found.keyId), found);
  }
}

type Found = Sealed & { bound: Buffer };

function sealWith(held: HeldKey, text: string, place: Place): string {
  held.sealed += 1;
  const bound = placeBytes(place);
  return writeSealed(held.keyId, markOf(bound), closeBox(held.key, Buffer.from(text), bound));
}

function readFor(text: string, place: Place): Found {
  const sealed = readSealed(text);
  const bound = placeBytes(place);
  if (sealed.mark !== markOf(bound)) throw new SealError("wrong_place");
  return { ...sealed, bound };
}

function openWith({ key }: HeldKey, { box, bound }: Found): string {
  const plain = openBox(key, box, bound);
  if (plain === undefined) throw new SealError("tampered");
  return plain.toString();
}
