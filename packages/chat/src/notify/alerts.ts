import { backoff, wait, type Clock } from "@warren/host";
import { CHANNELS, limitKey, type Alert, type Channel } from "./alert.ts";
import type { AlertLimit } from "./alert-limit.ts";
import { alertTexts } from "./alert-texts.ts";
import type { AlertEvents } from "./events.ts";
import { DeliveryError, type Mailer, type Texter } from "./ports.ts";

export interface AlertsOptions {
  /** ADMIN_EMAILS. */
  emails: readonly string[];
  /** ADMIN_PHONES. */
  phones: readonly string[];
  adminPanelUrl: string | undefined;
  /** Messages under way or waiting for another try; more are dropped. */
  mostWaiting: number;
  /** How long a message that may yet be taken is tried for. */
  patienceMs: number;
}

export interface AlertsDeps {
  /** Undefined: the channel is off. */
  mailer: Mailer | undefined;
  texter: Texter | undefined;
  limit: AlertLimit;
  clock: Clock;
  random: () => number;
  events: AlertEvents;
}

/** Greylisting servers want a few minutes (RFC 6647 §2.3); a carrier that restarts, half of one. */
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 300_000;

/**
 * Tells people outside of the chat that they are needed. Whoever raises an alert does not wait and
 * never fails; each recipient's message goes its own way, mail and SMS alike, so that none stops
 * another (T-36). What is under way when the process dies is lost: a help request stays visible in the
 * session itself.
 */
export class Alerts implements AsyncDisposable {
  readonly #options: AlertsOptions;
  readonly #deps: AlertsDeps;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  /** Messages, not alerts. */
  #waiting = 0;
  #isClosed = false;

  constructor(options: AlertsOptions, deps: AlertsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  raise(alert: Alert): void {
    if (this.#isClosed) return this.#each(alert, "dropped");
    this.#own(this.#allowed(alert));
  }

  /** Resolves when nothing is under way, nor waits for another try. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Takes no more, lets what is under way end for so long, then drops the rest. Twice is once. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    const forget = this.#deps.clock.after(deadlineMs, () => this.#stop.abort());
    await this.idle();
    forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#stop.abort();
    await this.idle();
  }

  #own(task: Promise<void>): void {
    const owned = task.finally(() => this.#underWay.delete(owned));
    this.#underWay.add(owned);
  }

  async #allowed(alert: Alert): Promise<void> {
    const { limit, events } = this.#deps;
    const isAllowed = await limit.take(limitKey(alert)).catch(() => {
      events.limitFailed(alert);
      return true;
    });
    if (!isAllowed) return this.#each(alert, "limited");
    const texts = alertTexts(alert, this.#options.adminPanelUrl);
    const { mailer, texter } = this.#deps;
    const { emails, phones } = this.#options;
    for (const channel of this.#channels(alert)) {
      const list = channel === "mail" ? emails : phones;
      for (const [recipient, to] of list.entries()) {
        const send = (signal: AbortSignal) =>
          channel === "mail"
            ? mailer?.send({ to, ...texts }, signal)
            : texter?.send({ to, text: texts.sms }, signal);
        this.#start({ alert, channel, recipient, send });
      }
    }
  }

  #start(message: Message): void {
    const { event } = message.alert;
    if (this.#waiting >= this.#options.mostWaiting) {
      return this.#deps.events.dropped(event, message.channel, "too many wait");
    }
    this.#waiting += 1;
    this.#own(this.#deliver(message).finally(() => (this.#waiting -= 1)));
  }

  async #deliver({ alert: { event }, channel, recipient, send }: Message): Promise<void> {
    const { clock, random, events } = this.#deps;
    const { signal } = this.#stop;
    const waits = backoff({
      firstMs: FIRST_WAIT_MS,
      capMs: LONGEST_WAIT_MS,
      heldMs: Infinity,
      random,
    });
    const givenUpAt = clock.now() + this.#options.patienceMs;
    for (;;) {
      try {
        await send(signal);
        return events.sent(event, channel);
      } catch (error) {
        if (signal.aborted) return events.dropped(event, channel, "shutting down");
        // A server that asks for time gets some, whatever chance says.
        const waitMs = FIRST_WAIT_MS + waits.next();
        const isLast = clock.now() + waitMs > givenUpAt;
        const mayPass = error instanceof DeliveryError && error.retry;
        if (!mayPass || isLast) return events.failed(event, channel, recipient, error);
        events.postponed(event, channel, waitMs);
        await wait(clock, waitMs, signal);
      }
    }
  }

  /** Channels of the alert that are on. */
  #channels({ event }: Alert): Channel[] {
    const { mailer, texter } = this.#deps;
    return CHANNELS[event].filter(
      (channel) => (channel === "mail" ? mailer : texter) !== undefined,
    );
  }

  #each(alert: Alert, outcome: "limited" | "dropped"): void {
    const { events } = this.#deps;
    for (const channel of this.#channels(alert)) {
      if (outcome === "limited") events.limited(alert.event, channel);
      else events.dropped(alert.event, channel, "shutting down");
    }
  }
}

interface Message {
  alert: Alert;
  channel: Channel;
  /** Its place in the configuration. */
  recipient: number;
  send: (signal: AbortSignal) => Promise<void> | undefined;
}
