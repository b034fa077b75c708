import type { ServerResponse } from "node:http";

const TICK_MS = 1_000;

/** Begins a stream of server-sent events (HTML Living Standard §9.2) that nobody may buffer. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
}

/** One event a second with the service's time, until the client goes. */
export function clock(response: ServerResponse): void {
  beginEvents(response);
  const say = () => void response.write(`data: ${Date.now()}\n\n`);
  say();
  const timer = setInterval(say, TICK_MS);
  response.on("close", () => clearInterval(timer));
}
