import { isAll, TOKEN } from "./ascii.ts";

/**
 * The one protocol that an Upgrade value names, lower case (`websocket`), or "". A list of several
 * counts as none, and so does h2c: a server is always free not to change (RFC 9110 §7.8).
 */
export function upgradeToken(value: string | undefined): string {
  if (value === undefined) return "";
  if (value === "websocket") return value;
  const slash = value.indexOf("/");
  const named = isAll(TOKEN, value, 0, slash === -1 ? value.length : slash);
  if (!named || (slash !== -1 && !isAll(TOKEN, value, slash + 1))) return "";
  const word = value.toLowerCase();
  return word === "h2c" ? "" : word;
}
