import { TOKEN } from "./ascii.ts";
import { refused, Refusal } from "./refusal.ts";

/** Bytes of chunk extensions in one message, and of its trailers. */
export const MAX_EXTENSION_BYTES = 4096;
export const MAX_TRAILER_BYTES = 16_384;

const BAD_SIZE = refused("a chunk size must be hexadecimal digits and CR LF");
const BIG_SIZE = refused("a chunk size too large");
const BAD_EXTENSION = refused("a malformed chunk extension");
const LONG_EXTENSIONS = refused("chunk extensions too long");
const BAD_END = refused("chunk data must end with CR LF");
const LONG_TRAILERS = new Refusal("headers_too_large", "trailers too long");

/** Where in the chunked coding (RFC 9112 §7.1) the next byte stands. */
export const AT = {
  sizeStart: 0,
  size: 1,
  extensionName: 2,
  extensionNameMore: 3,
  extensionValue: 4,
  extensionToken: 5,
  extensionQuoted: 6,
  extensionEscaped: 7,
  extensionEnd: 8,
  sizeLf: 9,
  data: 10,
  dataCr: 11,
  dataLf: 12,
  trailers: 13,
  done: 14,
} as const;

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Value of a hexadecimal digit, or 255. */
const HEX = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  const char = digit.toString(16);
  HEX[char.charCodeAt(0)] = digit;
  HEX[char.toUpperCase().charCodeAt(0)] = digit;
}

/** The syntax around chunk data, byte by byte; data itself is skipped by the body reader. */
export class ChunkSyntax {
  at: number = AT.sizeStart;
  /** Bytes of data still to come in this chunk. */
  left = 0;
  /** Trailer block as text, with its line ends and without the empty line, once `done`. */
  trailers = "";
  #extensionBytes = 0;

  /** Takes one byte that is not chunk data. */
  take(byte: number): Refusal | undefined {
    switch (this.at) {
      case AT.sizeStart:
      case AT.size:
        return this.#size(byte);
      case AT.sizeLf:
        if (byte !== LF) return BAD_SIZE;
        this.at = this.left === 0 ? AT.trailers : AT.data;
        return undefined;
      case AT.dataCr:
        if (byte !== CR) return BAD_END;
        this.at = AT.dataLf;
        return undefined;
      case AT.dataLf:
        if (byte !== LF) return BAD_END;
        this.at = AT.sizeStart;
        return undefined;
      case AT.trailers:
        return this.#trailer(byte);
      default:
        return this.#extension(byte);
    }
  }

  #size(byte: number): Refusal | undefined {
    const digit = HEX[byte]!;
    if (digit < 16) {
      this.at = AT.size;
      // 2^48: far above any chunk, far below where numbers stop being exact.
      if (this.left >= 2 ** 44) return BIG_SIZE;
      this.left = this.left * 16 + digit;
      return undefined;
    }
    if (this.at === AT.sizeStart) return BAD_SIZE;
    return this.#afterPart(byte, BAD_SIZE);
  }

  /** Extensions are read only to know where they end: `;` name, `=` and a token or quoted string. */
  #extension(byte: number): Refusal | undefined {
    if (++this.#extensionBytes > MAX_EXTENSION_BYTES) return LONG_EXTENSIONS;
    switch (this.at) {
      case AT.extensionName:
        if (TOKEN[byte] !== 1) return BAD_EXTENSION;
        this.at = AT.extensionNameMore;
        return undefined;
      case AT.extensionNameMore:
        if (TOKEN[byte] === 1) return undefined;
        if (byte !== EQUALS) return this.#afterPart(byte, BAD_EXTENSION);
        this.at = AT.extensionValue;
        return undefined;
      case AT.extensionValue:
        if (byte !== QUOTE && TOKEN[byte] !== 1) return BAD_EXTENSION;
        this.at = byte === QUOTE ? AT.extensionQuoted : AT.extensionToken;
        return undefined;
      case AT.extensionToken:
        return TOKEN[byte] === 1 ? undefined : this.#afterPart(byte, BAD_EXTENSION);
      case AT.extensionQuoted:
        if (byte === QUOTE) this.at = AT.extensionEnd;
        else if (byte === BACKSLASH) this.at = AT.extensionEscaped;
        else if (!isQuotable(byte)) return BAD_EXTENSION;
        return undefined;
      case AT.extensionEscaped:
        this.at = AT.extensionQuoted;
        return isQuotable(byte) ? undefined : BAD_EXTENSION;
      default:
        return this.#afterPart(byte, BAD_EXTENSION);
    }
  }

  #afterPart(byte: number, otherwise: Refusal): Refusal | undefined {
    if (byte === CR) this.at = AT.sizeLf;
    else if (byte === SEMICOLON) this.at = AT.extensionName;
    else return otherwise;
    return undefined;
  }

  #trailer(byte: number): Refusal | undefined {
    this.trailers += String.fromCharCode(byte);
    if (byte !== LF) return this.trailers.length > MAX_TRAILER_BYTES ? LONG_TRAILERS : undefined;
    if (this.trailers !== "\r\n" && !this.trailers.endsWith("\r\n\r\n")) return undefined;
    this.trailers = this.trailers.slice(0, -2);
    this.at = AT.done;
    return undefined;
  }
}

function isQuotable(byte: number): boolean {
  return byte === 0x09 || (byte >= 0x20 && byte <= 0x7e);
}
