// The door of this room: what other rooms may import.
export const ROOM = "gateway";
export * from "./limits/client-prefix.ts";
export * from "./limits/token-buckets.ts";
export * from "./tokens/agent-token.ts";
export * from "./tokens/signing-key.ts";
export * from "./tokens/token-keys.ts";
