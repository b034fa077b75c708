import { virtualClock } from "@warren/host/testing";
import { createChat, memoryStorage, type ClientStorage } from "../src/index.ts";
import { entry, FakeSockets, settle } from "./_kit.ts";

/** A client whose service is the test. */
export async function chat(given: { storage?: ClientStorage; online?: boolean } = {}) {
  const { storage = memoryStorage(), online = true } = given;
  const clock = virtualClock();
  const sockets = new FakeSockets();
  const client = createChat({
    url: "https://chat.example/ws",
    token: async () => "token",
    storage,
    platform: {
      clock,
      wallClock: () => 1_767_225_600_000 + clock.now(),
      random: () => 0.5,
      openSocket: sockets.open,
      wakes: () => () => undefined,
    },
  });
  const session = client.session();
  if (online) {
    client.connect();
    await settle();
    sockets.last.greet();
    await settle();
  }
  const said = (type: string) => sockets.last.said.filter((frame) => frame.type === type);
  return { client, session, clock, sockets, storage, said };
}
export type Chat = Awaited<ReturnType<typeof chat>>;

export function resume({ sockets }: Chat, given: object = {}): void {
  const state = { session_id: "s1", mode: "delta", entries: [], versions: {}, runs: [] };
  sockets.last.hear({ type: "resumed", sessions: [{ ...state, ...given }] });
}
export const error = (code: string, given: object = {}) => ({
  type: "error",
  session_id: "s1",
  error: { code, message: code, recoverable: true, retry_after: 0 },
  ...given,
});
export const refusal = (key: string, code: string, retry_after = 0) =>
  error(code, {
    client_message_id: key,
    error: { code, message: code, recoverable: true, retry_after },
  });
export function acknowledge(
  { sockets }: Chat,
  key: string,
  number: number,
  session_id = "s1",
): void {
  const where = { origin: "home:1", number, hlc: number * 1_024, status: "sent" };
  const ack = { type: "message_ack", session_id, client_message_id: key, message_id: `m${number}` };
  sockets.last.hear({ ...ack, ...where });
}
export const heard = (given: object) => ({ type: "entry", session_id: "s1", entry: given });
export const bob = { sender: "admin" as const, author_id: "bob" };
export const text = (number: number) => entry("message", { number, ...bob });

export async function live(given: Parameters<typeof chat>[0] = {}) {
  const all = await chat(given);
  resume(all);
  return all;
}
