import { ChatError } from "@warren/wire";

/** The stream that each kind of document has in its compound file ([MS-DOC] 2.1, [MS-XLS] 2.1, [MS-PPT] 2.1). */
const STREAMS: Readonly<Record<string, readonly string[]>> = {
  "application/msword": ["WordDocument"],
  "application/vnd.ms-excel": ["Workbook", "Book"],
  "application/vnd.ms-powerpoint": ["PowerPoint Document"],
};

/**
 * Looks for the stream of a document in a compound file. The directory with its name may be anywhere,
 * and installers (`.msi`) are compound files too: one that is named `.doc` is none.
 */
export class OfficeScan {
  readonly #names: readonly Buffer[];
  #rest: Buffer = Buffer.alloc(0);
  #isFound = false;

  constructor(type: string) {
    this.#names = (STREAMS[type] ?? []).map((name) => Buffer.from(`${name}\0`, "utf16le"));
  }

  write(bytes: Uint8Array): void {
    if (this.#isFound) return;
    const seen = Buffer.concat([this.#rest, bytes]);
    this.#isFound = this.#names.some((name) => seen.includes(name));
    this.#rest = seen.subarray(-64);
  }

  end(): void {
    if (this.#isFound) return;
    throw new ChatError("INVALID_FILE_TYPE", "the file is not the document that its name says");
  }
}
