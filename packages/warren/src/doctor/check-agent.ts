import type { AgentConfig } from "@warren/agent";
import type { Clock } from "@warren/host";
import { bounded } from "./bounded.ts";
import { note, ok, warn, type Finding } from "./finding.ts";

const EACH_MS = 3_000;

/** What the agent of this machine or pod says of itself, where it has a listener for that. */
export async function checkAgent(
  admin: AgentConfig["admin"],
  deps: { clock: Clock; signal: AbortSignal },
): Promise<Finding[]> {
  if (admin === undefined || admin.port === 0) return [];
  const check = "agent here";
  const host = /^(0\.0\.0\.0|::)$/.test(admin.host) ? "127.0.0.1" : admin.host;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${admin.port}/readyz`;
  try {
    return await bounded({ ...deps, ms: EACH_MS }, async (signal) => {
      const answer = await fetch(url, { signal });
      const said = (await answer.text()).trim().slice(0, 300);
      return answer.ok
        ? [ok(check, said)]
        : [warn(check, said, "it serves nothing yet: its log says more")];
    });
  } catch {
    const todo = "where an agent runs, in its pod or on its machine, this says whether it is ready";
    return [note(check, `nobody answers at ${url}`, todo)];
  }
}
