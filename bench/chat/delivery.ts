import { setTimeout as wait } from "node:timers/promises";
import { quantile, type Sample } from "../measure.ts";
import { cpuMicros } from "../processes.ts";
import { ChatSocket, heldSession } from "./chat-socket.ts";
import { PacedTalk } from "./paced-talk.ts";

/**
 * `node bench/chat/delivery.ts ONE OTHER MOST SECONDS STORE PID...`: people write at the instance at port
 * ONE, their other devices are at the one at port OTHER. The rate grows up to MOST messages a second, until
 * half of them take longer than a tenth of a second. Prints a sample as JSON: the highest rate of which 99
 * of 100 were delivered within that, what it was like then, and how much of a core the store (process
 * STORE; 0: somewhere else) and the instances took at the last.
 */
const [one, other, most, seconds, store, ...instances] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
  number,
  ...number[],
];
const PEOPLE = 20;
const RATES = [2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000].filter((rate) => rate <= most);
const WARM_UP_MS = 1_000;
const DELIVERED_MS = 100;
/** Beyond it a rate is too much, whatever comes later. */
const LATEST_MS = 10_000;

const deliveries: number[] = [];
const admin = await ChatSocket.open(one, "admin", ["admin"]);
const writers: ChatSocket[] = [];
for (let n = 0; n < PEOPLE; n += 1) {
  const writer = await ChatSocket.open(one, `user-${n}`);
  await heldSession(writer, admin);
  const reader = await ChatSocket.open(other, `user-${n}`);
  reader.hear(heard);
  writer.hear(() => {});
  writers.push(writer);
}
await admin.close();
const talk = new PacedTalk(writers);

function heard(text: string): void {
  if (!text.startsWith('{"type":"user_message"')) return;
  const ms = talk.tookMs(text);
  if (ms !== undefined) deliveries.push(ms);
}

interface Step {
  rate: number;
  p50Ms: number;
  p99Ms: number;
  /** Of one core. */
  storeShare: number;
  instancesShare: number;
}

async function step(rate: number): Promise<Step> {
  await talk.write(rate, WARM_UP_MS);
  await wait(WARM_UP_MS);
  talk.forget();
  deliveries.length = 0;
  const startedAt = performance.now();
  const before = { said: talk.said, store: cpuOf([store]), instances: cpuOf(instances) };
  await talk.write(rate, seconds * 1_000);
  const micros = (performance.now() - startedAt) * 1_000;
  const share = (now: number, then: number) => (now - then) / micros;
  const storeShare = share(cpuOf([store]), before.store);
  const instancesShare = share(cpuOf(instances), before.instances);
  const due = talk.said - before.said;
  for (let left = LATEST_MS; left > 0 && deliveries.length < due; left -= 50) await wait(50);
  // What never came in time took longer than anything that did.
  const all = [...deliveries, ...Array<number>(due - deliveries.length).fill(LATEST_MS)];
  const [p50Ms, p99Ms] = [quantile(all, 0.5), quantile(all, 0.99)];
  return { rate, p50Ms, p99Ms, storeShare, instancesShare };
}

function cpuOf(pids: readonly number[]): number {
  return cpuMicros(pids.filter((pid) => pid > 0));
}

let held: Step | undefined;
let last: Step | undefined;
for (const rate of RATES) {
  last = await step(rate);
  if (last.p99Ms <= DELIVERED_MS) held = last;
  if (last.p50Ms > DELIVERED_MS) break;
}
const sample: Sample = {
  messagesPerSecond: held?.rate ?? 0,
  deliveryP50Ms: (held ?? last!).p50Ms,
  deliveryP99Ms: (held ?? last!).p99Ms,
  lastRate: last!.rate,
  lastP99Ms: last!.p99Ms,
  lastStoreShare: last!.storeShare,
  lastInstancesShare: last!.instancesShare,
};
console.log(JSON.stringify(sample));
ChatSocket.endAll();
