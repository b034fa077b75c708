import type { Clock } from "@warren/host";
import {
  ChatError,
  readMessagingFrame,
  type MessagingClientFrames,
  type MessagingServerFrames,
} from "@warren/wire";
import type { WebSocket } from "ws";

export type MessagingAuth = MessagingClientFrames["auth"]["payload"];

export interface AnteroomOptions {
  clock: Clock;
  /** Within this a socket says who is there. */
  waitMs: number;
  /** Sockets that wait, in all and of one address. */
  most: number;
  mostOfAddress: number;
  /** How long a client has to answer a close. */
  closeMs: number;
  refused: (error: ChatError) => void;
}

/** What becomes of a socket that waits. */
export interface Visit<I> {
  /** Rejects with a `ChatError`. */
  identify: (auth: MessagingAuth) => Promise<I>;
  /** Takes the socket over; gets what came in the meantime. Throws a `ChatError`. */
  enter: (identity: I, auth: MessagingAuth, early: readonly string[]) => void;
}

/**
 * Where sockets without a token wait until an `auth` frame says who is there. Each costs a bounded time and
 * a bounded number of bytes, and only so many wait: nobody keeps others out by saying nothing.
 */
export class Anteroom {
  readonly #options: AnteroomOptions;
  readonly #waiting = new Map<string, number>();
  #count = 0;

  constructor(options: AnteroomOptions) {
    this.#options = options;
  }

  /** How many wait, and those that were refused and have not gone yet. */
  get size(): number {
    return this.#count;
  }

  /** Throws a `ChatError` where no more may wait. */
  check(address: string): void {
    const { most, mostOfAddress, waitMs } = this.#options;
    const isFull = this.#count >= most || (this.#waiting.get(address) ?? 0) >= mostOfAddress;
    if (!isFull) return;
    throw new ChatError("CONNECTION_LIMIT_EXCEEDED", "too many sockets wait to say who they are", {
      retryAfterMs: waitMs,
    });
  }

  /** The socket is this room's until it is taken over, or gone. */
  wait<I>(socket: WebSocket, address: string, visit: Visit<I>): void {
    const { clock, waitMs } = this.#options;
    const giveBack = this.#take(address);
    const early: string[] = [];
    let isAsked = false;
    const leave = () => {
      forget();
      socket.off("message", hear).off("close", gone).off("error", broke);
      giveBack();
    };
    const gone = () => leave();
    const broke = () => socket.terminate();
    const refuse = (reason: unknown) => this.#refuse(socket, ChatError.from(reason));
    const forget = clock.after(waitMs, () =>
      refuse(new ChatError("UNAUTHORIZED", `no auth frame came within ${waitMs} ms`)),
    );
    const ask = async (text: string) => {
      const auth = authOf(text);
      const identity = await visit.identify(auth);
      if (socket.readyState !== socket.OPEN) return;
      visit.enter(identity, auth, early);
      // Only now: a socket that is not let in after all is still this room's.
      leave();
      socket.resume();
    };
    const hear = (data: Buffer) => {
      const text = data.toString("utf8");
      if (isAsked) return void early.push(text);
      isAsked = true;
      // What was read with it is kept, and no more is.
      socket.pause();
      ask(text).catch(refuse);
    };
    socket.on("message", hear).on("close", gone).on("error", broke);
  }

  #take(address: string): () => void {
    this.#count += 1;
    this.#waiting.set(address, (this.#waiting.get(address) ?? 0) + 1);
    return () => {
      this.#count -= 1;
      const left = (this.#waiting.get(address) ?? 1) - 1;
      if (left === 0) this.#waiting.delete(address);
      else this.#waiting.set(address, left);
    };
  }

  #refuse(socket: WebSocket, error: ChatError): void {
    const { clock, closeMs, refused } = this.#options;
    if (socket.readyState !== socket.OPEN) return;
    refused(error);
    const { code, message } = error;
    const said: MessagingServerFrames["auth_error"] = { type: "auth_error", error: message, code };
    socket.send(JSON.stringify(said));
    socket.close(error.close, code);
    // Read on, or its answer to the close is never seen.
    socket.resume();
    clock.after(closeMs, () => socket.terminate());
  }
}

/** Throws a `ChatError` with what is wrong. */
function authOf(text: string): MessagingAuth {
  const { frame } = readMessagingFrame(text);
  if (frame instanceof ChatError) throw frame;
  if (frame.type === "auth") return frame.payload;
  throw new ChatError("UNAUTHORIZED", "the first frame must be auth");
}
