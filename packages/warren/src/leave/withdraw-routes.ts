import { startAgent, type AgentConfig } from "@warren/agent";
import { openMetrics, randomId, systemClock, type Log } from "@warren/host";
import { bounded } from "../doctor/bounded.ts";
import { note, ok, whyOf, type Finding } from "../doctor/finding.ts";
import { VERSION } from "../version.ts";

const ANSWER_MS = 15_000;
const IN_TIME = "its routes end by themselves, five minutes after its last agent";

/**
 * Takes back at a gateway what a cluster has published there: joins as one more agent of it, which has nothing to
 * publish, and says so. What agents said before counts less, whatever they numbered it.
 */
export async function withdrawRoutes(
  config: AgentConfig,
  url: string,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<Finding> {
  const check = `routes at ${url}`;
  const heard = Promise.withResolvers<void>();
  const nothing = { publications: [], kube: undefined, admin: undefined };
  const self = { id: `leave-${randomId(4, "hex")}`, gateways: [url], minGateways: 1 };
  const deps = {
    log,
    metrics: openMetrics(),
    clock: systemClock,
    version: VERSION,
    onRequest: undefined,
    onPort: undefined,
    onPublished: () => heard.resolve(),
  };
  try {
    await config.token(); // who dials would ask for it again and again
    await using agent = await startAgent({ ...config, ...nothing, ...self }, deps, signal);
    const bound = { clock: systemClock, signal, ms: ANSWER_MS };
    await bounded(bound, () => Promise.race([heard.promise, agent.replaced]));
    await agent.drain("kept");
    return ok(check, "are taken back");
  } catch (error) {
    signal.throwIfAborted();
    return note(check, `are not taken back: ${whyOf(error)}`, IN_TIME);
  }
}
