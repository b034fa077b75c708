import type { Transport } from "../ports.ts";

/** One direction of a `pipe`, as a test steers it. */
export interface PipeEnd extends Transport {
  onBinary: (message: Uint8Array) => void;
  onText: (message: string) => void;
  onClose: (code: number, reason: string) => void;
  readonly closed: boolean;
}

/** A closing handshake travels behind the messages sent before it. */
type Message = Uint8Array | Text | { code: number; reason: string };

interface Text {
  text: string;
  taken: (() => void) | undefined;
}

/**
 * Two joined transports in memory. Messages wait in queues until `deliver`, so that a test chooses
 * the interleaving, and can cut with messages still under way.
 */
export class Pipe {
  readonly left: PipeEnd;
  readonly right: PipeEnd;
  readonly #queues: { toLeft: Message[]; toRight: Message[] } = { toLeft: [], toRight: [] };
  #cut = false;

  constructor() {
    this.left = this.#end(this.#queues.toRight);
    this.right = this.#end(this.#queues.toLeft);
  }

  /** Messages under way. */
  get pending(): number {
    return this.#queues.toLeft.length + this.#queues.toRight.length;
  }

  /** Hands over up to `most` messages each way; returns how many. */
  deliver(most = Infinity): number {
    let count = 0;
    for (const [queue, end] of [
      [this.#queues.toLeft, this.left],
      [this.#queues.toRight, this.right],
    ] as const) {
      for (let n = 0; n < most && queue.length > 0; n++) {
        const message = queue.shift()!;
        if (message instanceof Uint8Array) end.onBinary(message);
        else if ("code" in message) this.#closed(message);
        else hearText(end, message);
        count++;
      }
    }
    return count;
  }

  /** Loses what is under way and closes both ends, as a reset would. */
  cut(): void {
    this.#closed({ code: 1006, reason: "" });
  }

  #closed({ code, reason }: { code: number; reason: string }): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#queues.toLeft.length = this.#queues.toRight.length = 0;
    this.left.onClose(code, reason);
    this.right.onClose(code, reason);
  }

  #end(out: Message[]): PipeEnd {
    const isCut = () => this.#cut;
    return {
      send: (message) => void (isCut() || out.push(message.slice())),
      sendText: (text, taken) => void (isCut() || out.push({ text, taken })),
      batch: (writes) => writes(),
      close: (code, reason) => void (isCut() || out.push({ code, reason })),
      terminate: () => this.cut(),
      onBinary: () => {},
      onText: () => {},
      onClose: () => {},
      get bufferedBytes() {
        return out.reduce((sum, message) => sum + weightOf(message), 0);
      },
      get closed() {
        return isCut();
      },
    };
  }
}

function hearText(end: PipeEnd, { text, taken }: Text): void {
  end.onText(text);
  taken?.();
}

function weightOf(message: Message): number {
  if (message instanceof Uint8Array) return message.length;
  return "text" in message ? message.text.length : 0;
}
