import type { StartContender } from "../contender.ts";
import { startWarrenProcesses } from "../warren-processes.ts";

const HOSTS = { files: "files.bench.test", service: "service.bench.test" };

export interface WarrenVariant {
  /** A line for every request, written to a file. */
  requestLog?: boolean;
  /** Routes that the agent publishes beside the two that are used. */
  moreRoutes?: number;
  /** Agents beside the one that is used, each with a tunnel and a route of its own. */
  moreAgents?: number;
}

/** One gateway, one agent, rate limits off. */
export const warren =
  ({ requestLog = false, moreRoutes = 0, moreAgents = 0 }: WarrenVariant = {}): StartContender =>
  async ({ processes, origin }) => {
    const unused = Array.from({ length: moreRoutes }, (_, i) => [`r${i}.bench.test`, origin.files]);
    const { port, pids } = await startWarrenProcesses(processes, {
      routes: {
        ...(Object.fromEntries(unused) as Record<string, number>),
        [HOSTS.files]: origin.files,
        [HOSTS.service]: origin.service,
      },
      moreAgents: Array.from({ length: moreAgents }, (_, i) => ({
        [`a${i}.bench.test`]: origin.files,
      })),
      requestLog,
    });
    return {
      entries: { files: { port, host: HOSTS.files }, service: { port, host: HOSTS.service } },
      pids,
    };
  };
