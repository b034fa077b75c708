import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

export type Encoding = "br" | "gzip" | "identity";

/** One file as it goes out. */
export interface Sent {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly encoding: Encoding;
  /** Of this file in this encoding (RFC 9110 §8.8.3): no two differ in bytes under one. */
  readonly etag: string;
}

/** Below this, what compression saves is less than what the header says about it. */
const WORTH_BYTES = 512;
/** Nearly the smallest that there is, in a tenth of the time of the best. */
const QUALITY = 9;

const press: Record<Exclude<Encoding, "identity">, (bytes: Uint8Array) => Promise<Buffer>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: QUALITY }),
};

/** A file that is kept in memory, compressed once, when somebody first asks for that. */
export class StaticFile {
  readonly type: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #hash: string;
  readonly #sent = new Map<Encoding, Promise<Sent>>();

  constructor(bytes: Uint8Array<ArrayBuffer>, type: string) {
    this.#bytes = bytes;
    this.type = type;
    this.#hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 27);
  }

  /** In the best encoding that `accepted`, an Accept-Encoding, takes. */
  sent(accepted: string | undefined): Promise<Sent> {
    const encoding = this.#isWorth ? bestEncoding(accepted) : "identity";
    let sent = this.#sent.get(encoding);
    if (sent === undefined) this.#sent.set(encoding, (sent = this.#in(encoding)));
    return sent;
  }

  get #isWorth(): boolean {
    return (
      this.#bytes.length >= WORTH_BYTES && /^(text\/|image\/svg|application\/)/.test(this.type)
    );
  }

  async #in(encoding: Encoding): Promise<Sent> {
    const { [encoding]: suffix } = { br: "-br", gzip: "-gz", identity: "" };
    const etag = `"${this.#hash}${suffix}"`;
    if (encoding === "identity") return { body: this.#bytes, encoding, etag };
    return { body: new Uint8Array(await press[encoding](this.#bytes)), encoding, etag };
  }
}

/** RFC 9110 §12.5.3, as far as clients use it: an encoding is taken unless its weight is 0. */
function bestEncoding(accepted = ""): Encoding {
  const taken = accepted
    .toLowerCase()
    .split(",")
    .filter((one) => !/;\s*q=0(\.0*)?\s*$/.test(one))
    .map((one) => one.split(";")[0]?.trim());
  return (["br", "gzip"] as const).find((encoding) => taken.includes(encoding)) ?? "identity";
}

/** True where a header If-None-Match names it (RFC 9110 §13.1.2: weakly compared). */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  const known = ifNoneMatch.split(",").map((one) => one.trim().replace(/^W\//, ""));
  return known.includes(etag) || known.includes("*");
}
