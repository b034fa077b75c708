import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { quantile } from "../measure.ts";
import { cpuMicros, residentBytes } from "../processes.ts";
import type { Done, Order } from "./crowd.ts";
import { Instance } from "./instance.ts";
import { must, type Proof } from "./proof.ts";

const CROWDS = 4;
/** All are resumed within it, counted from when the service takes connections again. */
const RESUMED_MS = 30_000;
const BEGUN = "what is said first";
const MISSED = ["missed 1", "missed 2", "missed 3"];

/** People in processes of their own. */
class Crowds implements Disposable {
  readonly #children: readonly ChildProcess[];

  constructor(port: number, clients: number) {
    const each = Math.ceil(clients / CROWDS);
    this.#children = Array.from({ length: CROWDS }, (_, at) =>
      fork(path.join(import.meta.dirname, "crowd.ts"), [port, at * each, each].map(String)),
    );
  }

  async all(order: Order): Promise<{ waitedMs: number[] }> {
    const done = await Promise.all(this.#children.map((child) => tell(child, order)));
    const faults = done.flatMap(({ faults }) => faults);
    must(faults.length === 0, () => `${faults.length} people: ${faults.slice(0, 5).join("; ")}`);
    return { waitedMs: done.flatMap(({ waitedMs }) => waitedMs) };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}

async function tell(child: ChildProcess, order: Order): Promise<Done> {
  const answer = Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`a crowd ended with ${code}`))),
  ]);
  child.send(order);
  const [done] = await answer;
  return done as Done;
}

/**
 * First all come back by the client's own back-off; then all at one moment, as after a network that was
 * gone for everybody, and with messages to be had that other devices wrote meanwhile.
 */
export const stampede: Proof = async (stage) => {
  const { size, say } = stage;
  await using chat = await Instance.start(stage, "stampede");
  using crowds = new Crowds(chat.port, size.clients);
  await crowds.all({ do: "begin", text: BEGUN });
  say(`${size.clients} people are in, the instance has ${megabytes(chat)} MB`);

  await restart(chat);
  const waiting = await crowds.all({ do: "return", wanted: [BEGUN] });
  const byBackOff = told(waiting);
  say(`all are back by their back-off: ${byBackOff}`);

  await crowds.all({ do: "lose" });
  await restart(chat);
  await crowds.all({ do: "write", texts: MISSED });
  say(`${MISSED.length} messages for each were written while they were away`);
  await restart(chat);
  const before = cpuMicros([chat.pid]);
  const back = await crowds.all({ do: "return", wanted: [BEGUN, ...MISSED] });
  const cpu = (cpuMicros([chat.pid]) - before) / 1e6;
  const atOnce = told(back);
  say(`all are back at once: ${atOnce}; ${cpu.toFixed(1)} s of the instance's CPU`);
  const { waitedMs } = await crowds.all({ do: "say", text: "and on it goes" });
  say(`everybody said something in ${(Math.max(...waitedMs) / 1_000).toFixed(1)} s`);
  for (const { waitedMs } of [waiting, back]) {
    must(Math.max(...waitedMs) < RESUMED_MS, () => `the last was resumed too late`);
  }
  return `${size.clients} people resumed; by back-off ${byBackOff}; all at once ${atOnce}`;
};

async function restart(chat: Instance): Promise<void> {
  await chat.kill();
  await chat.start();
}

function told({ waitedMs }: { waitedMs: readonly number[] }): string {
  const [half, last] = [quantile(waitedMs, 0.5), Math.max(...waitedMs)];
  return `half after ${(half / 1_000).toFixed(1)} s, the last after ${(last / 1_000).toFixed(1)} s`;
}

function megabytes({ pid }: Instance): number {
  return Math.round(residentBytes(pid) / 1e6);
}
