import path from "node:path";
import type { Contender, Stage } from "./contender.ts";
import { freePort } from "./processes.ts";

const READY_MS = 120_000;

/** Opens `count` WebSockets through the contender in a process of their own; resolves with its pid. */
export async function openIdleCrowd(
  { processes }: Stage,
  { entries }: Pick<Contender, "entries">,
  count: number,
  kind: "plain" | "chat" = "plain",
): Promise<number> {
  const ready = await freePort();
  const { port, host } = entries.service;
  return processes.start({
    name: `idle-${ready}`,
    command: process.execPath,
    args: [
      path.join(import.meta.dirname, "idle-sockets.ts"),
      [String(port), host, String(count), String(ready), kind],
    ].flat(),
    ports: [ready],
    readyMs: READY_MS,
  });
}
