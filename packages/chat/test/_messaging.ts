import {
  MESSAGING_SERVER_FRAMES,
  type MessagingMessage,
  type MessagingServerFrame,
  type MessagingServerFrames,
  type MessagingServerFrameType,
} from "@warren/wire";
import * as v from "valibot";
import { WebSocket } from "ws";
import { runningChat, tokenOf } from "./_running-chat.ts";
import { over, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

let keys = 0;

/** A client of the messaging dialect, which checks all that it hears against the frames' schemas. */
export class Messenger implements Disposable {
  readonly heard: MessagingServerFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      const said = JSON.parse(data.toString()) as MessagingServerFrame;
      v.parse(MESSAGING_SERVER_FRAMES[said.type], said);
      this.heard.push(said);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Connected, and nothing said. */
  static async connect(port: number, path = "/ws"): Promise<Messenger> {
    const client = new Messenger(new WebSocket(`ws://127.0.0.1:${port}${path}`));
    await new Promise<void>((resolve, reject) => {
      client.socket.once("open", () => resolve());
      client.socket.once("error", reject);
    });
    return client;
  }

  static async open(port: number, user: string, device = "phone"): Promise<Messenger> {
    const client = await Messenger.connect(port);
    client.send(authOf(user, { device_id: device }));
    await client.next("auth_success");
    return client;
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** Says something, and waits until it is durable. */
  async say(
    conversation_id: string,
    content: string,
    more: { key?: string; [field: string]: unknown } = {},
  ): Promise<MessagingServerFrames["message_ack"]> {
    const { key: idempotency_key = `key-${++keys}`, ...payload } = more;
    const from = this.heard.length;
    const said = { conversation_id, content, type: "text", timestamp: Date.now(), ...payload };
    this.send({ type: "message", idempotency_key, payload: said });
    return this.next("message_ack", (ack) => ack.idempotency_key === idempotency_key, from);
  }

  async next<T extends MessagingServerFrameType>(
    type: T,
    fits: (frame: MessagingServerFrames[T]) => boolean = () => true,
    from = 0,
  ): Promise<MessagingServerFrames[T]> {
    for (;;) {
      const found = this.heard
        .slice(from)
        .find((frame) => frame.type === type && fits(frame as MessagingServerFrames[T]));
      if (found !== undefined) return found as MessagingServerFrames[T];
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }

  message(content: string, from = 0): Promise<MessagingServerFrames["message"]> {
    return this.next("message", ({ payload }) => payload.content === content, from);
  }

  /** Resolves once all that was said before is handled. */
  async settled(conversation_id: string): Promise<void> {
    const from = this.heard.length;
    this.send({ type: "retransmit", conversation_id, from_sequence: 9_000, to_sequence: 9_000 });
    await this.next("messages", ({ payload }) => payload.messages.length === 0, from);
  }

  async retransmit(
    conversation_id: string,
    from_sequence: number,
    to_sequence: number,
  ): Promise<MessagingMessage[]> {
    const from = this.heard.length;
    this.send({ type: "retransmit", conversation_id, from_sequence, to_sequence });
    return (await this.next("messages", () => true, from)).payload.messages;
  }

  /** What it was told in messages, of all kinds, in the order in which it came. */
  told(from = 0): MessagingMessage[] {
    return this.heard.slice(from).flatMap((frame) => {
      if (frame.type === "message") return [frame.payload];
      return frame.type === "messages" ? frame.payload.messages : [];
    });
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

export function authOf(user: string, more: object = {}): object {
  const payload = {
    user_id: user,
    auth_token: tokenOf(user),
    device_id: "phone",
    platform: "web",
    app_version: "1.0.0",
    ...more,
  };
  return { type: "auth", payload };
}

/** A chat with two agents whose words come from the test. */
export async function messagingWorld() {
  const opened = new AsyncDisposableStack();
  const model = opened.use(await scriptedModel());
  const other = { ...model.provider, id: "agent-medical", name: "Medical" };
  const providers = [model.provider, other] as const;
  const running = opened.use(await runningChat({ providers, rates: UNLIMITED }));
  return new MessagingWorld(running.chat.port, model, opened);
}

export class MessagingWorld implements AsyncDisposable {
  readonly port: number;
  readonly #model: Awaited<ReturnType<typeof scriptedModel>>;
  readonly #opened: AsyncDisposableStack;

  constructor(
    port: number,
    model: Awaited<ReturnType<typeof scriptedModel>>,
    opened: AsyncDisposableStack,
  ) {
    this.port = port;
    this.#model = model;
    this.#opened = opened;
  }

  /** The question that comes next and has this text in it: others may still be asked for tests before. */
  async question(text: string) {
    for (let n = this.#model.asked().length + 1; ; n++) {
      const question = await this.#model.question(n);
      if (question.prompt.includes(text)) return question;
    }
  }

  /** Says something and has it answered: with all that this brings into the log. */
  async answered(client: Messenger, text: string, answer: string) {
    const asked = this.question(text);
    const ack = await client.say("c1", text);
    await (await asked).answer(answer);
    const reply = await client.message(answer);
    return { ack: ack.payload, reply: reply.payload };
  }

  /** The session that a person's one conversation is. */
  async sessionOf(user: string): Promise<string> {
    const { body } = await over(this.port, tokenOf(user), ["GET", "/sessions"]);
    const [{ session_id }] = body["sessions"] as [{ session_id: string }];
    return session_id;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}
