import { createChat, memoryStorage, type ChatClient, type ChatSession } from "@warren/client";
import { WebSocket } from "ws";
import { tokenOf } from "../chat/secret.ts";

/** Whether a device has a network, and what wakes its clients when it has one again. */
export class Network {
  isOnline = true;
  readonly #wakes = new Set<() => void>();

  readonly wakes = (wake: () => void) => {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  };

  lose(): void {
    this.isOnline = false;
  }

  /** All who lost it come back at this moment. */
  restore(): void {
    this.isOnline = true;
    for (const wake of this.#wakes) wake();
  }
}

/** A user with the client of this house, in the session that they are in. */
export interface Person {
  readonly userId: string;
  readonly client: ChatClient;
  readonly session: ChatSession;
}

export interface Home {
  port: number;
  network: Network;
}

export function person({ port, network }: Home, userId: string): Person {
  const token = tokenOf(userId);
  const client = createChat({
    url: `ws://127.0.0.1:${port}/chat/ws`,
    token: async () => token,
    storage: memoryStorage(),
    platform: { openSocket, isOnline: () => network.isOnline, wakes: network.wakes },
  });
  client.connect();
  return { userId, client, session: client.session() };
}

/** Node's own WebSocket costs a load of ten thousand more than the service that it is for. */
const openSocket: NonNullable<
  NonNullable<Parameters<typeof createChat>[0]["platform"]>["openSocket"]
> = (url, listener) => {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on("open", () => listener.opened());
  socket.on("message", (data: Buffer) => listener.message(data.toString()));
  socket.on("close", (code, reason) => listener.closed(code, reason.toString()));
  // `close` follows.
  socket.on("error", () => {});
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code) => socket.close(code),
  };
};

/** Resolves when the session is as wanted; looks at each change. */
export function until({ session }: Person, isWanted: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!isWanted()) return;
      forget();
      resolve();
    };
    const forget = session.on("change", look);
    look();
  });
}

/** What the user has said, as this device has it from the service. */
export function stored({ session }: Person): string[] {
  return session.messages.flatMap(({ isMine, id, content }) =>
    isMine && id !== undefined ? [content] : [],
  );
}

/** Says something, and resolves once it is durable. */
export async function said(person: Person, text: string): Promise<void> {
  const { key } = person.session.send(text);
  await until(person, () =>
    person.session.messages.some((one) => one.key === key && one.id !== undefined),
  );
}

/** Does something for each, a few at once. */
export async function forAll<T>(
  all: readonly T[],
  atOnce: number,
  task: (one: T) => Promise<unknown>,
): Promise<void> {
  const left = all[Symbol.iterator]();
  const work = async () => {
    for (const one of left) await task(one);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
