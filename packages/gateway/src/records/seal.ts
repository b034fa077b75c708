import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";

const SHORTEST_KEY_BYTES = 32;
const VERSION = "w1";
/** NIST SP 800-38D §5.2.1.1: 96 bits are the length to use. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts what others keep for gateways (AES-256-GCM). Text is bound to the place where it is kept,
 * so that whoever can write there cannot move one host's key to another's.
 */
export class Sealer {
  readonly #key: Buffer;

  private constructor(secret: Buffer) {
    this.#key = Buffer.from(hkdfSync("sha256", secret, "", "warren gateway records", 32));
  }

  /** Throws when the file cannot be read or holds less than 32 bytes; the text names the file. */
  static async open(file: string): Promise<Sealer> {
    const text = (await readFile(file, "utf8")).trim();
    if (Buffer.byteLength(text) < SHORTEST_KEY_BYTES)
      throw new Error(`${file} must hold a key of at least ${SHORTEST_KEY_BYTES} bytes`);
    return new Sealer(Buffer.from(text));
  }

  seal(text: string, place: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(place));
    const box = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final()]);
    return `${VERSION}.${Buffer.concat([box, cipher.getAuthTag()]).toString("base64url")}`;
  }

  /** Undefined when it was sealed with another key, for another place, or changed. */
  open(sealed: string, place: string): string | undefined {
    if (!sealed.startsWith(`${VERSION}.`)) return undefined;
    const box = Buffer.from(sealed.slice(VERSION.length + 1), "base64url");
    if (box.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const nonce = box.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(place))
      .setAuthTag(box.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8");
      return text + decipher.final("utf8");
    } catch {
      return undefined;
    }
  }
}
