import { createServer, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { quantile, type Sample } from "../measure.ts";
import { ChatSocket } from "./chat-socket.ts";

/**
 * `node bench/chat/first-token.ts PORT MODEL_PORT`: is the model that the chat asks, and somebody who
 * asks the chat: how long after it left the model the first token is with who asked. Prints a sample as
 * JSON.
 */
const [port, modelPort] = process.argv.slice(2).map(Number) as [number, number];
const TIMES = 200;
const THINKS_MS = 20;

let tokenAt = 0;
const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const model = createServer((request, response) => {
  request.resume();
  if (request.method === "POST") void answer(response);
  else response.end('{"object":"list","data":[]}');
});

async function answer(response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chunk({ role: "assistant", content: "" }));
  await wait(THINKS_MS);
  tokenAt = performance.now();
  response.write(chunk({ content: "token" }));
  await wait(THINKS_MS);
  response.end(`${chunk({}, "stop")}data: [DONE]\n\n`);
}
await new Promise<void>((resolve) => void model.listen(modelPort, "127.0.0.1", resolve));

const user = await ChatSocket.open(port, "curious");
const addedMs: number[] = [];
for (let n = 0; n < TIMES; n += 1) {
  const token = user
    .next('"content":"token"')
    .then(() => addedMs.push(performance.now() - tokenAt));
  user.say({ type: "user_message", content: "What?", client_message_id: `q-${n}` });
  await token;
  await user.next('"done":"true"');
}
const sample: Sample = { p50Ms: quantile(addedMs, 0.5), p99Ms: quantile(addedMs, 0.99) };
console.log(JSON.stringify(sample));
ChatSocket.endAll();
model.close();
model.closeAllConnections();
