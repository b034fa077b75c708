import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** The credential for what changes things, in a file that its owner alone can read. */
export interface AdminToken {
  /** True when `authorization` is `Bearer` with the token as it is in the file now. */
  opens(authorization: string | undefined): Promise<boolean>;
}

/** Makes the file where there is none. It is read again for each question: replacing it rotates. */
export async function openAdminToken(file: string): Promise<AdminToken> {
  await mint(file);
  return {
    async opens(authorization) {
      const said = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
      const token = (await readFile(file, "utf8")).trim();
      // What was said is never empty, so an emptied file opens nothing.
      return said !== undefined && timingSafeEqual(digest(said), digest(token));
    },
  };
}

async function mint(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  // `link` never replaces, so a token that is there stays, and nobody reads half of a new one.
  await link(draft, file).catch((reason: NodeJS.ErrnoException) => {
    if (reason.code !== "EEXIST") throw reason;
  });
  await rm(draft, { force: true });
}

/** Of equal length, whatever was said. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
