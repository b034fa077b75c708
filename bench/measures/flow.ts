import { connect } from "node:net";
import type { Contender, Stage } from "../contender.ts";
import { quantile, type Measure } from "../measure.ts";
import { BULK_BYTES } from "../origin.ts";
import { cpuMicros } from "../processes.ts";
import { download, get } from "../raw-client.ts";

async function bulkOnce({ name, entries }: Contender): Promise<void> {
  const { status } = await download(entries.files, "/bulk", BULK_BYTES);
  if (status !== 200) throw new Error(`${name} answered ${status}`);
}

/** One download of 100 MB, its beginning included: over a long line that is a part of it. */
export const oneBulk: Measure = {
  name: "one 100 MB GET",
  async sample(contender) {
    const since = performance.now();
    await bulkOnce(contender);
    return { MBPerSecond: BULK_BYTES / 1e3 / (performance.now() - since) };
  },
};

/** Small requests, one after the other on connections of their own, while a download fills the line. */
export const besideBulk: Measure = {
  name: "small GET beside a bulk download",
  async sample({ name, entries }, _stage, { seconds }) {
    const { port, host } = entries.files;
    const bulk = connect({ port, host: "127.0.0.1" }).resume();
    bulk.write(`GET /bulk HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    const times: number[] = [];
    const until = performance.now() + 1_000 * seconds;
    while (performance.now() < until) {
      const since = performance.now();
      const { status } = await get(entries.files, "/small");
      if (status !== 200) throw new Error(`${name} answered ${status}`);
      times.push(performance.now() - since);
    }
    if (bulk.closed) throw new Error(`${name}: the download ended while it was to fill the line`);
    bulk.destroy();
    return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
  },
};

/**
 * Opens downloads of 100 MB that nobody reads, and waits until they stand still: the kernel's buffers
 * are full, and those of the contender. They last as long as the stage.
 */
export async function stallReaders(
  { processes }: Stage,
  { entries, pids }: Pick<Contender, "entries" | "pids">,
  count: number,
): Promise<void> {
  const { port, host } = entries.files;
  const first = Array.from({ length: count }, () => {
    const socket = connect({ port, host: "127.0.0.1" }).pause();
    socket.on("error", () => {});
    processes.defer(() => socket.destroy());
    socket.write(`GET /bulk HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    return new Promise<void>((resolve) => {
      socket.once("readable", resolve);
    });
  });
  await Promise.all(first);
  await standingStill(Object.values(pids));
}

const LOOK_MS = 1_000;
/** Of one core: what idle processes use for their timers. */
const STILL = 0.05;
/** A kernel that is short of memory for a thousand full sockets takes a little more in waves. */
const LOOKS = 10;
const PATIENCE_MS = 120_000;

/** Until the processes have had next to nothing to do for a while. */
async function standingStill(pids: readonly number[]): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (let before = cpuMicros(pids), still = 0; still < LOOKS;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = cpuMicros(pids);
    still = now - before < STILL * LOOK_MS * 1_000 ? still + 1 : 0;
    before = now;
    if (performance.now() > until) throw new Error("downloads that nobody reads still move");
  }
}
