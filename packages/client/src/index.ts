export { createChat, guestToken, type CreateChatOptions } from "./create-chat.ts";
export type { ChatClient, ClientEvents } from "./chat-client.ts";
export type {
  ChatSession,
  Refusal,
  SendOptions,
  SentFile,
  SessionEvents,
  SessionState,
} from "./session/chat-session.ts";
export type { Message, MessageState } from "./session/message.ts";
export type { RunningAnswer } from "./session/answers.ts";
export type { Failure } from "./session/outbox.ts";
export type { Presence, Typing, Waiting } from "./session/passing.ts";
export type { Control, Reactor } from "./log/view.ts";
export type { ConnectionState } from "./line/line.ts";
export { memoryStorage } from "./storage/memory-storage.ts";
export { indexedStorage } from "./storage/indexed-storage.ts";
export type { ClientStorage } from "./storage/storage.ts";
export type { Platform } from "./platform.ts";
