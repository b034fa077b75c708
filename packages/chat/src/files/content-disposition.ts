import type { Disposition } from "./ports.ts";

/** RFC 8187 §3.2.1: what may stay as it is in an extended value. encodeURIComponent leaves more. */
const TOO_BARE = /['()*]/g;

/**
 * A Content-Disposition field (RFC 6266 §4): the name in ASCII for old readers, then exactly. Whatever
 * the name holds, it stays within its parameter.
 */
export function contentDisposition(disposition: Disposition, name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/gu, "_");
  const exact = encodeURIComponent(name.toWellFormed()).replaceAll(
    TOO_BARE,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${disposition}; filename="${plain}"; filename*=UTF-8''${exact}`;
}
