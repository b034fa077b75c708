import type { SealedValue } from "../../keys/ports.ts";
import type { ShareLink, ShareLinks } from "../../shares/ports.ts";

/** Share links that end with the process. */
export function memoryShareLinks(): ShareLinks {
  const links = new Map<string, ShareLink>();
  const all = () => [...links.values()];
  const change = (id: string, changed: Partial<ShareLink>) => {
    const link = links.get(id);
    if (link !== undefined) links.set(id, { ...link, ...changed });
    return link !== undefined;
  };
  return {
    get: async (id) => links.get(id),
    find: async (digests) => all().find(({ digest }) => digests.includes(digest)),
    ofSessions: async (ids) => all().filter(({ sessionId }) => ids.includes(sessionId)),
    ofUser: async (of) =>
      all()
        .filter(({ userId }) => userId === of)
        .toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1)),
    async putIfAbsent(link) {
      const known = all().find(({ sessionId }) => sessionId === link.sessionId);
      if (known === undefined) links.set(link.id, link);
      return known ?? link;
    },
    setEnd: async (id, expiresAtMs) => change(id, { expiresAtMs }),
    remove: async (id) => links.delete(id),
    async removeExpired(wallMs, limit) {
      const expired = all().filter(({ expiresAtMs }) => expiresAtMs < wallMs);
      for (const { id } of expired.slice(0, limit)) links.delete(id);
      return Math.min(limit, expired.length);
    },
    async sealedByOthers(masterKeyId, after, limit) {
      const values = all()
        .filter((link) => link.masterKeyId !== masterKeyId && link.id > (after ?? ""))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .map(valueOf);
      return { values, next: values.length < limit ? undefined : values.at(-1)?.id };
    },
    async replace(old, { masterKeyId, digest, sealed }) {
      const link = links.get(old.id);
      if (link === undefined || !isSame(valueOf(link), old)) return false;
      return change(old.id, { masterKeyId, digest, sealed });
    },
  };
}

function valueOf({ id, masterKeyId, digest, sealed }: ShareLink): SealedValue {
  return { id, masterKeyId, digest, sealed };
}

function isSame(a: SealedValue, b: SealedValue): boolean {
  return a.masterKeyId === b.masterKeyId && a.digest === b.digest && a.sealed === b.sealed;
}
