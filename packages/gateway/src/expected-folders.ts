import { join } from "node:path";
import type { GatewayConfig } from "./config.ts";

/**
 * Folders that are missed where they are not there yet: what somebody named, and the keys, without
 * which no agent comes. The data folder's own for certificates is none: most gateways have nothing in it.
 */
export function expectedFolders({
  dataFolder,
  keysFolder,
  tls,
}: Pick<GatewayConfig, "dataFolder" | "keysFolder" | "tls">): string[] {
  const own = join(dataFolder, "certificates");
  const isAsked = tls !== undefined && tls.certificatesFolder !== own;
  return isAsked ? [keysFolder, tls.certificatesFolder] : [keysFolder];
}
