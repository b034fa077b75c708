import {
  DamagedFileError,
  ExitError,
  FolderError,
  mendable,
  SecretError,
  type Options,
} from "@warren/host";
import { relative, resolve, sep } from "node:path";

/** Who named what: enough to say how to name something else. */
export interface Named {
  options: Options;
  config: Readonly<Record<string, unknown>>;
  said(key: string): string;
}

/** What whoever called the command should read instead of a stack; a bug of ours stays what it is. */
export function plainError(error: unknown, named: Named): unknown {
  if (error instanceof SecretError) return new ExitError("usage", error.message, { cause: error });
  if (error instanceof DamagedFileError)
    return new ExitError("failed", error.message, { cause: error });
  if (!(error instanceof Error)) return error;
  const path = pathOf(error, named);
  if (path === undefined) return error;
  const key = keyOf(path, named);
  const text = error instanceof FolderError ? error.message : whatIsWrong(error, path, key, named);
  if (text === undefined) return error;
  const way =
    key === undefined ? "" : `; ${named.said(key)} names the ${kindOf(key, named)} to use`;
  return new ExitError("unavailable", `${text}${way}`, { cause: error });
}

/** A write that fails names no file: what we write is in the data folder. */
function pathOf({ path, code }: NodeJS.ErrnoException, { config }: Named): string | undefined {
  const { data } = config;
  return path ?? (code === "ENOSPC" && typeof data === "string" ? data : undefined);
}

function whatIsWrong(
  { code }: NodeJS.ErrnoException,
  path: string,
  key: string | undefined,
  named: Named,
): string | undefined {
  const namedItself = key !== undefined && resolve(String(named.config[key])) === resolve(path);
  const why =
    mendable(code) ?? (code === "ENOENT" && namedItself ? "there is no such file" : undefined);
  return why && `${path}: ${why}`;
}

/** The option whose file or folder the path is, or is in; of several the one that comes closest. */
function keyOf(path: string, named: Named): string | undefined {
  let best: { key: string; length: number } | undefined;
  for (const key of Object.keys(named.options)) {
    const value = named.config[key];
    if (kindOf(key, named) === undefined || typeof value !== "string") continue;
    const place = resolve(value);
    if (relative(place, resolve(path)).split(sep)[0] === "..") continue;
    if (best === undefined || place.length > best.length) best = { key, length: place.length };
  }
  return best?.key;
}

function kindOf(key: string, { options }: Named): "folder" | "file" | undefined {
  const value = options[key]?.value;
  return value === "<folder>" ? "folder" : value === "<file>" ? "file" : undefined;
}
