import { once } from "node:events";
import { WebSocket } from "ws";
import { type Measure, quantile } from "../measure.ts";

const WARM_UP = 500;
const MESSAGES = 4_000;

/** Round trips of 64-byte messages on one WebSocket, one at a time. */
export const websocketEcho: Measure = {
  name: "WebSocket echo",
  async sample({ entries }, _stage, { share }) {
    const { port, host } = entries.service;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      headers: { host },
      perMessageDeflate: false,
    });
    await once(socket, "open");
    await roundTrips(socket, WARM_UP);
    const micros = await roundTrips(socket, Math.round(MESSAGES * share));
    socket.terminate();
    return { p50Micros: quantile(micros, 0.5), p99Micros: quantile(micros, 0.99) };
  },
};

/** By callbacks: a promise per message would be measured too. */
function roundTrips(socket: WebSocket, count: number): Promise<number[]> {
  const message = Buffer.alloc(64, "e");
  return new Promise((resolve, reject) => {
    const micros: number[] = [];
    let sentAt = performance.now();
    const heard = (data: Buffer) => {
      micros.push((performance.now() - sentAt) * 1000);
      if (!message.equals(data)) reject(new Error("the echo differs"));
      if (micros.length === count) {
        socket.off("message", heard);
        return resolve(micros);
      }
      sentAt = performance.now();
      socket.send(message);
    };
    socket.on("message", heard);
    socket.once("close", () => reject(new Error("closed during the echo")));
    socket.send(message);
  });
}
