import type { Command } from "./cli/command.ts";
import { agent } from "./commands/agent.ts";
import { agentDoctor } from "./commands/agent-doctor.ts";
import { agentLeave } from "./commands/agent-leave.ts";
import { chat } from "./commands/chat.ts";
import { chatKeysRotate } from "./commands/chat-keys-rotate.ts";
import { chatToken } from "./commands/chat-token.ts";
import { claimsRelease } from "./commands/claims-release.ts";
import { drain } from "./commands/drain.ts";
import { expose } from "./commands/expose.ts";
import { gateway } from "./commands/gateway.ts";
import { routes } from "./commands/routes.ts";
import { status } from "./commands/status.ts";
import { tokenCreate } from "./commands/token-create.ts";
import { tokenKeygen } from "./commands/token-keygen.ts";
import { tokenRevoke } from "./commands/token-revoke.ts";
import { up } from "./commands/up.ts";
import { why } from "./commands/why.ts";

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  up,
  expose,
  gateway,
  agent,
  agentDoctor,
  agentLeave,
  chat,
  chatToken,
  chatKeysRotate,
  tokenCreate,
  tokenRevoke,
  tokenKeygen,
  status,
  routes,
  why,
  claimsRelease,
  drain,
];
