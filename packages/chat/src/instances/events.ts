import type { Counter, Gauge, Histogram, Log, Metrics } from "@warren/host";
import type { FanOutEvents } from "../live/fan-out.ts";
import type { RunEnd } from "../runs/ports.ts";
import type { EstatesEvents } from "./estates.ts";

const LATENCIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const RUNS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];

/** What an instance tells of itself among the others, and of the answers that it writes. */
export class InstanceEvents implements FanOutEvents, EstatesEvents {
  readonly #log: Log;
  readonly #sent: Counter;
  readonly #lost: Counter;
  readonly #heard: Counter;
  readonly #repaired: Counter;
  readonly #instancesLost: Counter;
  readonly #runsTaken: Counter;
  readonly #questionsFound: Counter;
  readonly #checkpoints: Counter;
  readonly #checkpointsLost: Counter;
  readonly #latency: Histogram;
  readonly #runs: (status: string) => Histogram;
  readonly #firstToken: Histogram;
  readonly #running: Gauge;
  readonly #waiting: Gauge;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    const counter = (name: string, help: string) =>
      metrics.counter({ name, help, labels: [] }).with();
    const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: [] }).with();
    this.#sent = counter("chatbox_hints_sent_total", "Hints told to other instances.");
    this.#lost = counter("chatbox_hints_lost_total", "Hints that could not be told.");
    this.#heard = counter("chatbox_hints_heard_total", "Hints that other instances told.");
    this.#repaired = counter(
      "chatbox_hints_repaired_total",
      "Entries that no hint had told of: a look at the log found them.",
    );
    this.#instancesLost = counter(
      "chatbox_instances_lost_total",
      "Instances that died, and whose estate came to this one.",
    );
    this.#runsTaken = counter(
      "chatbox_lease_takeovers_total",
      "Answers of dead instances that this one took over.",
    );
    this.#questionsFound = counter(
      "chatbox_questions_found_total",
      "Questions of dead instances that nobody had begun to answer.",
    );
    this.#checkpoints = counter(
      "chatbox_checkpoints_total",
      "Checkpoints of running answers that were kept.",
    );
    this.#checkpointsLost = counter(
      "chatbox_checkpoints_failed_total",
      "Checkpoints of running answers that could not be kept.",
    );
    this.#latency = metrics
      .histogram({
        name: "message_delivery_latency_seconds",
        help: "From an entry's time to its being told to those who follow here.",
        labels: [],
        buckets: LATENCIES,
      })
      .with();
    const runs = metrics.histogram({
      name: "chatbox_run_duration_seconds",
      help: "From question to end of an answer, by how it ended.",
      labels: ["status"],
      buckets: RUNS,
    });
    this.#runs = (status) => runs.with(status);
    this.#firstToken = metrics
      .histogram({
        name: "chatbox_run_first_token_seconds",
        help: "From question to first text of an answer.",
        labels: [],
        buckets: RUNS,
      })
      .with();
    this.#running = gauge("chatbox_runs", "Answers that this instance writes.");
    this.#waiting = gauge("chatbox_hint_queue_depth", "Hints that wait to be told.");
  }

  hintsWaiting(count: number): void {
    this.#waiting.set(count);
  }
  hintsSent(count: number): void {
    this.#sent.add(count);
  }
  hintsLost(count: number): void {
    this.#lost.add(count);
  }
  hintsHeard(count: number): void {
    this.#heard.add(count);
  }
  repaired(): void {
    this.#repaired.add();
  }
  delivered(latencyMs: number): void {
    this.#latency.observe(Math.max(0, latencyMs) / 1_000);
  }
  instanceLost(name: string): void {
    this.#instancesLost.add();
    this.#log.warn("another instance is gone: this one goes on with what it left", { name });
  }
  /** This instance was asleep, and others took it for dead. */
  wasLost(): void {
    this.#log.warn("others took this instance for dead: it begins anew, with none of its answers");
  }
  runsTaken(count: number): void {
    this.#runsTaken.add(count);
    this.#log.info("answers of an instance that is gone were taken over", { count });
  }
  questionFound(): void {
    this.#questionsFound.add();
  }
  runBegan(): void {
    this.#running.add(1);
  }
  runOver(): void {
    this.#running.add(-1);
  }
  runEnded({ status, firstTokenMs, totalMs }: RunEnd): void {
    this.#runs(status).observe(totalMs / 1_000);
    if (firstTokenMs !== undefined) this.#firstToken.observe(firstTokenMs / 1_000);
  }
  checkpointKept(): void {
    this.#checkpoints.add();
  }
  /** The store is away: the next checkpoint has all of it. */
  checkpointFailed(): void {
    this.#checkpointsLost.add();
  }
  /** Once for each time that the store is away. */
  blind(cause: unknown): void {
    this.#log.warn("the other instances cannot be seen: the store is away", { error: cause });
  }
  withoutRedis(): void {
    this.#log.warn(
      "MongoDB without Redis: instances find what others store by looking each second; set REDIS_URL to have it at once",
    );
  }
  redisFailed(cause: unknown): void {
    this.#log.debug("redis failed", { error: cause });
  }
}
