import type { WireError } from "@warren/wire";
import type { Stream, StreamOwner } from "../ports.ts";

/** An owner that writes down what it hears, and consumes at once unless told not to. */
export class Recorder implements StreamOwner {
  stream: Stream | undefined;
  readonly heads: string[] = [];
  readonly chunks: Uint8Array[] = [];
  trailers: string | undefined;
  ended = false;
  error: WireError | undefined;
  stopped = false;
  writable = 0;
  consuming = true;
  unconsumed = 0;
  /** Called after each event. */
  heard: () => void = () => {};

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
  get text(): string {
    return this.chunks.map((chunk) => String.fromCharCode(...chunk)).join("");
  }
  /** Consumes what piled up while `consuming` was false. */
  catchUp(): void {
    this.consuming = true;
    this.stream?.consumed(this.unconsumed);
    this.unconsumed = 0;
  }

  onHead(_stream: Stream, block: Uint8Array): void {
    this.heads.push(String.fromCharCode(...block));
    this.heard();
  }
  onData(stream: Stream, chunk: Uint8Array): void {
    this.stream = stream;
    this.chunks.push(chunk.slice());
    if (this.consuming) stream.consumed(chunk.length);
    else this.unconsumed += chunk.length;
    this.heard();
  }
  onTrailers(_stream: Stream, block: Uint8Array): void {
    this.trailers = String.fromCharCode(...block);
    this.heard();
  }
  onEnd(): void {
    this.ended = true;
    this.heard();
  }
  onReset(_stream: Stream, error: WireError): void {
    this.error = error;
    this.heard();
  }
  onWritable(): void {
    this.writable++;
    this.heard();
  }
  onStopped(): void {
    this.stopped = true;
    this.heard();
  }
}
