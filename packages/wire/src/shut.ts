import type { Policy } from "./route.ts";

/** Everybody, as a policy's `deny` says it. */
export const EVERYBODY: readonly string[] = ["0.0.0.0/0", "::/0"];

/** Whether a route lets nobody in: its place is shut, and is no publication. */
export function keepsAllOut({ deny }: Pick<Policy, "deny">): boolean {
  return EVERYBODY.every((one) => deny?.includes(one) === true);
}
