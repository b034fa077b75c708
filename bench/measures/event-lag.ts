import { connect } from "node:net";
import { type Measure, quantile } from "../measure.ts";

const EVENTS = 300;

/** How old server-sent events are when they arrive, one every 10 ms on an otherwise idle path. */
export const eventLag: Measure = {
  name: "SSE",
  async sample({ name, entries }, _stage, { share }) {
    const { port, host } = entries.service;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.write(`GET /events HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n\r\n`);
    const lags: number[] = [];
    const wanted = Math.round(EVENTS * share);
    let text = "";
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const now = process.hrtime.bigint();
      text += chunk.toString("latin1");
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(`${name}: ${text.slice(0, 200)}`);
      const events = [...text.matchAll(/data: (\d+)\n\n/g)].slice(lags.length);
      for (const [, sentAt] of events) lags.push(Number(now - BigInt(sentAt!)) / 1e6);
      if (lags.length >= wanted) break;
    }
    if (lags.length < wanted) throw new Error(`${name}: the stream of events ended`);
    return { p50Ms: quantile(lags, 0.5), p99Ms: quantile(lags, 0.99) };
  },
};
