import { expect } from "vitest";
import { MOST_REPLIES, type CannedReplies, type CannedReply } from "../src/replies/ports.ts";

function reply(id: string, given: Partial<CannedReply> = {}): CannedReply {
  return { id, title: `title ${id}`, text: `text ${id}`, updatedMs: 1, updatedBy: "bob", ...given };
}

/** What every implementation of the port does. */
export const REPLY_FACTS: readonly {
  name: string;
  holds: (replies: CannedReplies) => Promise<void>;
}[] = [
  {
    name: "nobody wrote any yet",
    async holds(replies) {
      expect(await replies.list()).toEqual([]);
      expect(await replies.replace(reply("a"))).toBe(false);
      expect(await replies.remove("a")).toBe(false);
    },
  },
  {
    name: "all are listed by title, then by id, whole",
    async holds(replies) {
      const titles = { c: "Zebra", b: "ähnlich", a: "Zebra", d: "hello 👋" };
      for (const [id, title] of Object.entries(titles)) {
        expect(await replies.add(reply(id, { title }))).toBe(true);
      }
      const all = await replies.list();
      expect(all.map(({ id }) => id)).toEqual(["a", "c", "d", "b"]);
      expect(all[0]).toEqual(reply("a", { title: "Zebra" }));
    },
  },
  {
    name: "one is replaced and removed, and no other",
    async holds(replies) {
      await replies.add(reply("a"));
      await replies.add(reply("b"));
      const changed = reply("a", { text: "other words", updatedMs: 2, updatedBy: "ann" });
      expect(await replies.replace(changed)).toBe(true);
      expect(await replies.list()).toEqual([changed, reply("b")]);
      expect(await replies.remove("a")).toBe(true);
      expect(await replies.list()).toEqual([reply("b")]);
    },
  },
  {
    name: "one that is added again takes its own place",
    async holds(replies) {
      await replies.add(reply("a"));
      expect(await replies.add(reply("a", { text: "again" }))).toBe(true);
      expect(await replies.list()).toEqual([reply("a", { text: "again" })]);
    },
  },
  {
    name: "there are never more than the most, and room again when one goes",
    async holds(replies) {
      const ids = Array.from({ length: MOST_REPLIES }, (_, at) => `r${at}`);
      while (ids.length > 0) {
        const some = ids.splice(0, 20).map((id) => replies.add(reply(id)));
        expect(new Set(await Promise.all(some))).toEqual(new Set([true]));
      }
      expect(await replies.add(reply("one-more"))).toBe(false);
      expect(await replies.add(reply("r7"))).toBe(true);
      await replies.remove("r8");
      expect(await replies.add(reply("one-more"))).toBe(true);
      expect(await replies.list()).toHaveLength(MOST_REPLIES);
    },
  },
];
