import { CLIENT_FRAMES, type ClientFrame } from "./client-frames.ts";
import { ChatError } from "./errors.ts";
import { MESSAGING_CLIENT_FRAMES, type MessagingClientFrame } from "./messaging-client-frames.ts";
import { readFrame, readObject, wordOf } from "./read-frame.ts";

export interface ReadFrame<F = ClientFrame> {
  readonly frame: F | ChatError;
  /** What the client called it, as far as that can be read: an error is told about it. */
  readonly clientMessageId: string | undefined;
  /** The session, or the conversation, that it is about. */
  readonly sessionId: string | undefined;
}

/** Reads a text frame of the chatbox dialect. */
export function readClientFrame(text: string): ReadFrame {
  const said = readObject(text);
  if (said instanceof ChatError) return unreadable(said);
  return {
    frame: readFrame(CLIENT_FRAMES, said),
    clientMessageId: wordOf(said["client_message_id"]),
    sessionId: wordOf(said["session_id"]),
  };
}

/** Reads a text frame of the messaging dialect. */
export function readMessagingFrame(text: string): ReadFrame<MessagingClientFrame> {
  const said = readObject(text);
  if (said instanceof ChatError) return unreadable(said);
  const payload = said["payload"] as { conversation_id?: unknown } | null | undefined;
  return {
    frame: readFrame(MESSAGING_CLIENT_FRAMES, said),
    clientMessageId: wordOf(said["client_message_id"]) ?? wordOf(said["idempotency_key"]),
    sessionId: wordOf(said["conversation_id"]) ?? wordOf(payload?.conversation_id),
  };
}

function unreadable(frame: ChatError): ReadFrame<never> {
  return { frame, clientMessageId: undefined, sessionId: undefined };
}
