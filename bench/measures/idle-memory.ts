import type { Contender } from "../contender.ts";
import { openIdleCrowd } from "../idle-crowd.ts";
import type { Measure, Sample } from "../measure.ts";
import { residentBytes } from "../processes.ts";

const SOCKETS = 10_000;
/** Opened and closed before the first look, so that code, pools and the heap's first pages are there. */
const WARM_UP = 500;
/** The collector's own pace: long enough for it to give back what opening took. */
const SETTLE_MS = 5_000;

/** Growth of resident memory per idle WebSocket. Once per process: a second crowd finds pages kept. */
export const idleMemory = memoryOf("idle WebSockets", "plain");
export const idleUsers = memoryOf("idle users", "chat");

function memoryOf(name: string, kind: "plain" | "chat"): Measure {
  return {
    name,
    async sample(contender, stage, { share }) {
      const count = Math.round(SOCKETS * share);
      await stage.processes.stop(await openIdleCrowd(stage, contender, WARM_UP, kind));
      await settle();
      const before = resident(contender);
      const crowd = await openIdleCrowd(stage, contender, count, kind);
      await settle();
      const after = resident(contender);
      await stage.processes.stop(crowd);
      return Object.fromEntries(
        Object.keys(after).map((part) => [`${part}Bytes`, (after[part]! - before[part]!) / count]),
      );
    },
  };
}

function resident({ pids }: Contender): Sample {
  return Object.fromEntries(Object.entries(pids).map(([part, pid]) => [part, residentBytes(pid)]));
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
