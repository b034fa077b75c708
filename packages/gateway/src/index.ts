// The door of this room: what other rooms may import.
export * from "./limits/client-prefix.ts";
export * from "./limits/token-buckets.ts";
export * from "./ports.ts";
export type { PortRange } from "./registry/admission.ts";
export * from "./registry/memory.ts";
export * from "./registry/snapshot-parts.ts";
export type { MatchingPath, ReadPath } from "./routes/host-table.ts";
export * from "./tokens/agent-token.ts";
export * from "./tokens/signing-key.ts";
export * from "./tokens/token-keys.ts";
export * from "./access/access.ts";
export * from "./access/basic-auth.ts";
export * from "./access/cidr-list.ts";
export * from "./access/password-hash.ts";
export * from "./access/trusted-proxies.ts";
export * from "./answers/accept.ts";
export * from "./answers/error-answer.ts";
export * from "./answers/public-text.ts";
