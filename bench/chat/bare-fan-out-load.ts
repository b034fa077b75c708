import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Sample } from "../measure.ts";
import { cpuMicros } from "../processes.ts";

/**
 * `node bench/chat/bare-fan-out-load.ts PORT PID SUBSCRIBERS SECONDS`: as `fan-out.ts`, at a bare loop
 * over sockets, with frames of the same sizes. Prints a sample as JSON.
 */
const [port, pid, subscribers, seconds] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
const TURNS = 10;
const BURST = 10;
/** Of an `entry` frame with a hundred characters, and of a `typing` frame. */
const ENTRY_BYTES = 560;
const TYPING_BYTES = 100;

let heard = 0;
const sockets: WebSocket[] = [];
async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  await once(socket, "open");
  sockets.push(socket);
  return socket.on("message", () => (heard += 1));
}
const writer = await open();
for (let n = 0; n < subscribers; n += 1) await open();

async function cost(count: number, text: string): Promise<number> {
  await wait(1_000);
  const before = { heard, cpu: cpuMicros([pid]) };
  const stream = (writer as unknown as { _socket: Socket })._socket;
  const due = seconds * TURNS * count * subscribers;
  for (let turn = 0; turn < seconds * TURNS; turn += 1) {
    stream.cork();
    for (let n = 0; n < count; n += 1) writer.send(text);
    stream.uncork();
    await wait(1_000 / TURNS);
  }
  for (let left = 200; left > 0 && heard - before.heard < due; left -= 1) await wait(20);
  if (heard - before.heard !== due) throw new Error(`${heard - before.heard} of ${due} were heard`);
  return (cpuMicros([pid]) - before.cpu) / due;
}

const sample: Sample = {
  cpuMicrosPerFrame: await cost(1, "x".repeat(ENTRY_BYTES)),
  cpuMicrosPerBurstFrame: await cost(BURST, "x".repeat(TYPING_BYTES)),
};
console.log(JSON.stringify(sample));
for (const socket of sockets) socket.terminate();
