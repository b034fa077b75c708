import type { Command } from "./cli/command.ts";
import { claimsRelease } from "./commands/claims-release.ts";
import { drain } from "./commands/drain.ts";
import { routes } from "./commands/routes.ts";
import { status } from "./commands/status.ts";
import { tokenCreate } from "./commands/token-create.ts";
import { tokenKeygen } from "./commands/token-keygen.ts";
import { tokenRevoke } from "./commands/token-revoke.ts";
import { why } from "./commands/why.ts";

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  tokenCreate,
  tokenRevoke,
  tokenKeygen,
  status,
  routes,
  why,
  claimsRelease,
  drain,
];
