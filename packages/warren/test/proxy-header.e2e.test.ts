import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAgent } from "@warren/agent";
import { startGateway } from "@warren/gateway";
import { promMetrics, systemClock } from "@warren/host";
import { recordingLog } from "@warren/host/testing";
import { expect, test } from "vitest";
import { agentConfig, gatewayConfig } from "./_kit/configs.ts";

const signal = new AbortController().signal;
const AGENTS = { host: "127.0.0.1", port: 0 };

async function asking(folder: string, agents: typeof AGENTS | undefined) {
  const log = recordingLog();
  const more = { trustedProxies: ["127.0.0.0/8"], acceptProxyProtocol: true };
  const config = { ...gatewayConfig(folder, more), agents };
  const sockets = new Map<string, number>();
  const deps = { log, metrics: promMetrics(), clock: systemClock, sockets };
  return { log, gateway: await startGateway(config, deps, signal) };
}

async function dialling(gatewayPort: number) {
  const log = recordingLog();
  const config = agentConfig({ id: "a", token: "none", gatewayPort, routes: [] });
  const unheard = { onRequest: undefined, onPort: undefined, onPublished: undefined };
  const deps = { log, metrics: promMetrics(), clock: systemClock, version: "0", ...unheard };
  return { log, agent: await startAgent(config, deps, signal) };
}

test("an agent that dials without the PROXY header that is asked of it is told what to do", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-proxy-"));
  const { log, gateway } = await asking(folder.path, undefined);
  await using _gateway = gateway;
  await log.line(({ level, msg }) => level === "warn" && msg.includes("--agent-port"));
  const dialled = await dialling(gateway.ports.http);
  await using _agent = dialled.agent;
  const told = await dialled.log.line(({ msg }) => msg.startsWith("no tunnel to the gateway"));
  expect(told.fields).toMatchObject({
    code: "bad_request",
    reason: expect.stringMatching(/must begin with a PROXY header.*--agent-port/),
  });
  await log.line(({ msg }) => msg.includes("must send a PROXY header"));
});

test("nothing is asked of agents on a port of their own", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-proxy-"));
  const { log, gateway } = await asking(folder.path, AGENTS);
  await using _gateway = gateway;
  const dialled = await dialling(gateway.ports.agents!);
  await using _agent = dialled.agent;
  // As far as the token, which is none.
  await dialled.log.line(({ msg }) => msg === "the gateway refuses this agent's token");
  expect(log.lines.filter(({ msg }) => msg.includes("PROXY"))).toEqual([]);
});
