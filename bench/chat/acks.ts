import { setTimeout as wait } from "node:timers/promises";
import { quantile, type Sample } from "../measure.ts";
import { cpuMicros } from "../processes.ts";
import { ChatSocket, heldSession } from "./chat-socket.ts";
import { PacedTalk } from "./paced-talk.ts";

/**
 * `node bench/chat/acks.ts PORT PID SECONDS RATE`: people write RATE messages a second, each at its
 * own moment whatever became of the ones before; when each is acknowledged, and when another device of
 * its author has it. Prints a sample as JSON.
 */
const [port, pid, seconds, rate] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
/** Nobody writes more than five a second. */
const PEOPLE = Math.ceil(rate / 5);
const WARM_UP_MS = 2_000;

const acks: number[] = [];
const deliveries: number[] = [];

function took(into: number[], text: string): void {
  const ms = talk.tookMs(text);
  if (ms !== undefined) into.push(ms);
}

const admins = await Promise.all(
  Array.from({ length: Math.ceil(PEOPLE / 90) }, (_, n) =>
    ChatSocket.open(port, `admin-${n}`, ["admin"]),
  ),
);
for (const admin of admins) admin.hear(() => {});
const people: ChatSocket[] = [];
for (let n = 0; n < PEOPLE; n += 1) {
  const writer = await ChatSocket.open(port, `user-${n}`);
  await heldSession(writer, admins[n % admins.length]!);
  const reader = await ChatSocket.open(port, `user-${n}`);
  writer.hear((text) => text.startsWith('{"type":"message_ack"') && took(acks, text));
  reader.hear((text) => text.startsWith('{"type":"user_message"') && took(deliveries, text));
  people.push(writer);
}
// Their part is over: what they follow is no part of what is measured.
await Promise.all(admins.map((admin) => admin.close()));

const talk = new PacedTalk(people);
await talk.write(rate, WARM_UP_MS);
await wait(500);
talk.forget();
acks.length = deliveries.length = 0;
const before = { said: talk.said, cpu: cpuMicros([pid]) };
await talk.write(rate, seconds * 1_000);
const cpu = cpuMicros([pid]) - before.cpu;
const count = talk.said - before.said;
for (let left = 200; left > 0 && deliveries.length < count; left -= 1) await wait(50);
if (acks.length !== count || deliveries.length !== count) {
  throw new Error(`of ${count}, ${acks.length} acknowledged and ${deliveries.length} delivered`);
}
// Else an AI would answer all of them in the next round, when it takes over from admins that are gone.
for (const person of people) {
  const ended = person.next('"message_ack"');
  person.say({ type: "end_session" });
  await ended;
}
const sample: Sample = {
  ackP50Ms: quantile(acks, 0.5),
  ackP99Ms: quantile(acks, 0.99),
  deliveryP50Ms: quantile(deliveries, 0.5),
  deliveryP99Ms: quantile(deliveries, 0.99),
  cpuMicrosPerMessage: cpu / count,
};
console.log(JSON.stringify(sample));
ChatSocket.endAll();
