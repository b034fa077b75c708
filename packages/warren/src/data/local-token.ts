import { createToken, openSigningKey } from "@warren/gateway";
import { randomId, wallClock } from "@warren/host";
import type { DataFolder } from "./data-folder.ts";

/** Clusters on this machine share their hosts: whichever `expose` runs has them. */
const GROUP = "local";

/** A token for a cluster on the same machine as the key: lasts as long as whoever asked for it. */
export async function mintLocalToken(
  folder: DataFolder,
  cluster: { uuid: string; name: string; hosts: readonly string[]; tcp: boolean },
): Promise<string> {
  const key = await openSigningKey({ privateFile: folder.signingKey, publicFolder: folder.keys });
  return createToken(key, {
    jti: randomId(12),
    sub: cluster.uuid,
    cluster: cluster.name,
    group: GROUP,
    hosts: [...cluster.hosts],
    tcp: cluster.tcp,
    iat: Math.floor(wallClock() / 1000),
  });
}
