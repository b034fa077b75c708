import {
  inTitleOrder,
  MOST_REPLIES,
  type CannedReplies,
  type CannedReply,
} from "../../replies/ports.ts";

/** Canned replies of a process that keeps nothing. */
export function memoryReplies(): CannedReplies {
  const all = new Map<string, CannedReply>();
  return {
    list: async () => [...all.values()].toSorted(inTitleOrder),
    async add(reply) {
      if (!all.has(reply.id) && all.size >= MOST_REPLIES) return false;
      all.set(reply.id, reply);
      return true;
    },
    async replace(reply) {
      if (!all.has(reply.id)) return false;
      all.set(reply.id, reply);
      return true;
    },
    remove: async (id) => all.delete(id),
  };
}
