import { ChatError } from "@warren/wire";

/** One part of a form (RFC 7578). Its body is read to the end, or left, before the next part is asked for. */
export interface FormPart {
  name: string;
  /** Undefined: a plain field. As browsers send it, decoded. */
  filename: string | undefined;
  body: AsyncIterable<Uint8Array>;
}

const MOST_HEAD_BYTES = 8_192;
const MOST_PREAMBLE_BYTES = 8_192;
const MOST_PARTS = 32;

/**
 * The parts of a `multipart/form-data` body, as they come: nothing is held but the end of the last
 * chunk. Strict: what is not such a body is a ChatError at the first byte that shows it.
 */
export async function* formParts(
  source: AsyncIterable<Uint8Array>,
  contentType: string | undefined,
): AsyncGenerator<FormPart> {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`, "latin1");
  const bytes = new Bytes(source);
  try {
    // The first delimiter may stand at the very start: RFC 2046 §5.1.1 gives its line break to it.
    bytes.unread(Buffer.from("\r\n"));
    await drained(bytes.until(delimiter, MOST_PREAMBLE_BYTES));
    for (let parts = 0; await isPartNext(bytes); parts++) {
      if (parts === MOST_PARTS) malformed("has too many parts");
      const head = await headOf(bytes);
      const body = bytes.until(delimiter, Infinity);
      yield { ...head, body };
      await drained(body);
    }
  } finally {
    await bytes.close();
  }
}

/** RFC 2046 §5.1.1: 1 to 70 signs of a few, a space not last. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

function boundaryOf(contentType: string | undefined): string {
  const [type, ...parameters] = contentType?.split(";") ?? [];
  const isForm = type?.trim().toLowerCase() === "multipart/form-data";
  const said =
    /^[ \t]*boundary=("?)(.*?)\1[ \t]*$/is.exec(
      parameters
        .join(";")
        .split(/;(?=[ \t]*\w+=)/)
        .find((one) => /^[ \t]*boundary=/i.test(one)) ?? "",
    )?.[2] ?? "";
  if (!isForm) throw new ChatError("INVALID_FORMAT", "expected a multipart/form-data body");
  if (!BOUNDARY.test(said)) malformed("has no boundary");
  return said;
}

/** After a delimiter: `--` ends the form, a line break begins a part. */
async function isPartNext(bytes: Bytes): Promise<boolean> {
  const first = await bytes.take(2);
  if (first === "--") return false;
  // Transport padding, §5.1.1: nobody sends it, and a body could be made of it.
  if (first !== "\r\n") malformed("has a broken delimiter");
  return true;
}

async function headOf(bytes: Bytes): Promise<{ name: string; filename: string | undefined }> {
  // Its first field may follow at once: the line break before it is the delimiter's.
  bytes.unread(Buffer.from("\r\n"));
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes.until(Buffer.from("\r\n\r\n"), MOST_HEAD_BYTES))
    chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString("utf8").split("\r\n").slice(1);
  const found = lines.filter((line) => /^content-disposition:/i.test(line));
  const said = found.length === 1 ? found[0]! : malformed("has a part without a disposition");
  const name = parameter(said, "name");
  if (!/^[^:]*:[ \t]*form-data[ \t]*;/i.test(said) || name === undefined) {
    return malformed("has a part without a name");
  }
  return { name, filename: parameter(said, "filename") };
}

/** WHATWG HTML, "multipart/form-data encoding algorithm": these three are escaped, and no others. */
const ESCAPES: Readonly<Record<string, string>> = { "%22": '"', "%0D": "\r", "%0A": "\n" };

function parameter(field: string, name: string): string | undefined {
  const quoted = new RegExp(`;[ \\t]*${name}="([^"\\r\\n]*)"`, "i").exec(field)?.[1];
  return quoted?.replaceAll(/%22|%0d|%0a/gi, (escape) => ESCAPES[escape.toUpperCase()] ?? "");
}

function malformed(why: string): never {
  throw new ChatError("INVALID_FORMAT", `the form ${why}`);
}

async function drained(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body) continue;
}

/** Chunks that are read up to a mark. */
class Bytes {
  readonly #rest: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#rest = source[Symbol.asyncIterator]();
  }

  unread(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  async take(length: number): Promise<string> {
    while (this.#held.length < length) await this.#more();
    const taken = this.#held.toString("latin1", 0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  /**
   * What comes before `mark`, which is taken along. Iterated again it goes on where it was left, and is
   * over once it was.
   */
  until(mark: Buffer, most: number): AsyncIterable<Uint8Array> {
    let left = most;
    let isOver = false;
    const next = async (): Promise<Uint8Array | undefined> => {
      while (!isOver) {
        const at = this.#held.indexOf(mark);
        // Without the mark, its beginning may still stand at the end.
        const sure = at === -1 ? Math.max(0, this.#held.length - mark.length + 1) : at;
        const chunk = this.#held.subarray(0, sure);
        isOver = at !== -1;
        this.#held = this.#held.subarray(isOver ? sure + mark.length : sure);
        left -= chunk.length;
        if (left < 0) malformed("has a head that is too long");
        if (chunk.length > 0) return chunk;
        if (!isOver) await this.#more();
      }
      return undefined;
    };
    return {
      async *[Symbol.asyncIterator]() {
        for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
      },
    };
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#rest.next();
    if (done === true) malformed("is cut short");
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value]);
  }

  async close(): Promise<void> {
    await this.#rest.return?.();
  }
}
