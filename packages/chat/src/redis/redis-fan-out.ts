import { wait, type Clock } from "@warren/host";
import { steadily } from "../leases/steadily.ts";
import type { SessionKey } from "../log/entry.ts";
import type { FanOut, FanOutEvents, Followed, Heard, Hint } from "../live/fan-out.ts";
import { hintText, readHint } from "../live/hint-text.ts";
import { once } from "../live/once.ts";
import type { GuardedLink } from "./guarded-link.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface RedisFanOutOptions {
  link: GuardedLink;
  clock: Clock;
  /** This process among others, to know its own words again. Without spaces. */
  instance: string;
  heard: Heard;
  events: FanOutEvents;
}

/** Hints that wait while a batch is out: what is more is lost, as hints may be. */
const MOST_WAITING = 20_000;
/** Commands of one batch: some milliseconds of Redis. */
const BATCH = 500;
/** How long somebody who begins to follow waits for it: hints that are lost are found all the same. */
const READY_MS = 100;
/** A probe that fails is counted as any hint that is lost. */
const SAID = () => {};
/** How often this process tells itself something; hints are on as long as it hears it. */
const PROBE_MS = 1_000;
const EVERY_PROBE = () => PROBE_MS;
const SILENT_MS = 3 * PROBE_MS;

interface Channel {
  followers: number;
  readonly ready: Promise<unknown>;
}

/**
 * Hints by Redis's Pub/Sub, a channel for each session, so that instances hear of what they follow and of
 * nothing else. A Cluster brings what is published to all its nodes.
 */
export class RedisFanOut implements FanOut {
  readonly #options: RedisFanOutOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #subscriptions: Subscriptions;
  readonly #closing = new AbortController();
  readonly #probing: Promise<void>;
  readonly #own: string;
  #heardMs = -Infinity;
  #waiting: { channel: string; text: string }[] = [];
  #isSending = false;

  constructor(options: RedisFanOutOptions) {
    this.#options = options;
    const { link, clock, instance } = options;
    const heard = (text: string) => this.#hear(text);
    this.#subscriptions = new Subscriptions({ link, clock, heard });
    this.#own = `warren:chat:instance:{${instance}}`;
    this.#probing = this.#probe();
  }

  get isOn(): boolean {
    return this.#options.clock.now() - this.#heardMs <= SILENT_MS;
  }

  tell(key: SessionKey, hint: Hint): void {
    this.#enqueue(channelOf(key.sessionId), hintText(key, hint));
  }

  follow(sessionId: string): Followed {
    const channel = this.#channels.get(sessionId) ?? this.#open(sessionId);
    channel.followers += 1;
    const leave = once(() => {
      channel.followers -= 1;
      if (channel.followers > 0) return;
      this.#channels.delete(sessionId);
      this.#subscriptions.remove(channelOf(sessionId));
    });
    return { ready: channel.ready, leave };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#channels.clear();
    await this.#probing;
    await this.#subscriptions[Symbol.asyncDispose]();
  }

  async #probe(): Promise<void> {
    const { link, clock } = this.#options;
    const { signal } = this.#closing;
    // Redis may never come, and whoever closes does not wait for it.
    const closed = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([link.connected(), closed]);
    // First: it would not hear its own first word, and hints would be off until the next.
    await this.#subscriptions.add(this.#own);
    const probe = async () => this.#enqueue(this.#own, "");
    await steadily({ clock, everyMs: EVERY_PROBE, signal, failed: SAID }, probe);
  }

  #open(sessionId: string): Channel {
    const subscribed = this.#subscriptions.add(channelOf(sessionId));
    const late = wait(this.#options.clock, READY_MS, this.#closing.signal);
    const channel = { followers: 0, ready: Promise.race([subscribed, late]) };
    this.#channels.set(sessionId, channel);
    return channel;
  }

  #enqueue(channel: string, text: string): void {
    if (this.#waiting.length >= MOST_WAITING) return this.#options.events.hintsLost(1);
    this.#options.events.hintsWaiting(this.#waiting.push({ channel, text }));
    if (this.#isSending) return;
    this.#isSending = true;
    // What is told in this turn of the event loop goes together.
    setImmediate(() => void this.#send());
  }

  async #send(): Promise<void> {
    const { link, events } = this.#options;
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      const batch = this.#waiting.splice(0, BATCH);
      events.hintsWaiting(this.#waiting.length);
      try {
        await link.publish(this.#messages(batch));
        events.hintsSent(batch.length);
      } catch {
        // The guard has said it. Whoever missed them looks at the log.
        events.hintsLost(batch.length);
      }
    }
    this.#isSending = false;
  }

  /** Those of a session are one message: apart a Cluster might bring them in another order. */
  #messages(batch: readonly { channel: string; text: string }[]) {
    const { instance } = this.#options;
    const byChannel = Map.groupBy(batch, ({ channel }) => channel);
    return [...byChannel].map(([channel, hints]) => {
      const texts = hints.map(({ text }) => text).join("\n");
      return { key: channel, args: ["PUBLISH", channel, `${instance} ${texts}`] };
    });
  }

  #hear(text: string): void {
    const { instance, heard, events, clock } = this.#options;
    const at = text.indexOf(" ");
    if (text.slice(0, at) === instance) {
      this.#heardMs = clock.now();
      return;
    }
    for (const hint of text.slice(at + 1).split("\n")) {
      const said = readHint(hint);
      if (said === undefined) continue;
      events.hintsHeard(1);
      heard(said.key, said.hint);
    }
  }
}

function channelOf(sessionId: string): string {
  return `warren:chat:{${sessionId}}`;
}
