import type { Counter, Family, Gauge, Histogram, Log, Metrics } from "@warren/host";
import type { BreakerState } from "./breaker.ts";
import type { ProviderError } from "./provider-error.ts";

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, open: 1, half_open: 2 };

/** Seconds; up to what `LLM_STREAM_TIMEOUT` allows. */
const LATENCY_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120];

/**
 * What the providers tell: each event writes its log line and its metrics together. The label `provider`
 * is the provider's id: two of one type are two things to watch.
 */
export class ProviderEvents {
  readonly #log: Log;
  readonly #requests: Family<Counter>;
  readonly #latency: Family<Histogram>;
  readonly #errors: Family<Counter>;
  readonly #tokens: Family<Counter>;
  readonly #breaker: Family<Gauge>;
  readonly #streams: Family<Gauge>;
  readonly #queue: Family<Gauge>;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    const labels = ["provider"];
    this.#requests = metrics.counter({
      name: "chatbox_llm_requests_total",
      help: "Tries to get an answer, each retry counted, by provider id.",
      labels,
    });
    this.#latency = metrics.histogram({
      name: "chatbox_llm_latency_seconds",
      help: "From the start of a try to its first text, by provider id.",
      labels,
      buckets: LATENCY_BUCKETS,
    });
    this.#errors = metrics.counter({
      name: "chatbox_llm_errors_total",
      help: "Tries that failed and streams that broke, by provider id.",
      labels,
    });
    this.#tokens = metrics.counter({
      name: "chatbox_tokens_used_total",
      help: "Tokens in and out, as the provider counts them, by provider id.",
      labels,
    });
    this.#breaker = metrics.gauge({
      name: "chatbox_llm_breaker_state",
      help: "0 closed, 1 open, 2 half open (one probe is under way), by provider id.",
      labels,
    });
    this.#streams = metrics.gauge({
      name: "chatbox_llm_streams",
      help: "Answers that are being streamed, by provider id.",
      labels,
    });
    this.#queue = metrics.gauge({
      name: "chatbox_llm_queue_depth",
      help: "Answers that wait for a place, by provider id.",
      labels,
    });
  }

  /** A provider is configured: its series are there from the start. */
  known(provider: string): void {
    for (const family of [this.#requests, this.#errors, this.#tokens, this.#latency]) {
      family.with(provider);
    }
    for (const family of [this.#breaker, this.#streams, this.#queue]) family.with(provider).set(0);
  }
  tried(provider: string): void {
    this.#requests.with(provider).add();
  }
  firstText(provider: string, afterMs: number): void {
    this.#latency.with(provider).observe(afterMs / 1000);
  }
  used(provider: string, tokens: number): void {
    this.#tokens.with(provider).add(tokens);
  }
  load(provider: string, streams: number, waiting: number): void {
    this.#streams.with(provider).set(streams);
    this.#queue.with(provider).set(waiting);
  }
  /** The upstream's own words are in the log and nowhere else. */
  failed(provider: string, error: ProviderError): void {
    this.#errors.with(provider).add();
    this.#log.warn("LLM attempt failed", { provider, ...fieldsOf(error) });
  }
  breaker(provider: string, state: BreakerState): void {
    this.#breaker.with(provider).set(BREAKER_VALUES[state]);
    const fields = { provider, state };
    if (state === "open") this.#log.warn("LLM breaker changed", fields);
    else this.#log.info("LLM breaker changed", fields);
  }
  failedOver(from: string, to: string): void {
    this.#log.warn("LLM failed over", { provider: from, to });
  }
  probeFailed(provider: string, error: ProviderError): void {
    this.#log.warn("LLM probe failed", { provider, ...fieldsOf(error) });
  }
}

function fieldsOf(error: ProviderError) {
  const { kind, status, detail, afterText, message } = error;
  return { kind, reason: message, status, upstream: detail, after_text: afterText };
}
