import { endOfTurn, type Clock } from "@warren/host";
import { patternsOver, routeKey } from "@warren/wire";
import type { Publication, Published } from "../../published.ts";
import type { TlsSettings } from "../../target.ts";
import type { ClusterChange, ClusterFeed, Problem } from "../cluster-view.ts";
import { CONFIGURATION, type HostOwners } from "../host-owners.ts";
import type { Objects } from "../objects-port.ts";
import { KeysInTurn } from "../keys-in-turn.ts";
import { isNews } from "../news.ts";
import type { ToldElsewhere } from "../told-elsewhere.ts";
import type { Ingress } from "../objects.ts";
import { ReverseIndex } from "../reverse-index.ts";
import { isDialledAtPods } from "../service-backend.ts";
import { Slice } from "../slice.ts";
import { ToldProblems } from "../told-problems.ts";
import { Claims, type Claim } from "./claims.ts";
import { someOf } from "./facts.ts";
import { ageOf, claimantOf, hostClaims, hostProblem, ingressOf } from "./host-claims.ts";
import type { IngressCounts, IngressEvents } from "./ingress-events.ts";
import { OpenHosts } from "./open-hosts.ts";
import { RetryLater } from "./retry-later.ts";
import { servicesOf } from "./places.ts";
import { isShut, type ShutPlace } from "./shut.ts";
import { classNameOf, type IngressSelection } from "./select.ts";
import { translateIngress, type IngressTranslation } from "./translate.ts";

export interface IngressControllerOptions {
  readonly ingresses: Objects<Ingress>;
  readonly feed: ClusterFeed;
  readonly published: Published;
  readonly selection: IngressSelection;
  /** How Services that speak TLS are verified. */
  readonly tls: TlsSettings;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly events: IngressEvents;
  /** Whose hosts are. */
  readonly hosts: HostOwners;
  /** What others found out about Ingresses. */
  readonly lost: Pick<ToldElsewhere, "of" | "onChange">;
}

/** Name of the source in `Published`. */
export const INGRESS_SOURCE = "kube:ingress";
/** In the index of classes: those that name none. */
const NO_CLASS = "";

/** What became of an Ingress, for its status and Events. */
export interface IngressOutcome extends Pick<IngressTranslation, "owner" | "problems"> {
  readonly ingress: Ingress;
  /** Keys of its routes that are in the table. */
  readonly routes: readonly string[];
}

/**
 * Publishes Ingresses. Every change of an Ingress, or of what one leads to, is translated anew and
 * published by the end of the turn in which it was heard. Invariants:
 *
 * I1. Nothing is published before every cache has had its first list: a snapshot of a part would take
 *     the rest away (G-134). Then all of it is one change, also when there is none.
 * I2. What is published is the translation of the caches as they are, conflicts decided by age: in
 *     whichever order changes came, and the same in every agent.
 * I3. A change costs what it touches: indexes lead from a Service, a class or a place to Ingresses.
 * I4. At a host of another namespace nothing is published, nor at a wildcard where the namespace may have none.
 * I5. What is not published is not reached through the controller that it has in common with another
 *     Ingress of its host: it is shut there.
 * I6. What fails is tried again, Ingress by Ingress; the others are published meanwhile (G-136).
 */
export class IngressController implements Disposable {
  /** Everything that there was at the start is published; rejects when a cache will never be there. */
  readonly ready: Promise<void>;
  readonly #options: IngressControllerOptions;
  readonly #translations = new Map<string, IngressTranslation>();
  readonly #claims = new Claims();
  readonly #byService = new ReverseIndex();
  /** Those that are dialled at the pods of Services that do not ask for that. */
  readonly #byPods = new ReverseIndex();
  readonly #byClass = new ReverseIndex();
  readonly #hosts = new OpenHosts();
  readonly #retries: RetryLater;
  readonly #told = new ToldProblems();
  readonly #listeners = new Set<(keys: ReadonlySet<string>) => void>();
  readonly #stops: (() => void)[] = [];
  /** Keys of routes that another source has, and whose they would be. */
  readonly #taken = new Map<string, string>();
  #names: readonly string[] = [];
  readonly #dirty = new KeysInTurn();
  /** Written by somebody, and nothing that is read of them is different. */
  #echoes = new Set<string>();
  #dirtySince = 0;
  #isScheduled = false;
  #isReady = false;
  #isClosed = false;

  constructor(options: IngressControllerOptions) {
    this.#options = options;
    const { ingresses, feed, published, clock, random } = options;
    this.#retries = new RetryLater({ clock, random, retry: (key) => this.#mark([key]) });
    this.#stops.push(
      ingresses.onChange(({ key, before, after }) => {
        if (isNews(before, after)) this.#mark([key]);
        else this.#echo(key);
      }),
      options.hosts.onChange(({ objects }) => this.#mark(ingressesOf(objects))),
      feed.onChange((change) => this.#mark(this.#touchedBy(change))),
      options.lost.onChange((key) => this.#mark([key])),
      published.onChange(({ deleted }) => {
        if (this.#taken.size > 0) this.#offerAgain(deleted.map(routeKey));
      }),
    );
    const began = clock.now();
    this.ready = Promise.all([ingresses.synced, feed.synced]).then(() => this.#begin(began));
    this.ready.catch(() => {}); // whoever waits for it hears it
  }

  /** Gateways gave the cluster these names: they are the hosts of rules that have none. */
  setNames(names: readonly string[]): void {
    if (names.join() === this.#names.join()) return;
    this.#names = [...names];
    this.#mark(this.#translations.keys());
  }

  /** Undefined for what is not there, or not to be published. */
  outcome(key: string): IngressOutcome | undefined {
    const ingress = this.#options.ingresses.get(key);
    const translation = this.#translations.get(key);
    if (ingress === undefined || translation?.isSelected !== true) return undefined;
    const problems = [...translation.problems, ...this.#options.lost.of(key)];
    const routes: string[] = [];
    // Its places are shut, which is no publication of it.
    if (translation.closed.length > 0)
      return { ingress, owner: translation.owner, problems: someOf(problems), routes };
    for (const { claim, winner } of this.#claims.of(key)) {
      if (claim !== winner) {
        if (!translation.isThrough || !isToldApart(claim, winner))
          problems.push(conflict(claim, winner));
      } else if (this.#taken.has(claim.key)) problems.push(takenHere(claim.place));
      else routes.push(claim.key);
    }
    return { ingress, owner: translation.owner, problems: someOf(problems), routes };
  }

  /** An Ingress's places that are shut. */
  shutPlaces(key: string): ShutPlace[] {
    const routes = this.#claims.wonBy(key).map(({ publication }) => publication.route);
    const byHost = Map.groupBy(routes.filter(isShut), ({ host }) => host);
    return [...byHost].flatMap(([host, shut]) => {
      const open = this.#openAt(host);
      return shut.map((route) => ({ key: routeKey(route), place: `${host}${route.path}`, open }));
    });
  }

  /** Ingresses that what is open at `host`, a pattern too, would let people into. */
  shutUnder(host: string): Iterable<string> {
    return this.#hosts.shutUnder(host);
  }

  keys(): IterableIterator<string> {
    return this.#translations.keys();
  }

  /** What there is now, for gauges. */
  counts(): IngressCounts {
    let selected = 0;
    for (const { isSelected } of this.#translations.values()) if (isSelected) selected++;
    const { shut } = this.#claims;
    const routes = this.#claims.size - shut - this.#taken.size;
    return { selected, routes, shut, troubled: this.#told.size };
  }

  /** Hears which outcomes may be different, after it was published. The returned function stops that. */
  onOutcomes(heard: (keys: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  /** Hears nothing more. What is published stays: other agents of the cluster carry it on. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#retries.close();
  }

  #touchedBy(change: ClusterChange): Iterable<string> {
    switch (change.kind) {
      case "endpoints":
        // What is dialled at a cluster address does not hear of pods that come and go.
        return (this.#isDialledAtPods(change.key) ? this.#byService : this.#byPods).of(change.key);
      case "service":
        return this.#byService.of(change.key);
      case "class":
        // Those that name none may have a default now, or another one.
        return [...this.#byClass.of(change.key), ...this.#byClass.of(NO_CLASS)];
      case "secret":
        return [];
      case "controllers":
      case "reach":
        return [...this.#translations.keys()].filter((key) => !this.#isOurs(key));
    }
  }

  #isOurs(key: string): boolean {
    return this.#translations.get(key)?.owner.isOurs === true;
  }

  #isDialledAtPods(key: string): boolean {
    const [namespace = "", name = ""] = key.split("/");
    const service = this.#options.feed.service(namespace, name);
    return service !== undefined && isDialledAtPods(service);
  }

  #mark(keys: Iterable<string>): void {
    if (this.#dirty.size === 0) this.#dirtySince = this.#options.clock.now();
    for (const key of keys) this.#dirty.add(key);
    if (this.#dirty.size > 0) this.#schedule();
  }

  #echo(key: string): void {
    this.#echoes.add(key);
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#isReady || this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#work());
  }

  #begin(began: number): Promise<void> {
    const { ingresses, clock, events } = this.#options;
    for (const one of ingresses.values()) this.#dirty.add(keyOf(one));
    const count = this.#dirty.size;
    return new Promise((resolve) => {
      const step = (): void => {
        if (this.#isClosed) return;
        const touched = this.#translate();
        if (this.#dirty.size > 0) return endOfTurn(step);
        this.#isReady = true;
        this.#echoes.clear();
        // All translated slices at once (I1).
        this.#publish(new Set([...touched, ...this.#translations.keys()]));
        events.synced(count, this.counts().routes, clock.now() - began);
        resolve();
      };
      step();
    });
  }

  #work(): void {
    if (this.#isClosed) return;
    const { clock, events } = this.#options;
    const since = this.#dirtySince;
    const touched = this.#translate();
    // Only now: what the translation itself marked is no reason to go on in this turn.
    this.#isScheduled = this.#dirty.size > 0;
    if (this.#isScheduled) endOfTurn(() => this.#work());
    const echoes = this.#echoes;
    this.#echoes = new Set();
    this.#publish(touched.union(echoes));
    if (touched.size > 0) events.translated(touched.size, clock.now() - since);
  }

  /** Takes a slice of the keys, and makes their claims what they should be. */
  #translate(): Set<string> {
    const touched = new Set<string>();
    const slice = new Slice(this.#options.clock);
    while (!slice.isOver) {
      const key = this.#dirty.take();
      if (key === undefined) break;
      touched.add(key);
      try {
        this.#translateOne(key);
        this.#retries.forget(key);
      } catch (error) {
        this.#options.events.failed(key, error, this.#retries.later(key));
      }
      slice.took(this.#translations.get(key)?.publications.length ?? 0);
    }
    return touched;
  }

  #translateOne(key: string): void {
    const { ingresses, feed: view, selection, tls, connectTimeoutMs, hosts } = this.#options;
    const ingress = ingresses.get(key);
    if (ingress === undefined) return this.#forget(key);
    hosts.set(claimantOf(key), ageOf(ingress), hostClaims(ingress, this.#names));
    const context = { view, selection, names: this.#names, tls, connectTimeoutMs };
    const translation = this.#atOwnHosts(key, translateIngress(ingress, context));
    this.#translations.set(key, translation);
    this.#claims.set(key, [...translation.publications, ...this.#shutPlaces(key, translation)]);
    const { namespace = "" } = ingress.metadata;
    const services = [...servicesOf(ingress)].map((name) => `${namespace}/${name}`);
    this.#byService.set(key, services);
    this.#byPods.set(key, translation.isAtPods ? services : []);
    this.#byClass.set(key, [classNameOf(ingress) ?? NO_CLASS]);
  }

  /** I5. Who opens a host, or was the last to, has the shut ones of it looked at. */
  #shutPlaces(key: string, { publications, closed, isThrough }: IngressTranslation): Publication[] {
    const opened = new Set(isThrough ? publications.map(({ route: { host } }) => host) : []);
    const hosts = new Set(closed.map(({ route: { host } }) => host));
    this.#mark(this.#hosts.set(key, opened, hosts));
    const open = new Set([...hosts].filter((host) => this.#hosts.isOpen(host)));
    return closed.filter(({ route: { host } }) => open.has(host));
  }

  #openAt(host: string): string[] {
    return patternsOver(host).flatMap((pattern) =>
      [...this.#hosts.openedBy(pattern)]
        .flatMap((owner) => this.#claims.wonBy(owner))
        .filter(({ publication: { route } }) => route.host === pattern && !isShut(route))
        .map(({ key }) => key),
    );
  }

  /** I4. */
  #atOwnHosts(key: string, made: IngressTranslation): IngressTranslation {
    const taken = new Map<string, Problem>();
    const isOwn = ({ route: { host } }: Publication): boolean => {
      const problem = hostProblem(this.#options.hosts, key, host);
      if (problem !== undefined) taken.set(host, problem);
      return problem === undefined;
    };
    const publications = made.publications.filter(isOwn);
    const closed = made.closed.filter(isOwn);
    if (taken.size === 0) return made;
    return { ...made, publications, closed, problems: [...made.problems, ...taken.values()] };
  }

  #forget(key: string): void {
    this.#options.hosts.set(claimantOf(key), 0, new Map());
    this.#translations.delete(key);
    this.#claims.set(key, []);
    this.#mark(this.#hosts.set(key, [], []));
    this.#byService.delete(key);
    this.#byPods.delete(key);
    this.#byClass.delete(key);
  }

  #publish(touched: ReadonlySet<string>): void {
    const { published } = this.#options;
    const { put, remove, moved } = this.#claims.take();
    for (const key of remove) this.#taken.delete(key);
    const taken = new Set(published.change(INGRESS_SOURCE, put, remove));
    for (const { route } of put) {
      const key = routeKey(route);
      if (taken.has(key)) this.#taken.set(key, `${route.namespace}/${route.ingress_name}`);
      else this.#taken.delete(key);
    }
    const all = new Set([...touched, ...moved]);
    for (const key of all) this.#tell(key);
    for (const heard of this.#listeners) heard(all);
  }

  #tell(key: string): void {
    const problems = this.outcome(key)?.problems ?? [];
    for (const problem of this.#told.news(key, problems))
      this.#options.events.problem(key, problem);
  }

  /** Another source let these keys go. */
  #offerAgain(keys: readonly string[]): void {
    const owners = keys.flatMap((key) => {
      const owner = this.#taken.get(key);
      if (owner !== undefined) this.#claims.refuse(key, owner);
      return owner === undefined ? [] : [owner];
    });
    this.#mark(owners);
  }
}

function keyOf({ metadata: { namespace = "", name } }: Ingress): string {
  return `${namespace}/${name}`;
}

function ingressesOf(claimants: Iterable<string>): string[] {
  return [...claimants].flatMap((one) => ingressOf(one) ?? []);
}

/** Two that the same controller serves are told apart by it: nobody has lost anything. */
function isToldApart(claim: Claim, winner: Claim): boolean {
  return claim.publication.targets[0]?.key === winner.publication.targets[0]?.key;
}

function conflict({ place }: Claim, { owner }: Claim): Problem {
  const message = `${place} is published for Ingress ${owner}, which is older`;
  return { reason: "Conflict", message };
}

function takenHere(place: string): Problem {
  const message = `${place} is published by ${CONFIGURATION}`;
  return { reason: "Conflict", message };
}
