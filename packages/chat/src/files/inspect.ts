import { ChatError } from "@warren/wire";
import { OfficeScan } from "./office-scan.ts";
import { HEAD_BYTES, sniff } from "./sniff.ts";
import { SvgScan } from "./svg-scan.ts";

export interface Inspected {
  /** One of the allowed types. */
  type: string;
  /**
   * All bytes of the source. Throws a ChatError in its midst, or at its end, when the rest is not what
   * the beginning promised: what it gave before that is not to be kept.
   */
  body: AsyncIterable<Uint8Array>;
  /** The beginning decided: whoever has no use for the body need not read it. */
  isDecided: boolean;
}

/** An SVG is drawn by hand or by a program; larger ones are data, and cost time to look at. */
const MOST_SVG_BYTES = 10 * 1_048_576;

/** Says what `source` is, by its content, holding `HEAD_BYTES` at most. Rejects with a ChatError. */
export async function inspect(source: AsyncIterable<Uint8Array>, name: string): Promise<Inspected> {
  const rest = source[Symbol.asyncIterator]();
  try {
    const { head, isWhole } = await readHead(rest);
    const seen = await sniff(head.subarray(0, HEAD_BYTES), isWhole, name);
    if ("refused" in seen) throw new ChatError("INVALID_FILE_TYPE", seen.refused);
    const { type, scan } = seen;
    const isDecided = scan === undefined;
    return { type, body: scanned({ head, rest, scan: scanFor(scan, type) }), isDecided };
  } catch (error) {
    await rest.return?.();
    throw error;
  }
}

async function readHead(rest: AsyncIterator<Uint8Array>) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < HEAD_BYTES) {
    const { done, value } = await rest.next();
    if (done === true) return { head: Buffer.concat(chunks), isWhole: true };
    chunks.push(value);
    bytes += value.length;
  }
  return { head: Buffer.concat(chunks), isWhole: false };
}

interface Scan {
  write(bytes: Uint8Array): void;
  end(): void;
}

function scanFor(kind: "svg" | "office" | undefined, type: string): Scan | undefined {
  if (kind === undefined) return undefined;
  return kind === "svg" ? new BoundedSvg() : new OfficeScan(type);
}

class BoundedSvg extends SvgScan {
  #bytes = 0;
  override write(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MOST_SVG_BYTES) {
      throw new ChatError("INVALID_FILE_SIZE", "an SVG may have 10 MiB");
    }
    super.write(bytes);
  }
}

async function* scanned(content: {
  head: Buffer;
  rest: AsyncIterator<Uint8Array>;
  scan: Scan | undefined;
}): AsyncGenerator<Uint8Array> {
  const { head, rest, scan } = content;
  try {
    scan?.write(head);
    yield head;
    for (;;) {
      const { done, value } = await rest.next();
      if (done === true) break;
      scan?.write(value);
      yield value;
    }
    scan?.end();
  } finally {
    await rest.return?.();
  }
}
