import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeOnce } from "../tokens/write-once.ts";

/** The credential for what changes things, in a file that its owner alone can read. */
export interface AdminToken {
  /** True when `authorization` is `Bearer` with the token as it is in the file now. */
  opens(authorization: string | undefined): Promise<boolean>;
}

/** Makes the file where there is none. It is read again for each question: replacing it rotates. */
export async function openAdminToken(file: string): Promise<AdminToken> {
  await writeOnce(file, `${randomBytes(32).toString("base64url")}\n`);
  return {
    async opens(authorization) {
      const said = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
      const token = (await readFile(file, "utf8")).trim();
      // What was said is never empty, so an emptied file opens nothing.
      return said !== undefined && timingSafeEqual(digest(said), digest(token));
    },
  };
}

/** Of equal length, whatever was said. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
