import { mkdirSync, statSync } from "node:fs";
import { access, constants, readdir } from "node:fs/promises";
import { dirname } from "node:path";

/** A folder could not be had. The message is for the operator, and begins with the path. */
export class FolderError extends Error {
  override readonly name = "FolderError";
  readonly path: string;
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`${path}: ${why}`, options);
    this.path = path;
  }
}

/**
 * Makes a folder and those above it; one that is there is left as it is. Not by mkdir's `recursive`:
 * that never returns where a folder is there and none can be made in it, as in /proc (Node 26.10).
 * Throws a FolderError, or what the system says.
 */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return checkFolder(path);
    if (code !== "ENOENT" || isThere(dirname(path))) throw cannotMake(path, error);
    makeFolder(dirname(path), mode);
    makeFolderIn(path, mode);
  }
}

/**
 * Looks at a folder that is read now and later. False when it is not there yet; rejects with a
 * FolderError when it never will be of use: it is none, may not be read, or would be in a folder that
 * is not there, which is a slip of the pen.
 */
export async function isReadableFolder(path: string): Promise<boolean> {
  try {
    await readdir(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" && isThere(path)) checkFolder(path);
    if (code !== "ENOENT") throw new FolderError(path, whyNot(code), { cause: error });
  }
  const above = dirname(path);
  await access(above, constants.F_OK).catch((cause: unknown) => {
    throw new FolderError(path, `neither it nor ${above} is there`, { cause });
  });
  return false;
}

/** Another process may have made it meanwhile. */
function makeFolderIn(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw cannotMake(path, error);
    checkFolder(path);
  }
}

function checkFolder(path: string): void {
  if (!statSync(path).isDirectory()) throw new FolderError(path, "it is a file, no folder");
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function cannotMake(path: string, cause: unknown): FolderError {
  const { code } = cause as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? `no folder can be made in ${dirname(path)}` : whyNot(code);
  return new FolderError(path, why, { cause });
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  ENOTDIR: "a part of this path is no folder",
  ELOOP: "its symbolic links lead nowhere",
  ENAMETOOLONG: "its name is too long",
};

/** What a system's error code means to an operator, where it is one that an operator can mend. */
export function mendable(code: string | undefined): string | undefined {
  return code === undefined ? undefined : WHY[code];
}

function whyNot(code: string | undefined): string {
  return mendable(code) ?? `cannot be used (${code ?? "unknown error"})`;
}
