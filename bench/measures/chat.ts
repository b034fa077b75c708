import type { Measure } from "../measure.ts";
import { sampleOf } from "../sample-of.ts";

/** Messages a second, as the issue of the service asks. */
const RATE = 2_000;
const SUBSCRIBERS = 1_000;

export const acks: Measure = {
  name: "messages",
  async sample({ entries, pids }, _stage, { seconds, share }) {
    const rate = Math.max(100, RATE * share);
    return sampleOf("chat/acks.ts", [entries.service.port, pids["chat"] ?? 0, seconds, rate]);
  },
};

/** From one instance to another; pids of the service, and of its store where it was started here. */
export const delivery: Measure = {
  name: "delivery",
  async sample({ entries, pids }, _stage, { seconds, share }) {
    const { chat = 0, other = 0, store = 0 } = pids;
    const ports = [entries.service.port, entries.files.port];
    return sampleOf("chat/delivery.ts", [...ports, RATE * share, seconds, store, chat, other]);
  },
};

/** Of the chat, or of a bare loop over sockets. */
export const fanOut: Measure = {
  name: "fan-out",
  async sample({ entries, pids }, _stage, { seconds, share }) {
    const { bare, chat = 0 } = pids;
    const script = bare === undefined ? "chat/fan-out.ts" : "chat/bare-fan-out-load.ts";
    const subscribers = Math.round(SUBSCRIBERS * share);
    return sampleOf(script, [entries.service.port, bare ?? chat, subscribers, seconds]);
  },
};

export const resume: Measure = {
  name: "resume",
  sample: ({ entries }) => sampleOf("chat/resume.ts", [entries.service.port]),
};

export const firstToken: Measure = {
  name: "first token",
  sample: ({ entries }) =>
    sampleOf("chat/first-token.ts", [entries.service.port, entries.files.port]),
};

export const inserts: Measure = {
  name: "inserts",
  sample: () => sampleOf("session-folds.ts", []),
};
