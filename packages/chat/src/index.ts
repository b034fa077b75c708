export type { ChatDeps } from "./chat-deps.ts";
export type { ChatConfig } from "./config.ts";
export { CLAIM_NAMES } from "./auth/claims.ts";
export { mintToken, orderProblems, type TokenOrder } from "./auth/mint-token.ts";
export { secretProblems } from "./auth/secret-strength.ts";
export { chatOptions, type ChatOptions } from "./options.ts";
export { readChatConfig, type GivenChat } from "./read-config.ts";
export { startChat, type RunningChat } from "./start.ts";
export { FolderInUseError } from "./store/open-folder.ts";
