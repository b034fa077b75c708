import { fileTypeFromBuffer } from "file-type";
import { executableKind } from "./executables.ts";
import { extensionOf } from "./file-name.ts";
import { allowedType, OFFICE_CFB, OFFICE_ZIP } from "./file-types.ts";
import { textType } from "./text-type.ts";

/** A type by content, or why there is none. `scan`: what the rest of the content must be looked at for. */
export type Sniffed = { type: string; scan: undefined | "svg" | "office" } | { refused: string };

/** Enough for the parts of a zip that name an office document, and for whatever comes before a tag. */
export const HEAD_BYTES = 65_536;

/**
 * The type of a file, by its first bytes (`HEAD_BYTES`, or all there are). Its name chooses among types
 * that the content may be, and never allows another (T-35).
 */
export async function sniff(head: Buffer, isWhole: boolean, name: string): Promise<Sniffed> {
  if (head.length === 0) return { refused: "the file is empty" };
  const program = executableKind(head);
  if (program !== undefined) return { refused: `the file is ${program}` };
  const extension = extensionOf(name);
  // First: texts that begin with BM or MZ are no pictures and no programs.
  const text = textType(head, isWhole, extension);
  if (text !== undefined) return text;
  if (extension === "svg") return { refused: "the file is named .svg and is none" };
  return binaryType(head, extension);
}

async function binaryType(head: Buffer, extension: string): Promise<Sniffed> {
  // It throws at what is cut off in the middle: then it is of no known type.
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  const mime = found?.mime ?? zipType(head) ?? "";
  if (mime === "application/x-cfb") {
    const type = OFFICE_CFB[extension];
    return type === undefined ? { refused: WHY_NOT } : { type, scan: "office" };
  }
  const type = allowedType(mime);
  if (type === undefined) return { refused: WHY_NOT };
  const office = type === "application/zip" ? OFFICE_ZIP[extension] : undefined;
  return { type: office ?? type, scan: undefined };
}

const WHY_NOT = "files of this type are not accepted";

/** A local file header, or the end of a directory without files (APPNOTE 4.3.7, 4.3.16). */
function zipType(head: Buffer): string | undefined {
  const start = head.toString("latin1", 0, 4);
  return start === "PK\x03\x04" || start === "PK\x05\x06" ? "application/zip" : undefined;
}
