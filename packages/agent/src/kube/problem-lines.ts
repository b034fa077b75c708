import type { Clock, Fields, Log } from "@warren/host";

/** Of one namespace in a minute. */
const MOST_LINES = 50;
const MINUTE_MS = 60_000;

/**
 * Warnings about objects, in the log. Whoever may write in one namespace does not fill it: the first of each
 * namespace in a minute are written, and then how many more there were.
 */
export class ProblemLines implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  /** Of this minute, by namespace, written or not. */
  readonly #lines = new Map<string, number>();
  #cancel: (() => void) | undefined;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `object`: begins with `namespace/name`. */
  warn(object: string, msg: string, fields: Fields): void {
    const namespace = object.slice(0, object.indexOf("/"));
    const lines = (this.#lines.get(namespace) ?? 0) + 1;
    this.#lines.set(namespace, lines);
    this.#cancel ??= this.#clock.after(MINUTE_MS, () => this.#next());
    if (lines <= MOST_LINES) this.#log.warn(msg, fields);
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
    this.#next();
  }

  #next(): void {
    this.#cancel = undefined;
    for (const [namespace, lines] of this.#lines)
      if (lines > MOST_LINES)
        this.#log.warn("more of this namespace is not in the log: see its objects", {
          namespace,
          lines_left_out: lines - MOST_LINES,
        });
    this.#lines.clear();
  }
}
