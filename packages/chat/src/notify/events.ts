import type { Counter, Family, Log, Metrics } from "@warren/host";
import type { Alert, AlertEvent, Channel } from "./alert.ts";
import { DeliveryError } from "./ports.ts";

/**
 * `sent`; `failed` for good; `limited` by the key's rate; `dropped` because too many wait, or because
 * the process ended first.
 */
export type AlertOutcome = "sent" | "failed" | "limited" | "dropped";

/** What alerts tell. Neither recipients nor texts: a recipient is its place in the configuration. */
export class AlertEvents {
  readonly #log: Log;
  readonly #messages: Family<Counter>;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#messages = metrics.counter({
      name: "chat_alert_messages_total",
      help: "Mails and short messages to admins, by event, channel and what became of them.",
      labels: ["event", "channel", "outcome"],
    });
  }

  sent(event: AlertEvent, channel: Channel): void {
    this.#messages.with(event, channel, "sent").add();
  }
  limited(event: AlertEvent, channel: Channel): void {
    this.#messages.with(event, channel, "limited").add();
  }

  dropped(event: AlertEvent, channel: Channel, why: "too many wait" | "shutting down"): void {
    this.#messages.with(event, channel, "dropped").add();
    this.#log.warn("an alert was not sent", { event, channel, why });
  }

  postponed(event: AlertEvent, channel: Channel, waitMs: number): void {
    this.#log.debug("an alert is tried again later", { event, channel, wait_ms: waitMs });
  }

  failed(event: AlertEvent, channel: Channel, recipient: number, error: unknown): void {
    this.#messages.with(event, channel, "failed").add();
    // Any other error is a bug of ours, and may hold anything: its class is all that is told.
    const said =
      error instanceof DeliveryError
        ? { code: error.code, status: error.status }
        : { code: error instanceof Error ? error.name : "unknown" };
    this.#log.error("an alert could not be sent", { event, channel, recipient, ...said });
  }

  limitFailed(alert: Alert): void {
    const fields = { event: alert.event };
    this.#log.warn("the limit of alerts cannot be asked: the alert is sent without", fields);
  }
}
