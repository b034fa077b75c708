/**
 * A process that runs the chat for tests that kill it: it loads, waits to be told a folder, says its port,
 * and goes on until it is killed or told to drain.
 */
import { promMetrics, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { configOf, type TestSecrets } from "./_running-chat.ts";
import { UNLIMITED } from "./_talk-kit.ts";
import { startChat } from "../src/start.ts";

export interface Orders {
  folder: string;
  secrets: TestSecrets;
}

process.once("message", (orders: Orders) => void run(orders));
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
process.send!("loaded");

async function run({ folder, secrets }: Orders): Promise<void> {
  const deps = {
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    log: silentLog(),
    metrics: promMetrics(),
    fatal: (cause: unknown) => {
      throw cause;
    },
  };
  const config = configOf(folder, { rates: UNLIMITED }, secrets);
  const chat = await startChat(config, deps, new AbortController().signal);
  process.once("SIGTERM", () => {
    void chat
      .drain()
      .then(() => chat[Symbol.asyncDispose]())
      .then(() => process.exit(0));
  });
  process.send!({ port: chat.port });
}
