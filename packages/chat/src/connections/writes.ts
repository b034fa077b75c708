import { textFrame } from "./text-frame.ts";

/** Something with frames to write. */
export interface Writer {
  flush(): void;
}

/**
 * The writing of all sockets of an instance: what a turn of the event loop has made for them leaves at
 * its end, one write for each socket. What goes to many is put into a frame once.
 */
export class Writes {
  #due: Writer[] = [];
  #text = "";
  #frame = textFrame("");
  #written = 0;
  readonly #sent: (frames: number) => void;

  /** `sent` hears at the end of each turn of how many frames have left in it. */
  constructor(sent: (frames: number) => void) {
    this.#sent = sent;
  }

  /** `writer` is flushed at the end of this turn. */
  soon(writer: Writer): void {
    if (this.#due.push(writer) === 1) setImmediate(() => this.#flush());
  }

  /** The frame of a text. Who sends the same one to many asks for it again and again. */
  frameOf(text: string): Buffer {
    if (text !== this.#text) {
      this.#text = text;
      this.#frame = textFrame(text);
    }
    return this.#frame;
  }

  /** Of a writer that was flushed, at the end of the turn or before. */
  wrote(frames: number): void {
    this.#written += frames;
  }

  #flush(): void {
    const due = this.#due;
    this.#due = [];
    for (const writer of due) writer.flush();
    const written = this.#written;
    this.#written = 0;
    this.#sent(written);
  }
}
