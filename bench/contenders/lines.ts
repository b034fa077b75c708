import { startFaultProxy } from "@warren/host/testing";
import { entriesAt, type Stage, type StartContender } from "../contender.ts";
import { startWarrenProcesses } from "../warren-processes.ts";

/** A network path, the same in both directions. */
export interface Line {
  bytesPerSecond: number;
  /** One way. */
  delayMs: number;
}

/** 50 MB/s and a round trip of 50 ms. */
export const LONG_LINE: Line = { bytesPerSecond: 50_000_000, delayMs: 25 };
/** 20 Mbit/s and a round trip of 20 ms. */
export const SLOW_LINE: Line = { bytesPerSecond: 2_500_000, delayMs: 10 };

/** The port of a line that leads to `target`; it lasts as long as the stage. */
async function lineTo({ processes }: Stage, target: number, line: Line): Promise<number> {
  const proxy = await startFaultProxy({ target: { port: target }, up: line, down: line });
  processes.defer(() => void proxy[Symbol.asyncDispose]());
  return proxy.port;
}

/** Plain TCP over the line. */
export const plainOver =
  (line: Line): StartContender =>
  async (stage) => ({
    entries: entriesAt({
      files: await lineTo(stage, stage.origin.files, line),
      service: await lineTo(stage, stage.origin.service, line),
    }),
    pids: {},
  });

/** One gateway, one agent, and the line between them. */
export const warrenOver =
  (line: Line): StartContender =>
  async (stage) => {
    const hosts = { files: "files.bench.test", service: "service.bench.test" };
    const { files, service } = stage.origin;
    const { port, pids } = await startWarrenProcesses(stage.processes, {
      routes: { [hosts.files]: files, [hosts.service]: service },
      agentDials: (gatewayPort) => lineTo(stage, gatewayPort, line),
    });
    return {
      entries: { files: { port, host: hosts.files }, service: { port, host: hosts.service } },
      pids,
    };
  };
