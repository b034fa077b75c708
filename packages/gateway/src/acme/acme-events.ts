import type { Counter, Family, Gauge, Log, Metrics } from "@warren/host";
import { loggable } from "../metrics/loggable.ts";
import type { CaProblem } from "./ca-problem.ts";

export type OrderResult = "issued" | "failed" | "away" | "refused";

/** What the gateway tells of certificates that it orders, or that clusters bring. */
export class AcmeEvents {
  readonly #log: Log;
  readonly #orders: Family<Counter>;
  readonly #certificates: Family<Gauge>;
  readonly #soonest: Family<Gauge>;
  readonly #renewals: Counter;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#orders = metrics.counter({
      name: "gateway_acme_orders_total",
      help: "Orders at the CA, by result: issued, failed, away (the CA), refused (a limit of this gateway).",
      labels: ["result"],
    });
    this.#renewals = metrics
      .counter({
        name: "gateway_acme_renewals_total",
        help: "Certificates that were issued in place of an earlier one.",
        labels: [],
      })
      .with();
    this.#certificates = metrics.gauge({
      name: "gateway_host_certificates",
      help: "Certificates for single hosts, by where they come from: acme or cluster.",
      labels: ["source"],
    });
    this.#soonest = metrics.gauge({
      name: "gateway_host_certificates_expire_timestamp_seconds",
      help: "When the first of those certificates expires; 0 when there are none.",
      labels: ["source"],
    });
  }

  /** What is in force now. */
  counted(source: "acme" | "cluster", count: number, soonestMs: number): void {
    this.#certificates.with(source).set(count);
    this.#soonest.with(source).set(count === 0 ? 0 : soonestMs / 1_000);
  }

  issued(host: string, expiresAt: number, renews: boolean): void {
    this.#orders.with("issued").add();
    if (renews) this.#renewals.add();
    const expires = new Date(expiresAt).toISOString();
    this.#log.info(renews ? "certificate renewed" : "certificate issued", { host, expires });
  }

  failed(host: string, problem: CaProblem, retryAt: number): void {
    this.#orders.with(problem.isAway ? "away" : "failed").add();
    this.#log.warn("no certificate", {
      host,
      problem: problem.type,
      reason: loggable(problem.message),
      again: new Date(retryAt).toISOString(),
    });
  }

  /** A limit of this gateway, not of the CA. */
  refused(host: string, reason: string, isNews: boolean): void {
    this.#orders.with("refused").add();
    if (isNews) this.#log.warn("certificate not ordered", { host, reason });
  }

  /** A cluster's certificates were taken, or not. */
  published(clusterUuid: string, accepted: number): void {
    this.#log.info("certificates of a cluster", { cluster_uuid: clusterUuid, accepted });
  }
  unpublished(clusterUuid: string, name: string, reason: string): void {
    this.#log.warn("certificate of a cluster not usable", {
      cluster_uuid: clusterUuid,
      name: loggable(name),
      reason: loggable(reason),
    });
  }

  /** A cluster has no alias: another one came first with it. */
  nameTaken(name: string, owner: string, cluster: string): void {
    this.#log.warn("name of a cluster is taken", { name, cluster_uuid: cluster, owner });
  }
  /** Its record in DNS has been gone for long: the host is given up. */
  domainLost(clusterUuid: string, host: string): void {
    this.#log.warn("proof of a host is gone", { cluster_uuid: clusterUuid, host: loggable(host) });
  }

  registered(directory: string): void {
    this.#log.info("account at the CA", { directory });
  }
  /** The shared store cannot be asked, or the like: what is known goes on. */
  stuck(what: string, error: unknown): void {
    this.#log.warn("certificates cannot be looked after", { what, error });
  }
}
