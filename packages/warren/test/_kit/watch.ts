/** Clients of `traffic-service.ts` that stay for long and tell how it ended. */
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { WebSocket } from "ws";

interface Where {
  port: number;
  host: string;
}

/** A stream of so many events; resolves once it has begun. */
export async function openEvents({ port, host }: Where, ticks: number) {
  const asked = request({
    host: "127.0.0.1",
    port,
    path: `/sse?ticks=${ticks}`,
    headers: { host },
    agent: false,
  });
  asked.on("error", () => {}); // told by the answer's body
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`events: ${answer.statusCode}`);
  const events = (async () => {
    let text = "";
    for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
    return text.split("\n\n").filter((event) => event !== "");
  })();
  events.catch(() => {});
  return { events };
}

/** A WebSocket that says something all the time; resolves once it is open. */
export async function openSocket({ port, host }: Where) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host } });
  let sent = 0;
  let echoed = 0;
  const wrong: string[] = [];
  const say = (): void => socket.send(`${++sent} ${"x".repeat(sent % 3_000)}`);
  socket.on("message", (data) => {
    const text = (data as Buffer).toString();
    if (text !== `${++echoed} ${"x".repeat(echoed % 3_000)}`) wrong.push(text.slice(0, 40));
    setTimeout(() => socket.readyState === WebSocket.OPEN && say(), 5);
  });
  // A frame that is cut or out of place is an error of the protocol, and the code then 1006 or 1002.
  socket.on("error", (reason) => wrong.push(reason.message));
  const closed = once(socket, "close") as Promise<[number, Buffer]>;
  await once(socket, "open");
  say();
  return {
    closed: closed.then(([code]) => ({ code, wrong })),
    count: () => echoed,
    end: () => socket.terminate(),
  };
}
