import type { WireEntry } from "@warren/wire";
import type { Socket, SocketListener } from "../src/line/line.ts";

type EntryOf<K extends WireEntry["kind"]> = Extract<WireEntry, { kind: K }>;

/** An entry with what does not matter filled in. */
export function entry<K extends WireEntry["kind"]>(
  kind: K,
  given: Partial<EntryOf<K>> & { number: number },
): EntryOf<K> {
  const { number } = given;
  return {
    kind,
    origin: "home:1",
    hlc: number * 1_024,
    timestamp: "2026-01-01T00:00:00.000Z",
    message_id: `${given.origin ?? "home:1"}/${number}`,
    client_message_id: `c${number}`,
    sender: "user",
    author_id: "alice",
    ...(kind === "message" && { message_type: "text", content: `text ${number}` }),
    ...given,
  } as EntryOf<K>;
}

/** Sockets that a test opens, answers and breaks by hand. */
export class FakeSockets {
  readonly opened: FakeSocket[] = [];
  readonly open = (url: string, listener: SocketListener): Socket => {
    const socket = new FakeSocket(url, listener);
    this.opened.push(socket);
    return socket;
  };
  get last(): FakeSocket {
    return this.opened.at(-1)!;
  }
}

export class FakeSocket implements Socket {
  readonly url: string;
  readonly listener: SocketListener;
  readonly said: { type: string; [field: string]: unknown }[] = [];
  closedWith: number | undefined;
  constructor(url: string, listener: SocketListener) {
    this.url = url;
    this.listener = listener;
  }
  send(text: string): void {
    this.said.push(JSON.parse(text) as { type: string });
  }
  close(code: number): void {
    this.closedWith ??= code;
  }
  hear(frame: object): void {
    this.listener.message(JSON.stringify(frame));
  }
  /** As the service greets. */
  greet(given: { userId?: string; sessionId?: string; timestamp?: string } = {}): void {
    const { userId = "alice", sessionId = "s1", timestamp = "2026-01-01T00:00:00.000Z" } = given;
    this.listener.opened();
    const greeting = { type: "connection_status", user_id: userId, session_id: sessionId };
    this.hear({ ...greeting, timestamp, sender: "system", models: [] });
    this.hear({ type: "hello", protocol: 1, connection_id: "c", heartbeat_ms: 25_000 });
  }
  types(): string[] {
    return this.said.map(({ type }) => type);
  }
}

/** Lets what was promised come. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
