import type { Clock } from "@warren/host";
import {
  INGRESSES,
  KubeError,
  referenceTo,
  WorkQueue,
  type EventRecorder,
  type Leadership,
} from "@warren/host/kube";
import type { Published } from "../../published.ts";
import type { Objects } from "../objects-port.ts";
import type { Ingress } from "../objects.ts";
import { ToldProblems } from "../told-problems.ts";
import { factsOf, fewOf, MORE, notShutFacts, type Fact, type IngressFacts } from "./facts.ts";
import { INGRESS_SOURCE, type IngressController } from "./ingress-controller.ts";
import type { IngressEvents } from "./ingress-events.ts";
import { ingressOfRoute, isShut } from "./shut.ts";
import { addressesIn, textOf, type IngressStatus, type PublicAddress } from "./ingress-status.ts";

export interface IngressReporterOptions {
  readonly controller: IngressController;
  readonly ingresses: Objects<Ingress>;
  readonly published: Published;
  readonly lead: Pick<Leadership, "isLeading" | "onChange">;
  readonly recorder: EventRecorder;
  readonly status: IngressStatus;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly events: IngressEvents;
}

const CONCURRENCY = 4;
/** So often what somebody else wrote is put right; twice as many who do so would never end. */
const MOST_REPAIRS = 2;
/** What is overwritten later than that is a new matter. */
const CONTEST_MS = 600_000;

/** What this process wrote into an Ingress's status. */
interface Written {
  /** Of the Ingress as it was before. */
  readonly version: string;
  readonly addresses: string;
  readonly at: number;
  /** Times that it was found to say something else soon after; Infinity: it is left to them. */
  readonly overwritten: number;
}
/** No troubles, or such as come and go with a gateway's registry, for thousands of Ingresses at once. */
const PASSING = ["Published", "RouteRefused", MORE];

/**
 * Tells people what became of their Ingresses: Events, and the status of those whose class is
 * Warren's. Only while this agent leads those of the cluster. Invariants:
 *
 * R1. An Event is said again only when something about its Ingress changed; a new leader says all.
 * R2. The status of an Ingress is written only while its class is Warren's, or to take back what
 *     this process wrote there; never of what a gateway has still to answer.
 * R3. Whoever else writes the same status has it after a few turns: nobody is fought (decisions/0372).
 */
export class IngressReporter implements AsyncDisposable {
  readonly #options: IngressReporterOptions;
  readonly #queue: WorkQueue;
  readonly #told = new ToldProblems();
  /** Of each Ingress, what it was when something was said of it. */
  readonly #versions = new Map<string, string>();
  /** Ingresses whose status this process wrote. */
  readonly #written = new Map<string, Written>();
  readonly #stops: (() => void)[];
  #addresses: readonly PublicAddress[] = [];
  #mayWrite = true;

  constructor(options: IngressReporterOptions) {
    this.#options = options;
    const { controller, published, lead, clock, random, events } = options;
    this.#queue = new WorkQueue({
      work: (key) => this.#report(key),
      clock,
      random,
      concurrency: CONCURRENCY,
      onFailure: ({ key, error, retryInMs }) => events.statusFailed(key, error, retryInMs),
    });
    this.#stops = [
      controller.onOutcomes((keys) => this.#look(keys)),
      published.verdicts.onVerdict((route) => this.#heard(route)),
      lead.onChange((leading) => this.#onLead(leading)),
    ];
    if (lead.isLeading) this.#onLead(true);
  }

  /** Where the Ingresses of class warren are reached from outside, for their status. */
  setAddresses(addresses: readonly PublicAddress[]): void {
    this.#addresses = addresses;
    this.#look(this.#options.controller.keys());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#queue[Symbol.asyncDispose]();
  }

  #onLead(leading: boolean): void {
    this.#told.clear();
    this.#versions.clear();
    this.#mayWrite = true;
    if (leading) this.#look(this.#options.controller.keys());
  }

  #heard(key: string): void {
    const { controller, published } = this.#options;
    const heard = published.get(key);
    if (heard?.source !== INGRESS_SOURCE) return;
    this.#look([ingressOfRoute(key)]);
    // What is open decides whether it matters that another is not shut.
    if (!isShut(heard.route)) this.#look(controller.shutUnder(heard.route.host));
  }

  #look(keys: Iterable<string>): void {
    if (!this.#options.lead.isLeading) return;
    for (const key of keys) this.#queue.add(key);
  }

  async #report(key: string): Promise<void> {
    const { controller, ingresses, lead } = this.#options;
    if (!lead.isLeading) return;
    const outcome = controller.outcome(key);
    const notShut = this.#notShut(key);
    if (outcome === undefined) {
      const leftOut = ingresses.get(key);
      if (leftOut !== undefined && notShut.length > 0)
        this.#say(key, leftOut, { state: "refused", facts: notShut });
      else {
        this.#told.forget(key);
        this.#versions.delete(key);
      }
      return this.#takeBack(key, leftOut);
    }
    const { ingress, owner, routes } = outcome;
    const facts = factsOf(
      outcome,
      routes.map((route) => this.#judged(route)),
    );
    this.#say(key, ingress, { ...facts, facts: [...facts.facts, ...notShut] });
    if (!owner.isOurs) return this.#takeBack(key, ingress);
    if (facts.state !== "pending")
      await this.#write(key, ingress, facts.state === "published" ? this.#addresses : []);
  }

  #notShut(key: string): Fact[] {
    const { controller, published } = this.#options;
    const places = controller.shutPlaces(key).map(({ key: route, place, open }) => ({
      host: place,
      verdict: published.verdicts.whereAccepted(route, open),
    }));
    return notShutFacts(places);
  }

  #judged(route: string) {
    const { published } = this.#options;
    const { host = "" } = published.get(route)?.route ?? {};
    return { host, verdict: published.verdicts.get(route) };
  }

  #say(key: string, ingress: Ingress, { facts, state }: IngressFacts): void {
    const { uid, generation = 0 } = ingress.metadata;
    const version = `${uid} ${generation}`;
    if (this.#versions.get(key) !== version) this.#told.forget(key);
    this.#versions.set(key, version);
    // The last word is what holds: `Published` is said again when a trouble beside it is over.
    const isMended = state === "published" && this.#told.isMended(key, facts, PASSING);
    if (isMended) this.#told.forget(key);
    const about = referenceTo(INGRESSES, ingress);
    // What gateways said is not mended because one has still to say it again.
    const which = state === "pending" ? "some" : "all";
    for (const { type, reason, message } of this.#told.news(key, fewOf(facts), which)) {
      const over = isMended && reason === "Published" ? "; a trouble told before is over" : "";
      if (type === "Normal") this.#options.recorder.normal(about, reason, `${message}${over}`);
      else this.#options.recorder.warning(about, reason, message);
    }
  }

  /** The Ingress is another's now, or to be left out. What somebody else wrote since is theirs. */
  async #takeBack(key: string, ingress: Ingress | undefined): Promise<void> {
    const before = this.#written.get(key);
    if (before === undefined) return;
    const isTheirs = ingress !== undefined && isOverwritten(ingress, before);
    if (ingress !== undefined && !isTheirs) await this.#write(key, ingress, []);
    this.#written.delete(key);
  }

  async #write(key: string, ingress: Ingress, addresses: readonly PublicAddress[]): Promise<void> {
    const { clock, events, status } = this.#options;
    const version = ingress.metadata.resourceVersion;
    const text = textOf(addresses);
    const before = this.#written.get(key);
    // The cache has not heard of our own write yet.
    const isOwn = before?.version === version && before.addresses === text;
    if (!this.#mayWrite || isOwn || addressesIn(ingress) === text) return;
    const overwritten = this.#overwritten(ingress, before);
    if (before !== undefined && overwritten > MOST_REPAIRS)
      return this.#leave(key, ingress, before);
    try {
      if (!(await status.write(ingress, addresses))) return;
      this.#written.set(key, { version, addresses: text, at: clock.now(), overwritten });
      events.statusWritten(key);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.reason === "NotFound") return;
      if (error.reason !== "Forbidden") throw error;
      // The same for every Ingress, and until somebody changes a role: asked again by the next leader.
      if (this.#mayWrite) events.statusForbidden(error);
      this.#mayWrite = false;
    }
  }

  /** How often somebody else has written over it by now, time after time. */
  #overwritten(ingress: Ingress, before: Written | undefined): number {
    if (before === undefined || !isOverwritten(ingress, before)) return before?.overwritten ?? 0;
    const isLongAgo = this.#options.clock.now() - before.at > CONTEST_MS;
    return isLongAgo && before.overwritten !== Infinity ? 1 : before.overwritten + 1;
  }

  #leave(key: string, ingress: Ingress, before: Written): void {
    if (before.overwritten === Infinity) return;
    this.#written.set(key, { ...before, overwritten: Infinity });
    const message =
      "somebody else writes status.loadBalancer of this Ingress: it is left to them. Two installations of Warren need two classes";
    this.#options.events.problem(key, { reason: "StatusContested", message });
    this.#options.recorder.warning(referenceTo(INGRESSES, ingress), "StatusContested", message);
  }
}

/** It changed since, and does not say what was written. */
function isOverwritten(ingress: Ingress, { version, addresses }: Written): boolean {
  return ingress.metadata.resourceVersion !== version && addressesIn(ingress) !== addresses;
}
