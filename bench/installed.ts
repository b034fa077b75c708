import { accessSync, constants } from "node:fs";
import path from "node:path";

/** Where a program is, looked for as a shell would and where daemons are; undefined if nowhere. */
export function installed(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => path.join(folder, program)).find(runs);
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
