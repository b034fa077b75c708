import type { ServerFrames, WireEntry } from "@warren/wire";
import type { Entry } from "../log/entry.ts";
import { wallMsOf } from "../log/hybrid-time.ts";
import type { Said } from "../log/said.ts";

/** An entry as clients get it. Who may not see it gets its place in the log and nothing of it. */
export function wireEntryOf(said: Said, isAdmin: boolean): WireEntry {
  const of = stateOf(said);
  if (isHidden(said, isAdmin)) return { ...of, kind: "hidden", client_message_id: "" };
  switch (said.kind) {
    case "message":
      return { ...of, ...messageOf(said.body), kind: "message" };
    case "edit":
      return { ...of, kind: "edit", target_id: said.body.messageId, content: said.body.content };
    case "delete":
      return { ...of, kind: "delete", target_id: said.body.messageId };
    case "reaction": {
      const { messageId, emoji, isOn } = said.body;
      return { ...of, kind: "reaction", target_id: messageId, emoji, on: isOn };
    }
    case "receipt": {
      const { deviceId, delivered, read } = said.body;
      const versions = { ...(delivered && { delivered }), ...(read && { read }) };
      return { ...of, kind: "receipt", device_id: deviceId, ...versions };
    }
    case "control": {
      const { mode, adminId, adminName, why } = said.body;
      const admin = {
        ...(adminId !== undefined && { admin_id: adminId }),
        ...(adminName !== undefined && { admin_name: adminName }),
      };
      return {
        ...of,
        ...admin,
        kind: "control",
        mode,
        why,
        control_epoch: said.entry.controlEpoch,
      };
    }
    case "opened": {
      const { modelId } = said.body;
      return { ...of, kind: "opened", ...(modelId !== undefined && { model_id: modelId }) };
    }
    case "named":
      return { ...of, kind: "named", name: said.body.name };
    case "model":
      return { ...of, kind: "model", model_id: said.body.modelId };
    case "help":
      return { ...of, kind: "help", open: said.body.isOpen };
    case "ended":
      return { ...of, kind: "ended", by: said.body.by };
  }
}

/** True for admins' words among themselves, and for what was done to these. */
export function isHidden(said: Said, isAdmin: boolean): boolean {
  return !isAdmin && "isNote" in said.body && said.body.isNote;
}

type SenderWord = NonNullable<ServerFrames["typing"]["sender"]>;

export function senderOf(author: string): SenderWord {
  if (author.startsWith("user:")) return "user";
  if (author.startsWith("admin:")) return "admin";
  return author === "system" ? "system" : "ai";
}

/** RFC 3339, from the entry's time. */
export function timestampOf({ hlc }: Pick<Entry, "hlc">): string {
  return new Date(wallMsOf(hlc)).toISOString();
}

function stateOf({ entry, messageId }: Said) {
  const { origin, number, hlc, author, clientMessageId } = entry;
  const [, id] = /^(?:user|admin):(.*)$/su.exec(author) ?? [];
  return {
    origin,
    number,
    hlc,
    timestamp: timestampOf(entry),
    message_id: messageId,
    client_message_id: clientMessageId,
    sender: senderOf(author),
    ...(id !== undefined && { author_id: id }),
  };
}

function messageOf(body: Extract<Said, { kind: "message" }>["body"]) {
  const { sender, type, content, name, file, metadata, replyTo, isNote, answer } = body;
  return {
    sender,
    message_type: type,
    content,
    ...(name !== undefined && { name }),
    ...(file && { file: fileOf(file) }),
    ...(metadata && { metadata }),
    ...(replyTo !== undefined && { reply_to: replyTo }),
    ...(isNote && { is_note: true }),
    ...(answer && { answer: answerOf(answer) }),
  };
}

function fileOf({ fileId, url, name, contentType, bytes }: NonNullable<MessageBody["file"]>) {
  return {
    file_id: fileId,
    file_url: url,
    ...(name !== undefined && { name }),
    ...(contentType !== undefined && { content_type: contentType }),
    ...(bytes !== undefined && { bytes }),
  };
}

type MessageBody = Extract<Said, { kind: "message" }>["body"];

function answerOf(answer: NonNullable<MessageBody["answer"]>) {
  const { runId, modelId, replyTo, attempt, status, why, totalTokens, firstTokenMs, totalMs } =
    answer;
  return {
    run_id: runId,
    model_id: modelId,
    reply_to: replyTo,
    attempt,
    status,
    ...(why !== undefined && { why }),
    total_tokens: totalTokens,
    ...(firstTokenMs !== undefined && { first_token_ms: firstTokenMs }),
    total_ms: totalMs,
  };
}
