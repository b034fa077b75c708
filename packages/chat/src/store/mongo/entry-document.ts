import type { Document, ObjectId } from "mongodb";
import type { Entry, EntryKind } from "../../log/entry.ts";

/** One entry of a log. */
export interface EntryDocument extends Document {
  _id: ObjectId;
  user_id: string;
  session_id: string;
  origin: string;
  number: number;
  hlc: number;
  kind: string;
  author: string;
  client_message_id: string;
  control_epoch: number;
  is_held: boolean;
  is_closed: boolean;
  body: string;
  /** By the wall clock of the instance that wrote it, shortly before it did. */
  stored_at: Date;
}

export function documentOf(entry: Entry, _id: ObjectId, storedMs: number): EntryDocument {
  return {
    _id,
    user_id: entry.userId,
    session_id: entry.sessionId,
    origin: entry.origin,
    number: entry.number,
    hlc: entry.hlc,
    kind: entry.kind,
    author: entry.author,
    client_message_id: entry.clientMessageId,
    control_epoch: entry.controlEpoch,
    is_held: entry.isHeld,
    is_closed: entry.isClosed,
    body: entry.body,
    stored_at: new Date(storedMs),
  };
}

export function entryOf(document: EntryDocument): Entry {
  return {
    userId: document.user_id,
    sessionId: document.session_id,
    origin: document.origin,
    number: document.number,
    hlc: document.hlc,
    kind: document.kind as EntryKind,
    author: document.author,
    clientMessageId: document.client_message_id,
    body: document.body,
    controlEpoch: document.control_epoch,
    isHeld: document.is_held,
    isClosed: document.is_closed,
  };
}
