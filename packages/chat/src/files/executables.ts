/** Mach-O in both byte orders and widths, and the fat one, which is also Java's class file. */
const MACH_O = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe, 0xbebafeca]);
const ELF = 0x7f454c46;

/**
 * What kind of program a file is, by how it begins; undefined: none. Only at its very start (T-35: two
 * bytes anywhere in a file are in every other photograph), and `MZ` only with the PE header that it
 * points to, or where no text follows.
 */
export function executableKind(head: Buffer): string | undefined {
  if (head.length < 4) return undefined;
  const magic = head.readUInt32BE(0);
  if (magic === ELF) return "an ELF program";
  if (MACH_O.has(magic)) return "a Mach-O program";
  if (isPe(head)) return "a Windows program";
  return /^#! *\//.test(head.toString("latin1", 0, 64)) ? "a script" : undefined;
}

/** PE Format, "MS-DOS Stub": the offset of the signature is at 0x3c. */
function isPe(head: Buffer): boolean {
  if (head.toString("latin1", 0, 2) !== "MZ" || head.length < 0x40) return false;
  const at = head.readUInt32LE(0x3c);
  // Beyond what was read nobody can say; a program without it is no text, and of no allowed type.
  return at + 4 <= head.length && head.toString("latin1", at, at + 4) === "PE\0\0";
}
