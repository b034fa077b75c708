import type { Log } from "../log.ts";
import type { Counter, Family, Gauge, Metrics } from "../metrics.ts";
import type { EventsTold } from "./event-recorder.ts";
import { isKubeError } from "./kube-error.ts";
import type { LeadershipTold } from "./leadership.ts";
import type { Resource } from "./object.ts";
import type { WatchTold } from "./watch-told.ts";
import type { WorkFailure } from "./work-queue.ts";

/** What the parts of this room tell, as log lines and series; whoever uses them hands its methods over. */
export class KubeEvents {
  readonly #log: Log;
  readonly #objects: Family<Gauge>;
  readonly #lists: Family<Counter>;
  readonly #failures: Family<Counter>;
  readonly #leader: Gauge;
  readonly #work: Counter;
  readonly #events: Family<Counter>;
  readonly #absentGroups = new Set<string>();
  #hasSaidForbidden = false;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    const counter = (name: string, help: string, labels: string[]) =>
      metrics.counter({ name, help, labels });
    this.#objects = metrics.gauge({
      name: "kube_listed_objects",
      help: "Objects in the last whole list.",
      labels: ["resource"],
    });
    this.#lists = counter("kube_lists_total", "Whole lists that were read.", ["resource"]);
    this.#failures = counter(
      "kube_watch_failures_total",
      "Lists and watches that failed, by reason.",
      ["resource", "reason"],
    );
    this.#leader = metrics
      .gauge({ name: "kube_leader", help: "1 while this process holds the Lease.", labels: [] })
      .with();
    this.#work = counter(
      "kube_work_failures_total",
      "Objects whose work failed and is repeated.",
      [],
    ).with();
    this.#events = counter(
      "kube_events_unwritten_total",
      "Events for people not written: dropped for good, forbidden for now; or tries that failed.",
      ["reason"],
    );
  }

  /** Events that `waiting` says are still to be written. */
  observe(metrics: Metrics, waiting: () => number): void {
    const help = "Events for people that are still to be written.";
    const gauge = metrics.gauge({ name: "kube_events_waiting", help, labels: [] }).with();
    metrics.onCollect(() => gauge.set(waiting()));
  }

  readonly watch = (told: WatchTold): void => {
    const resource = nameOf(told.resource);
    const log = this.#log.with({ resource });
    const failed = (error: unknown) => this.#failures.with(resource, reasonOf(error)).add();
    switch (told.kind) {
      case "listed":
        this.#lists.with(resource).add();
        this.#objects.with(resource).set(told.objects);
        return log.debug("listed", { objects: told.objects, duration_ms: told.tookMs });
      case "lost":
        failed(told.error);
        return log.debug("watch failed", { error: told.error, retry_in_ms: told.retryInMs });
      case "expired":
        failed(told.error);
        return log.debug("history is gone: listing again");
      case "forbidden":
        failed(told.error);
        // The error says of which namespace.
        return log.warn("may not be read: the role lacks a rule", {
          rule: told.rule,
          error: told.error,
        });
      case "absent":
        log.debug("the cluster does not have this resource");
        return this.#absent(told.resource.group);
      case "appeared":
        this.#absentGroups.delete(told.resource.group);
        return log.info("the cluster has this resource now");
      case "handlerFailed":
        return log.error("internal error", { where: "watch", key: told.key, error: told.error });
    }
  };

  /** Resources of one API come and go together: one line for all of them. */
  #absent(group: string): void {
    if (this.#absentGroups.has(group)) return;
    this.#absentGroups.add(group);
    this.#log.info("not installed in this cluster, which is fine; looked for now and then", {
      api: group,
    });
  }

  readonly leadership = (told: LeadershipTold): void => {
    if (told.kind === "leading") this.#leader.set(1);
    if (told.kind === "lost") this.#leader.set(0);
    switch (told.kind) {
      case "leading":
        return this.#log.info("leading", { transitions: told.transitions });
      case "following":
        return this.#log.info("following", { leader: told.holder });
      case "lost":
        return this.#log.warn("no longer leading", { reason: told.why });
      case "failed":
        return this.#log.warn("the lease could not be read or written", { error: told.error });
    }
  };

  readonly events = (told: EventsTold): void => {
    this.#events.with(told.kind).add();
    if (told.kind === "forbidden" && !this.#hasSaidForbidden) {
      this.#hasSaidForbidden = true;
      this.#log.warn("events may not be written: the role lacks create and patch of events", {
        error: told.error,
      });
    }
    if (told.kind === "failed") this.#log.debug("an event was not written", { error: told.error });
  };

  readonly work = ({ key, error, attempts, retryInMs }: WorkFailure): void => {
    this.#work.add();
    // What fails again and again is read tomorrow; the first failures are mostly races.
    const level = attempts === 5 ? "warn" : "debug";
    this.#log[level]("work failed", { key, error, attempts, retry_in_ms: retryInMs });
  };
}

function nameOf({ plural, group }: Resource): string {
  return group === "" ? plural : `${plural}.${group}`;
}

function reasonOf(error: unknown): string {
  return isKubeError(error) ? error.reason : "Error";
}
