import { leaveGateway, type AgentConfig } from "@warren/agent";
import { systemClock, wallClock } from "@warren/host";
import { note, ok, whyOf, type Finding } from "../doctor/finding.ts";
import { VERSION } from "../version.ts";

const ANSWER_MS = 15_000;
const IN_TIME = "its routes end by themselves, five minutes after its last agent";
const OTHERS = "nothing, if those are meant to stay; else stop them too, and run it again";

/** Takes back at a gateway what a cluster has published there, unless agents of it still publish there. */
export async function withdrawRoutes(
  config: AgentConfig,
  url: string,
  { tell, signal }: { tell: (text: string) => void; signal: AbortSignal },
): Promise<Finding> {
  const check = `routes at ${url}`;
  const late = new AbortController();
  const within = (ms: number) =>
    systemClock.after(ms, () => late.abort(new Error(`no answer within ${ms / 1_000} s`)));
  let forget = within(ANSWER_MS);
  const waits = (ms: number): void => {
    forget();
    forget = within(ms + ANSWER_MS);
    tell(`${url} knows other agents of this cluster: waiting ${Math.ceil(ms / 1_000)} s for them`);
  };
  try {
    const left = await leaveGateway({
      config,
      url,
      version: VERSION,
      clock: systemClock,
      wallClock,
      waits,
      signal: AbortSignal.any([signal, late.signal]),
    });
    return left === "withdrawn"
      ? ok(check, "are taken back")
      : note(check, "stay: other agents of this cluster publish there", OTHERS);
  } catch (error) {
    signal.throwIfAborted();
    return note(check, `are not taken back: ${whyOf(error)}`, IN_TIME);
  } finally {
    forget();
  }
}
