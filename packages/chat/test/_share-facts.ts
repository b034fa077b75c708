import { expect } from "vitest";
import type { ShareLink, ShareLinks } from "../src/shares/ports.ts";

export function link(id: string, given: Partial<ShareLink> = {}): ShareLink {
  return {
    id,
    userId: "alice",
    sessionId: `session-${id}`,
    masterKeyId: "m1",
    digest: `digest-${id}`,
    sealed: `sealed-${id}`,
    createdAtMs: 1_000,
    expiresAtMs: 9_000,
    ...given,
  };
}

/** What every `ShareLinks` does. It is empty when a fact begins. */
export const SHARE_FACTS: readonly { name: string; holds: (links: ShareLinks) => Promise<void> }[] =
  [
    {
      name: "a link is found by its id, its session and any of its digests",
      async holds(links) {
        const one = link("a");
        expect(await links.putIfAbsent(one)).toEqual(one);
        expect(await links.get("a")).toEqual(one);
        expect(await links.find(["other", "digest-a"])).toEqual(one);
        expect(await links.ofSessions(["session-a", "none"])).toEqual([one]);
        expect(await links.get("b")).toBeUndefined();
        expect(await links.find(["digest-b"])).toBeUndefined();
        expect(await links.find([])).toBeUndefined();
        expect(await links.ofSessions([])).toEqual([]);
      },
    },
    {
      name: "a session has one link: all who race get the same",
      async holds(links) {
        const racers = ["a", "b", "c"].map((id) => link(id, { sessionId: "s" }));
        const kept = await Promise.all(racers.map((one) => links.putIfAbsent(one)));
        expect(new Set(kept.map(({ id }) => id)).size).toBe(1);
        expect(await links.ofSessions(["s"])).toEqual([kept[0]]);
      },
    },
    {
      name: "links of a user come newest first, and no other's among them",
      async holds(links) {
        await links.putIfAbsent(link("a", { createdAtMs: 1 }));
        await links.putIfAbsent(link("b", { createdAtMs: 3 }));
        await links.putIfAbsent(link("c", { createdAtMs: 2 }));
        await links.putIfAbsent(link("d", { userId: "bob" }));
        expect((await links.ofUser("alice")).map(({ id }) => id)).toEqual(["b", "c", "a"]);
      },
    },
    {
      name: "its end moves, unless it is gone",
      async holds(links) {
        await links.putIfAbsent(link("a"));
        expect(await links.setEnd("a", 5)).toBe(true);
        expect(await links.get("a")).toMatchObject({ expiresAtMs: 5 });
        expect(await links.remove("a")).toBe(true);
        expect(await links.remove("a")).toBe(false);
        expect(await links.setEnd("a", 6)).toBe(false);
        expect(await links.find(["digest-a"])).toBeUndefined();
      },
    },
    {
      name: "those that have expired are removed, so many at once and no others",
      async holds(links) {
        for (const id of ["a", "b", "c"]) await links.putIfAbsent(link(id, { expiresAtMs: 10 }));
        await links.putIfAbsent(link("d", { expiresAtMs: 20 }));
        expect(await links.removeExpired(20, 2)).toBe(2);
        expect(await links.removeExpired(20, 2)).toBe(1);
        expect(await links.removeExpired(20, 2)).toBe(0);
        expect(await links.get("d")).toBeDefined();
      },
    },
    {
      name: "those that another master key sealed come page by page, and are replaced as they were",
      async holds(links) {
        for (const id of ["a", "b", "c"]) await links.putIfAbsent(link(id));
        await links.putIfAbsent(link("d", { masterKeyId: "m2" }));
        const first = await links.sealedByOthers("m2", undefined, 2);
        const rest = await links.sealedByOthers("m2", first.next, 2);
        const found = [...first.values, ...rest.values];
        expect(found.map(({ id }) => id).toSorted()).toEqual(["a", "b", "c"]);
        const [old] = found;
        const fresh = { ...old!, masterKeyId: "m2", digest: "new", sealed: "anew" };
        expect(await links.replace(old!, fresh)).toBe(true);
        expect(await links.replace(old!, fresh)).toBe(false);
        expect(await links.find(["new"])).toMatchObject({ id: old!.id, userId: "alice" });
        expect(await links.find([old!.digest])).toBeUndefined();
      },
    },
  ];
