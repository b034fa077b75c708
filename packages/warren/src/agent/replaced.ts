import { ExitError } from "@warren/host";

/** Turns being replaced into an end that says what to do. */
export async function replaced(by: Promise<never>): Promise<never> {
  try {
    return await by;
  } catch (cause) {
    const text = "another process runs with this agent id: give each its own --agent-id";
    throw new ExitError("refused", text, { cause });
  }
}
