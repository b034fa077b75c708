import type { Counter, Family, Log, Metrics } from "@warren/host";

/** What share links tell. Never a token, nor whose session it is. */
export class ShareEvents {
  readonly #log: Log;
  readonly #links: Family<Counter>;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#links = metrics.counter({
      name: "chat_share_links_total",
      help: "What became of share links: created, read, revoked, expired.",
      labels: ["event"],
    });
  }

  created(): void {
    this.#links.with("created").add();
    this.#log.info("a session was shared");
  }
  revoked(): void {
    this.#links.with("revoked").add();
    this.#log.info("a share link was revoked");
  }
  read(): void {
    this.#links.with("read").add();
  }
  expired(count: number): void {
    if (count > 0) this.#links.with("expired").add(count);
  }
}
