import type { Collection, Document } from "mongodb";
import {
  inTitleOrder,
  MOST_REPLIES,
  type CannedReplies,
  type CannedReply,
} from "../../replies/ports.ts";
import type { MongoCalls } from "./calls.ts";
import { upsert } from "./inserts.ts";

/** All of them in one document: so their number has a bound that many instances keep. */
export interface RepliesDocument extends Document {
  _id: string;
  count: number;
  /** By id. */
  replies: Record<string, CannedReply>;
}

export interface MongoRepliesOptions {
  documents: Collection<RepliesDocument>;
  calls: MongoCalls;
  /** Resolves once the database is of this program's version. */
  ready: () => Promise<void>;
}

const ALL = "all";
/** An id is part of a field's path: one that says more would change something else. */
const ID = /^[\w-]{1,64}$/;

/** Canned replies in MongoDB. What is tried again after a lost answer does what is left of it. */
export function mongoReplies({ documents, calls, ready }: MongoRepliesOptions): CannedReplies {
  const put = async (reply: CannedReply, filter: Document, more: Document): Promise<boolean> => {
    const change = { $set: { [`replies.${reply.id}`]: { ...reply } }, ...more };
    const { matchedCount } = await documents.updateOne({ _id: ALL, ...filter }, change);
    return matchedCount === 1;
  };
  const replace = (reply: CannedReply) =>
    put(reply, { [`replies.${reply.id}`]: { $exists: true } }, {});
  return {
    list: () =>
      calls.read(async () => {
        const found = await documents.findOne({ _id: ALL });
        return Object.values(found?.replies ?? {}).toSorted(inTitleOrder);
      }),
    add: async (reply) =>
      ID.test(reply.id) &&
      calls.write(async () => {
        await ready();
        if (await replace(reply)) return true;
        await upsert(documents, { _id: ALL }, { $setOnInsert: { count: 0, replies: {} } });
        const isRoom = { count: { $lt: MOST_REPLIES } };
        const isNew = { [`replies.${reply.id}`]: { $exists: false } };
        return put(reply, { ...isRoom, ...isNew }, { $inc: { count: 1 } });
      }),
    replace: async (reply) => ID.test(reply.id) && calls.write(() => replace(reply)),
    remove: async (id) => {
      if (!ID.test(id)) return false;
      let wasThere = false;
      return calls.write(async () => {
        const filter = { _id: ALL, [`replies.${id}`]: { $exists: true } };
        const change = { $unset: { [`replies.${id}`]: "" }, $inc: { count: -1 } };
        // A try before this one may have removed it and lost the answer.
        wasThere ||= (await documents.findOne(filter, { projection: { _id: 1 } })) !== null;
        await documents.updateOne(filter, change);
        return wasThere;
      });
    },
  };
}
