// The door of this room: what other rooms may import.
export * from "./authority.ts";
export type { Framing } from "./framing.ts";
export { MAX_FIELDS } from "./field-lines.ts";
export * from "./head-end.ts";
export * from "./refusal.ts";
export * from "./request-head.ts";
export * from "./response-head.ts";
