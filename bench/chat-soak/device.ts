import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { ServerFrame, ServerFrames, ServerFrameType, WireEntry } from "@warren/wire";
import { WebSocket } from "ws";
import { tokenOf } from "../chat/secret.ts";

const ANSWER_MS = 60_000;
const AGAIN_MS = 500;
const COME_BACK_MS = 90_000;

/** A device that sees every frame, and does nothing by itself. */
export class Device {
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #heard: (frame: ServerFrame) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => void socket.on("close", resolve));
    socket.on("message", (data: Buffer) => this.#heard(JSON.parse(data.toString()) as ServerFrame));
  }

  /** Rejects where nobody listens. */
  static async open(port: number, userId: string): Promise<Device> {
    const headers = { authorization: `Bearer ${tokenOf(userId)}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat/ws`, {
      headers,
      perMessageDeflate: false,
    });
    const device = new Device(socket);
    await once(socket, "open");
    socket.on("error", () => socket.terminate());
    return device;
  }

  hear(heard: (frame: ServerFrame) => void): void {
    this.#heard = heard;
  }

  say(frame: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** The next frame of a type. Rejects with what is refused, and where nothing comes. */
  next<T extends ServerFrameType>(type: T): Promise<ServerFrames[T]> {
    return new Promise((resolve, reject) => {
      const silence = setTimeout(() => reject(new Error(`no ${type} came`)), ANSWER_MS);
      this.hear((frame) => {
        if (frame.type !== type && frame.type !== "error") return;
        clearTimeout(silence);
        if (frame.type === type) resolve(frame as ServerFrames[T]);
        else reject(new Error(JSON.stringify(frame)));
      });
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** Who is not let in comes back, as every client does: places that died with an instance count for a while. */
export async function persistently(
  port: number,
  userId: string,
  isOver: () => boolean,
): Promise<Device> {
  for (let left = COME_BACK_MS / AGAIN_MS; ; left -= 1) {
    try {
      const device = await Device.open(port, userId);
      if (!isOver()) return device;
      device.close();
      throw new Error("it came to the next one");
    } catch (reason) {
      if (left <= 0 || isOver()) throw reason;
      await wait(AGAIN_MS);
    }
  }
}

/** All of a session's log, as a device reads it that has nothing. */
export async function wholeLog(port: number, userId: string, session_id: string) {
  const device = await persistently(port, userId, () => false);
  device.say({ type: "hello", device_id: "reader", protocol: 1 });
  await device.next("hello");
  device.say({ type: "resume", sessions: [{ session_id }] });
  const [state] = (await device.next("resumed")).sessions;
  let all: WireEntry[] = state!.entries;
  for (let older = state!.older; older !== undefined && Object.keys(older).length > 0;) {
    device.say({ type: "history", session_id, before: older, limit: 300 });
    const page = await device.next("messages");
    all = [...page.entries, ...all];
    ({ older } = page);
  }
  device.close();
  return all;
}
