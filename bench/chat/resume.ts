import { quantile, type Sample } from "../measure.ts";
import { ChatSocket, fieldOf, heldSession } from "./chat-socket.ts";

/**
 * `node bench/chat/resume.ts PORT`: how long a device that missed 300 messages waits for them, from its
 * question to the last one. Prints a sample as JSON.
 */
const port = Number(process.argv[2]);
const MISSED = 300;
const TIMES = 60;

const admin = await ChatSocket.open(port, "resume-admin", ["admin"]);
const user = await ChatSocket.open(port, "resume-user");
const session_id = await heldSession(user, admin);
const first = fieldOf(await said(0), "origin");
for (let n = 1; n < MISSED; n += 1) await said(n);

/** The acknowledgement of one more message. */
function said(n: number): Promise<string> {
  const acknowledged = user.next('"message_ack"');
  const client_message_id = `missed-${n}`;
  user.say({ type: "user_message", content: "x".repeat(100), client_message_id });
  return acknowledged;
}

const tookMs: number[] = [];
for (let n = 0; n < TIMES; n += 1) {
  const device = await ChatSocket.open(port, "resume-user");
  let missing = MISSED;
  const whole = new Promise<void>((resolve) => {
    device.hear((text) => {
      missing -= text.split('"number":').length - 1;
      if (missing <= 0) resolve();
    });
  });
  // All but what came before the messages: its beginning, its name, who took it over.
  const since = performance.now();
  device.say({ type: "resume", device_id: `d${n}`, sessions: [{ session_id, versions: {} }] });
  await whole;
  tookMs.push(performance.now() - since);
  await device.close();
}
if (first === "") throw new Error("the acknowledgement names no origin");
const sample: Sample = { p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) };
console.log(JSON.stringify(sample));
ChatSocket.endAll();
