import { setTimeout as wait } from "node:timers/promises";
import type { Sample } from "../measure.ts";
import { cpuMicros } from "../processes.ts";
import { ChatSocket, heldSession } from "./chat-socket.ts";

/**
 * `node bench/chat/fan-out.ts PORT PID SUBSCRIBERS SECONDS`: what one frame costs the chat for each who
 * hears it, when they come one by one (stored messages) and when they come together (typing). Prints a
 * sample as JSON.
 */
const [port, pid, subscribers, seconds] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
/** Turns in a second; within what a user may say. */
const TURNS = 10;
const BURST = 10;

let heard = 0;
const user = await ChatSocket.open(port, "writer");
const admin = await ChatSocket.open(port, "admin-0", ["admin"]);
const session_id = await heldSession(user, admin);
user.hear(() => {});
admin.hear(() => {});
for (let n = 1; n <= subscribers; n += 1) {
  const socket = await ChatSocket.open(port, `admin-${n}`, ["admin"]);
  socket.say({ type: "resume", device_id: `d${n}`, sessions: [{ session_id }] });
  await socket.next('"resumed"');
  socket.hear((text) => {
    if (text.startsWith('{"type":"entry"') || text.startsWith('{"type":"typing"')) heard += 1;
  });
}

/** CPU of the chat for each frame that somebody got. */
async function cost(frames: (turn: number) => readonly object[]): Promise<number> {
  await wait(1_000);
  const before = { heard, cpu: cpuMicros([pid]) };
  let due = 0;
  for (let turn = 0; turn < seconds * TURNS; turn += 1) {
    const all = frames(turn);
    due += all.length * subscribers;
    user.sayAll(all);
    await wait(1_000 / TURNS);
  }
  for (let left = 200; left > 0 && heard - before.heard < due; left -= 1) await wait(20);
  if (heard - before.heard !== due) throw new Error(`${heard - before.heard} of ${due} were heard`);
  return (cpuMicros([pid]) - before.cpu) / due;
}

const message = (turn: number) => [
  { type: "user_message", content: "x".repeat(100), client_message_id: `m-${turn}` },
];
const typing = Array.from({ length: BURST }, () => ({ type: "typing", session_id }));
const sample: Sample = {
  cpuMicrosPerFrame: await cost(message),
  cpuMicrosPerBurstFrame: await cost(() => typing),
};
console.log(JSON.stringify(sample));
ChatSocket.endAll();
