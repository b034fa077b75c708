import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { tokenOf } from "./secret.ts";

/** Whoever waits longer waits for what never comes. */
const ANSWER_MS = 60_000;

/** One device at the chat. Frames stay text until somebody wants to know more: the load must be light. */
export class ChatSocket {
  static readonly #all = new Set<WebSocket>();
  readonly socket: WebSocket;
  #heard: (text: string) => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    ChatSocket.#all.add(socket);
    socket.on("message", (data: Buffer) => this.#heard(data.toString("latin1")));
    socket.on("error", fail);
  }

  /**
   * Each load has people of its own: who comes back to a chat is in the session of before, and an admin who
   * takes a session that they have changes nothing.
   */
  static async open(port: number, name: string, roles: readonly string[] = []) {
    const url = `ws://127.0.0.1:${port}/chat/ws`;
    const token = tokenOf(`${name}-${process.pid}`, roles);
    const headers = { authorization: `Bearer ${token}` };
    const opened = new ChatSocket(new WebSocket(url, { headers, perMessageDeflate: false }));
    await opened.next('"connection_status"');
    return opened;
  }

  /** Nothing keeps the process any more. */
  static endAll(): void {
    for (const socket of ChatSocket.#all) socket.terminate();
  }

  say(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** All in one write, as a client that was away says them. */
  sayAll(frames: readonly object[]): void {
    const stream = (this.socket as unknown as { _socket: Socket })._socket;
    stream.cork();
    for (const frame of frames) this.say(frame);
    stream.uncork();
  }

  /** From now on whatever comes goes there. */
  hear(heard: (text: string) => void): void {
    this.#heard = heard;
  }

  /** The next frame with these characters in it; a refusal ends the bench, and so does silence. */
  next(characters: string): Promise<string> {
    return new Promise((resolve) => {
      const silence = setTimeout(() => fail(new Error(`no ${characters} came`)), ANSWER_MS);
      this.#heard = (text) => {
        if (text.includes(characters)) {
          clearTimeout(silence);
          resolve(text);
        } else if (text.startsWith('{"type":"error"')) fail(new Error(text));
      };
    });
  }

  async close(): Promise<void> {
    ChatSocket.#all.delete(this.socket);
    const closed = once(this.socket, "close");
    this.socket.close();
    await closed;
  }
}

/** What a text frame says under a name, without reading the rest of it. */
export function fieldOf(text: string, name: string): string {
  return new RegExp(`"${name}":"([^"]*)"`).exec(text)?.[1] ?? "";
}

function fail(reason: Error): void {
  console.error(reason);
  process.kill(process.pid, "SIGTERM");
}

/** A session of the user in which a person answers, so that no AI does; with its id. */
export async function heldSession(user: ChatSocket, admin: ChatSocket): Promise<string> {
  user.say({ type: "user_message", content: "first", client_message_id: "first" });
  const session_id = fieldOf(await user.next('"message_ack"'), "session_id");
  const joined = user.next('"admin_join"');
  admin.say({ type: "admin_join", session_id });
  await joined;
  return session_id;
}
