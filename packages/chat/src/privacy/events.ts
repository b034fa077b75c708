import type { Counter, Family, Log, Metrics } from "@warren/host";
import { isAway } from "../store/is-away.ts";

/** Who had something erased. */
export type ErasedBy = "user" | "admin" | "retention";

export interface Erased {
  sessions: number;
  entries: number;
  files: number;
}

/** What export, erasure and retention tell. Never whose data it was. */
export class PrivacyEvents {
  readonly #log: Log;
  readonly #erased: Family<Counter>;
  readonly #exports: Family<Counter>;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#erased = metrics.counter({
      name: "chat_sessions_erased_total",
      help: "Sessions that were erased, by who had it done: user, admin, retention.",
      labels: ["by"],
    });
    this.#exports = metrics.counter({
      name: "chat_exports_total",
      help: "Exports of a user's data: done, broken_off.",
      labels: ["outcome"],
    });
  }

  erased(by: ErasedBy, { sessions, entries, files }: Erased): void {
    if (sessions + entries + files === 0) return;
    this.#erased.with(by).add(sessions);
    this.#log.info("data was erased", { by, sessions, entries, files });
  }
  /** It is tried again in the next round. */
  failed(what: string, cause: unknown): void {
    this.#log[isAway(cause) ? "debug" : "error"](`${what}: it is tried again`, { error: cause });
  }
  exported(): void {
    this.#exports.with("done").add();
    this.#log.info("a user's data was exported");
  }
  exportBroke(cause: unknown): void {
    this.#exports.with("broken_off").add();
    this.#log.warn("an export broke off", { error: cause });
  }
}
