import { randomBytes } from "node:crypto";
import { link, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "@warren/host";

/**
 * Writes a secret where there is none, readable by its owner alone, whole or not at all. False when
 * the file was there already, as when another process wrote one at the same time: read that one.
 */
export async function writeOnce(path: string, text: string): Promise<boolean> {
  makeFolder(dirname(path));
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await using file = await open(draft, "wx", 0o600);
    await file.writeFile(text);
    await file.sync();
    // Unlike a rename, a link never replaces.
    await link(draft, path);
    return true;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw reason;
  } finally {
    await rm(draft, { force: true });
  }
}
