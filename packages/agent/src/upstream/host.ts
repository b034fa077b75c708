import type { Stream } from "@warren/tunnel";
import type { Kind, WireError } from "@warren/wire";
import type { UpstreamEvents } from "./failures.ts";

/** What a stream was opened for. */
export interface Origin {
  readonly kind: Kind;
  readonly routeKey: string;
}

/** What runs for one stream, from its opening to its end. */
export interface Running {
  readonly origin: Origin;
  /** Where the set of what runs has it; that set's to change. */
  place: number;
  /**
   * The drain's deadline has come: end, if it can be at a boundary of what is spoken, within
   * `graceMs`.
   */
  cutOff(error: WireError, graceMs: number): void;
}

/** How a stream came out. */
export interface Outcome {
  /** Status of the final answer; 0 when there was none. */
  status: number;
  /** Why it failed; undefined when it ran to its end, or the other side gave it up. */
  error: WireError | undefined;
}

/** What the work for a stream asks of the agent around it. */
export interface StreamHost extends UpstreamEvents {
  /** The same stream goes on in other hands. */
  handedOver(from: Running, to: Running): void;
  /** The work is over; said once. */
  finished(running: Running, stream: Stream, outcome: Outcome): void;
  /** Bytes that went to a service, or came from one. */
  toService(bytes: number): void;
  fromService(bytes: number): void;
  /** Runs `task` once after `ms`; the returned function forgets it. */
  after(ms: number, task: () => void): () => void;
}
