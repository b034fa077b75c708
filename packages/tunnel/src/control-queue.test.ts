import type { ControlInput } from "@warren/wire";
import { expect, test } from "vitest";
import { ControlQueue } from "./control-queue.ts";
import type { Transport } from "./ports.ts";

/** A queue towards a peer that reads when it is told to. */
function towardsReader(mostBytes = 1_048_576) {
  const handed: { text: string; taken: () => void }[] = [];
  let full = 0;
  const transport: Transport = {
    send() {},
    sendText: (text, taken) => void handed.push({ text, taken: taken! }),
    batch: (writes) => writes(),
    close() {},
    terminate() {},
    bufferedBytes: 0,
  };
  const queue = new ControlQueue(transport, mostBytes, () => void full++);
  const read: string[] = [];
  /** The peer reads all that comes. */
  const readAll = () => {
    for (let one = handed.shift(); one !== undefined; one = handed.shift()) {
      read.push(said(one.text));
      one.taken();
    }
    return read.splice(0);
  };
  return { queue, handed, readAll, full: () => full };
}

/** What a message says, in a word. */
function said(text: string): string {
  const { type, request_id: id, payload } = JSON.parse(text) as ControlInput;
  if (type === "ingress_routes") return `${payload.action} ${payload.revision}`;
  return id === undefined ? type : `${type} ${id}`;
}

const FILL: ControlInput = {
  type: "error",
  request_id: "fill",
  payload: { code: "bad_request", message: "x".repeat(65_536) },
};
const drain = (deadline_ms: number): ControlInput => ({ type: "drain", payload: { deadline_ms } });
const error = (request_id: string): ControlInput => ({
  type: "error",
  request_id,
  payload: { code: "bad_request" },
});
const ping: ControlInput = { type: "ping", payload: {} };
const pong = (request_id?: string): ControlInput => ({ type: "pong", request_id, payload: {} });
const routes = (
  action: "sync" | "add" | "delete",
  revision: number,
  part?: { index: number; last: boolean },
): ControlInput => ({ type: "ingress_routes", payload: { action, revision, routes: [], part } });

test("a peer that reads is told everything at once", () => {
  const { queue, handed } = towardsReader();
  for (let n = 0; n < 100; n++) queue.say(error(`${n}`), "");
  expect(handed.length).toBe(100);
  expect(queue.waitingBytes).toBe(0);
});

test("of one that does not, 64 KiB are under way, and the rest waits", () => {
  const { queue, handed } = towardsReader();
  for (let n = 0; n < 2_000; n++) queue.say(error(`${n}`), "");
  const underWay = handed.reduce((sum, { text }) => sum + text.length, 0);
  expect(underWay).toBeGreaterThanOrEqual(65_536);
  expect(underWay).toBeLessThan(66_000);
  expect(queue.waitingBytes).toBeGreaterThan(65_536);
});

test.each<{ name: string; say: ControlInput[]; want: string[] }>([
  {
    name: "current state is said once, the newest",
    say: [drain(3), ping, pong(), drain(2), ping, drain(1), pong()],
    want: ["ping", "drain", "pong"],
  },
  {
    name: "answers are each said, in their order",
    say: [error("1"), pong("a"), error("2"), pong("a"), error("1")],
    want: ["error 1", "pong a", "error 2", "pong a", "error 1"],
  },
  {
    name: "a change of routes is never idle",
    say: [routes("sync", 1), routes("add", 2), routes("delete", 3), routes("add", 4)],
    want: ["sync 1", "add 2", "delete 3", "add 4"],
  },
  {
    name: "a snapshot makes idle what was said of routes before it, and nothing else",
    say: [routes("sync", 1), error("1"), routes("add", 2), routes("sync", 3), routes("add", 4)],
    want: ["error 1", "sync 3", "add 4"],
  },
  {
    name: "the parts of one belong together",
    say: [
      routes("sync", 1, { index: 0, last: false }),
      routes("sync", 1, { index: 1, last: true }),
      routes("sync", 2, { index: 0, last: false }),
      routes("sync", 2, { index: 1, last: true }),
    ],
    want: ["sync 2", "sync 2"],
  },
])("while a peer does not read: $name", ({ say, want }) => {
  const { queue, readAll } = towardsReader();
  queue.say(FILL, "");
  for (const message of say) queue.say(message, "");
  expect(readAll()).toEqual(["error fill", ...want]);
  expect(queue.waitingBytes).toBe(0);
});

test("current state that is said again and again never fills it", () => {
  const { queue, full } = towardsReader(1_000);
  queue.say(FILL, "");
  for (let n = 0; n < 10_000; n++) for (const one of [drain(n), ping, pong()]) queue.say(one, "");
  expect(full()).toBe(0);
  expect(queue.waitingBytes).toBeLessThan(300);
});

test("more than may wait is said so", () => {
  const { queue, full } = towardsReader(1_000);
  queue.say(FILL, "");
  for (let n = 0; full() === 0; n++) queue.say(error(`${n}`), "");
  expect(queue.waitingBytes).toBeLessThan(1_100);
  queue.close();
  expect(queue.waitingBytes).toBe(0);
});
