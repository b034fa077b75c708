import { createHmac, timingSafeEqual } from "node:crypto";
import type { Disposition } from "./ports.ts";

/** What a link allows: to read one file until a time, under a name that can be taken back. */
export interface FileLink {
  id: string;
  /** For whom it was made: `user:alice`, `session:<id>`. Whoever serves it asks whether that still holds. */
  scope: string;
  /** Epoch seconds. */
  expires: number;
  disposition: Disposition;
}

export type LinkProblem = "malformed" | "forged" | "expired";

const PARAMETERS = ["e", "s", "d", "k"] as const;

/** `?e=<expires>&s=<scope>&d=<disposition>&k=<signature>`, to follow `/files/<id>`. */
export function signLink(link: FileLink, key: Uint8Array): string {
  const { scope, expires, disposition } = link;
  const signature = signatureOf(link, key).toString("base64url");
  const query = new URLSearchParams({ e: String(expires), s: scope, d: disposition, k: signature });
  return `?${query.toString()}`;
}

/**
 * The link of a request, if one of `keys` signed it (the first signs, the others are of before a
 * rotation). An expired link is told from a forged one only when it was genuine.
 */
export function verifyLink(
  id: string,
  query: URLSearchParams,
  { keys, wallMs }: { keys: readonly Uint8Array[]; wallMs: number },
): FileLink | LinkProblem {
  const [expires = "", scope = "", disposition = "", signature = ""] = PARAMETERS.map(
    (name) => query.get(name) ?? "",
  );
  const isRepeated = PARAMETERS.some((name) => query.getAll(name).length !== 1);
  const isKnown = disposition === "inline" || disposition === "attachment";
  if (isRepeated || !isKnown || !/^\d{1,12}$/.test(expires)) return "malformed";
  const link: FileLink = { id, scope, expires: Number(expires), disposition };
  const shown = Buffer.from(signature, "base64url");
  if (!keys.some((key) => isSame(signatureOf(link, key), shown))) return "forged";
  return link.expires * 1000 > wallMs ? link : "expired";
}

/** JSON keeps the fields apart, whatever they hold. */
function signatureOf({ id, scope, expires, disposition }: FileLink, key: Uint8Array): Buffer {
  const said = JSON.stringify(["warren file link 1", id, scope, expires, disposition]);
  return createHmac("sha256", key).update(said).digest();
}

function isSame(want: Buffer, shown: Buffer): boolean {
  return want.length === shown.length && timingSafeEqual(want, shown);
}
