import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { openaiSays } from "@warren/chat/testing";

/** In a question: it is answered word by word, each 100 ms after the one before. */
export const SLOWLY = "slowly";
export const SLOW_ANSWER = Array.from({ length: 60 }, (_, at) => `word ${at} `);
const WORD_MS = 100;

/** A model that answers at once, but for who asks it to be slow. Speaks as OpenAI does. */
export async function startModel() {
  const server = createServer((request, response) => void hear(request, response));
  server.keepAliveTimeout = 600_000;
  await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = "";
  for await (const part of request) body += String(part);
  if (request.method === "GET") return void response.end('{"object":"list","data":[]}');
  const { messages } = JSON.parse(body) as { messages: { content: string }[] };
  const isSlow = messages.at(-1)?.content.includes(SLOWLY) === true;
  await answer(response, isSlow ? SLOW_ANSWER : ["Yes."], isSlow ? WORD_MS : 0);
}

async function answer(response: ServerResponse, words: readonly string[], everyMs: number) {
  const { start, text, finish, usage, done } = openaiSays;
  response.on("error", () => response.destroy());
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(start());
  for (const word of words) {
    response.write(text(word));
    if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  response.end(finish() + usage(3, words.length) + done());
}
