/**
 * A process of its own for one part of a test: `fork` it, send what to start, hear what came of it.
 * It ends with whoever started it.
 */
import { setImmediate } from "node:timers/promises";
import { pinoLog, promMetrics, systemClock } from "@warren/host";
import { startAgent } from "@warren/agent";
import { startGateway, type GatewayConfig, type RunningGateway } from "@warren/gateway";
import { agentConfig, type AgentSettings } from "./configs.ts";
import { startStormService } from "./storm-service.ts";

export type Part =
  | { part: "gateway"; config: GatewayConfig }
  | { part: "agent"; settings: AgentSettings }
  | { part: "storm service" };

/** What a member says back: once when it runs, then as often as it is asked for its memory. */
export type Said =
  | { ports: Partial<RunningGateway["ports"]> }
  | { service: number }
  | { memory: NodeJS.MemoryUsage };

const signal = new AbortController().signal;
const deps = () => ({
  log: pinoLog({ level: "error", format: "json", to: 2, colours: false }),
  metrics: promMetrics(),
  clock: systemClock,
});

async function start(part: Part): Promise<Said> {
  switch (part.part) {
    case "gateway": {
      const sockets = new Map<string, number>();
      const gateway = await startGateway(part.config, { ...deps(), sockets }, signal);
      return { ports: gateway.ports };
    }
    case "agent": {
      const unheard = {
        version: "0",
        onRequest: undefined,
        onPort: undefined,
        onPublished: undefined,
      };
      const config = agentConfig(part.settings);
      const { adminPort } = await startAgent(config, { ...deps(), ...unheard }, signal);
      return { ports: adminPort === undefined ? {} : { admin: adminPort } };
    }
    case "storm service":
      return { service: (await startStormService()).port };
  }
}

function say(said: Said): void {
  process.send?.(said);
}

/** What is held: one collection leaves to the next what a running turn or the sweeper still has. */
async function memoryHeld(): Promise<NodeJS.MemoryUsage> {
  for (let collection = 0; collection < 3; collection++) {
    await setImmediate();
    globalThis.gc?.();
  }
  await setImmediate();
  return process.memoryUsage();
}

process.on("message", (message: Part | "memory") => {
  if (message === "memory") void memoryHeld().then((memory) => say({ memory }));
  else void start(message).then(say);
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
