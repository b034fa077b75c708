export * from "./client-frames.ts";
export * from "./errors.ts";
export * from "./messaging-client-frames.ts";
export * from "./messaging-server-frames.ts";
export * from "./parse-frame.ts";
export * from "./server-frames.ts";
export { CHAT_LIMITS } from "./values.ts";
export * from "./wire-entry.ts";
