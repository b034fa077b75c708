/**
 * A process that runs the chat for tests that kill it: it loads, waits to be told a folder, says its port,
 * and goes on until it is killed or told to drain.
 */
import { flushCompileCache } from "node:module";
import { promMetrics, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { configOf, type TestSecrets } from "./_running-chat.ts";
import { UNLIMITED } from "./_talk-kit.ts";
import type { StoreConfig } from "../src/store/store-config.ts";
import { startChat } from "../src/start.ts";

export interface Orders {
  folder: string;
  store: StoreConfig;
  secrets: TestSecrets;
}

process.once("message", (orders: Orders) => void run(orders));
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
// It may never end by itself.
flushCompileCache();
process.send!("loaded");

async function run({ folder, store, secrets }: Orders): Promise<void> {
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
  const config = configOf(folder, { store, rates: UNLIMITED }, secrets);
  const chat = await startChat(config, deps, new AbortController().signal);
  process.once("SIGTERM", () => {
    void chat
      .drain()
      .then(() => chat[Symbol.asyncDispose]())
      .then(() => process.exit(0));
  });
  process.send!({ port: chat.port });
}
