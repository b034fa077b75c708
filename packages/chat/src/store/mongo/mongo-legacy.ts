import type { Collection, Document } from "mongodb";
import * as v from "valibot";
import { LegacyFormatError, type LegacySession, type LegacySessions } from "../../legacy/ports.ts";
import type { MessageLog } from "../../log/ports.ts";
import type { MongoCalls } from "./calls.ts";

/** `reference/chatbox.md` D-2, and whether it was brought over. */
export interface LegacyDocument extends Document {
  _id: string;
  uid: string;
  brought_over_at?: Date;
}

/** Its driver wrote null for what is not there. */
const Text = v.fallback(v.nullish(v.string(), ""), "");
const MessageDocument = v.object({
  content: v.nullish(v.string(), ""),
  ts: v.date(),
  sender: v.picklist(["user", "ai", "admin", "system"]),
  fileId: Text,
  fileUrl: Text,
  meta: v.nullish(v.record(v.string(), v.unknown()), {}),
});
const SessionDocument = v.object({
  _id: v.string(),
  uid: v.pipe(v.string(), v.nonEmpty()),
  nm: Text,
  modelId: Text,
  assistingAdminId: Text,
  shareToken: Text,
  msgs: v.nullish(v.array(MessageDocument), []),
  ts: v.date(),
  endTs: v.nullish(v.date()),
});

export interface MongoLegacyOptions {
  documents: Collection<LegacyDocument>;
  calls: MongoCalls;
  /** Resolves once they are out of the way. */
  ready: () => Promise<void>;
  logDatedBy: (clock: () => number) => MessageLog;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** Sessions of the service before, in the collection that they were moved to. */
export function mongoLegacy(options: MongoLegacyOptions): LegacySessions {
  const { documents, calls, ready, logDatedBy, wallClock } = options;
  return {
    logDatedBy,
    next: (after, limit) =>
      calls.read(async () => {
        await ready();
        const found = await documents
          .find(leftAfter(after), { projection: { _id: 1 } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray();
        return found.map(({ _id }) => _id);
      }),
    read: (id) =>
      calls.read(async () => {
        const found = await documents.findOne({ _id: id, brought_over_at: { $exists: false } });
        return found === null ? undefined : parsed(found);
      }),
    broughtOver: (id) =>
      calls.write(async () => {
        const brought_over_at = new Date(wallClock());
        await documents.updateOne({ _id: id }, { $set: { brought_over_at } });
      }),
  };
}

function leftAfter(after: string | undefined) {
  const left = { brought_over_at: { $exists: false } };
  return after === undefined ? left : { _id: { $gt: after }, ...left };
}

function parsed(document: LegacyDocument): LegacySession {
  const read = v.safeParse(SessionDocument, document);
  if (!read.success) {
    const paths = read.issues.map((issue) => v.getDotPath(issue) ?? "");
    throw new LegacyFormatError(`fields that are not of their type: ${paths.join(", ")}`);
  }
  const { _id, uid, nm, modelId, assistingAdminId, shareToken, msgs, ts, endTs } = read.output;
  return {
    id: _id,
    userId: uid,
    name: nm || undefined,
    modelId: modelId || undefined,
    adminId: assistingAdminId || undefined,
    shareToken: shareToken || undefined,
    startMs: ts.getTime(),
    endMs: endTs?.getTime(),
    messages: msgs.map((message) => ({
      content: message.content,
      atMs: message.ts.getTime(),
      sender: message.sender,
      file: message.fileUrl === "" ? undefined : { fileId: message.fileId, url: message.fileUrl },
      metadata: texts(message.meta),
    })),
  };
}

function texts(meta: Readonly<Record<string, unknown>>): Record<string, string> {
  const pairs = Object.entries(meta).filter((pair): pair is [string, string] => {
    return typeof pair[1] === "string";
  });
  return Object.fromEntries(pairs);
}
