import type { Clock, Random } from "@warren/tunnel";
import {
  CODES,
  routeKey,
  type ControlInput,
  type ErrorCode,
  type IngressRoutesAck,
  type Route,
} from "@warren/wire";
import type { Published, PublishedChange } from "../published.ts";
import { ACCEPTED, type Verdict } from "../verdicts.ts";
import { routesMessages, type RoutesAction } from "./route-messages.ts";

/** What happens to announcements, for the log. */
export interface AnnouncerEvents {
  /** `isNamed`: to be told by name; of very many at once only the first are. */
  rejected(rejection: Rejection, isNamed: boolean): void;
  published(routes: number): void;
  /** A gateway said nothing for a while: it is told everything again. */
  unanswered(revision: number): void;
  /** A gateway that does not hear whoever speaks for the cluster is told what that one has said. */
  standsIn(routes: number, revision: number): void;
  /** tcp routes: the public port that each got. */
  port(routeKey: string, port: number): void;
}

export interface AnnouncerOptions {
  published: Published;
  clock: Clock;
  random: Random;
  /** Sends if the tunnel is up. */
  send: (message: ControlInput) => boolean;
  events: AnnouncerEvents;
}

/** An announcement that is not answered is repeated as a whole. */
const ANSWER_MS = 10_000;
/** Snapshots are sent anew while nothing changes: whatever went wrong mends itself. */
const REFRESH_MS = 240_000;
/** With so much unanswered nothing more is said of changes: a snapshot follows, and says it all. */
const MOST_UNANSWERED = 256;
const RETRY_FIRST_MS = 2_000;
const RETRY_CAP_MS = 60_000;
/** Refusals that one answer names, and so routes that are asked about at once. */
const MOST_ASKED = 500;
/** Refused routes that are told by name after a snapshot. */
const MOST_NAMED = 50;
/** Offers of very many refused routes are gathered for so long. */
const GATHER_MS = 5_000;
/** For refusals that only a person can lift, such as a host that another cluster holds. */
const REFUSED_CAP_MS = 300_000;

/** What was said and waits for its answer. */
interface Said {
  action: RoutesAction;
  revision: number;
  routes: readonly Route[];
}

/** A route that the gateway refused, and when it is offered again. */
interface Refused {
  attempts: number;
  dueAt: number;
}

export type Rejection = IngressRoutesAck["rejected"][number];

/**
 * Tells one gateway what this agent publishes: a snapshot after each registration and every four
 * minutes, changes as they come, and what was refused again, key by key and ever more slowly, until
 * it is taken, changed or withdrawn (G-136). Invariants:
 *
 * A1. What was said and not answered is said again as a snapshot, which can repeat nothing wrong:
 *     control messages are lost with a transport.
 * A2. A key is offered again only when it is due; a change of that key ends it.
 * A3. Nothing is published after a withdrawal, which is the last word.
 * A4. What is remembered of a gateway that is away or answers nothing does not grow with what changes.
 * A5. While another agent speaks for the cluster nothing is said at all, from the very turn in which
 *     this one hears of it; who begins to speak begins with a snapshot. (`standIn` repeats what that
 *     one has said; its answers count for nothing.)
 * A6. Of very many refusals a gateway names the first. Routes that were neither named nor, by their number,
 *     taken are asked about again in pieces that an answer can name, one piece at a time.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #stopHearing: () => void;
  readonly #stopFollowing: () => void;
  /** By request id. */
  readonly #waiting = new Map<string, Said>();
  readonly #refused = new Map<string, Refused>();
  /** Keys that are to be said again, in pieces (A6), and the piece that waits for its answer. */
  readonly #toAsk = new Set<string>();
  #asking: string | undefined;
  #named = 0;
  #nextId = 0;
  #silences = 0;
  #up = false;
  /** Something changed that was not said: the next word is a snapshot (A4). */
  #owes = false;
  /** Set by `withdraw`: from then on nothing is said any more. */
  #withdrawn: { requestId: string; answered: () => void } | undefined;
  #cancelAnswer: (() => void) | undefined;
  #cancelRefresh: (() => void) | undefined;
  #cancelOffer: (() => void) | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    const { published } = options;
    this.#stopHearing = published.onChange((change) => this.#onChange(change));
    this.#stopFollowing = published.voice.onChange((speaks) => this.#onVoice(speaks));
  }

  /** The tunnel is up. A resumed one has what it had, unless something was not answered. */
  up(resumed: boolean): void {
    if (this.#withdrawn !== undefined) return;
    this.#up = true;
    if (!this.#speaks) return;
    if (!resumed || this.#owes || this.#waiting.size > 0) this.#sync();
    else this.#refreshLater();
  }

  /** The tunnel is down: what waits for answers waits in vain, and is said again later. */
  down(): void {
    this.#up = false;
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    this.#cancelRefresh?.();
    this.#askNoMore();
    this.#withdrawn?.answered();
  }

  /** An `ingress_routes_ack`; one that answers nothing we wait for is ignored. */
  acknowledged(requestId: string | undefined, ack: IngressRoutesAck): void {
    if (this.#withdrawn !== undefined) return this.#heardOfWithdrawal(requestId);
    const said = this.#answered(requestId);
    if (said === undefined) return;
    const { published, events } = this.#options;
    for (const [key, port] of Object.entries(ack.ports ?? {})) events.port(key, port);
    const stale = ack.rejected.some(({ code }) => code === "stale_revision");
    if (stale || (ack.revision ?? 0) > published.voice.revision) return this.#outrun(ack.revision);
    if (said.action === "sync") events.published(ack.accepted);
    const refused = ack.rejected.length === 0 ? undefined : byPlace(ack.rejected);
    const allNamed = ack.accepted + ack.rejected.length >= said.routes.length;
    const unnamed: Route[] = [];
    for (const route of said.routes) {
      const rejection = refused?.get(`${route.host} ${route.path}`);
      if (rejection !== undefined) this.#refuse(route, rejection);
      else if (allNamed) this.#accept(said.action, route);
      else unnamed.push(route);
    }
    if (said.action !== "delete" && refused !== undefined) this.#wonder(unnamed, ack.accepted);
    if (refused !== undefined) this.#offerLater();
    this.#askNext();
  }

  /** An `error` in answer to one of our messages; returns whether it was one. */
  failed(requestId: string | undefined, code: ErrorCode): boolean {
    if (this.#withdrawn !== undefined) {
      this.#heardOfWithdrawal(requestId);
      return false;
    }
    if (this.#answered(requestId) === undefined) return false;
    if (code === "stale_revision") this.#outrun(undefined);
    else this.#syncLater();
    return true;
  }

  /**
   * Takes back what was published; resolves when the gateway has answered, or cannot be reached. The
   * gateway keeps the routes while it knows another agent of this cluster that may serve them. Who
   * does not speak for the cluster takes nothing back.
   */
  withdraw(): Promise<void> {
    const speaks = this.#speaks;
    this.close();
    if (!speaks) return Promise.resolve();
    const requestId = `routes-${++this.#nextId}`;
    return new Promise((answered) => {
      this.#withdrawn = { requestId, answered };
      const [message] = routesMessages("sync", [], this.#options.published.voice.next());
      if (!this.#options.send({ ...message!, request_id: requestId })) answered();
    });
  }

  /** Says everything under another agent's revision (see `StandIn`). */
  standIn(revision: number): void {
    if (!this.#up || this.#speaks || this.#withdrawn !== undefined) return;
    const routes = this.#options.published.inTurns();
    this.#options.events.standsIn(routes.length, revision);
    for (const message of routesMessages("sync", routes, revision))
      this.#options.send({ ...message, request_id: `stand-in-${++this.#nextId}` });
  }

  close(): void {
    this.down();
    this.#forgetAll();
    this.#stopHearing();
    this.#stopFollowing();
    this.#options.published.verdicts.leave(this);
  }

  get #speaks(): boolean {
    return this.#options.published.voice.speaks;
  }

  #onVoice(speaks: boolean): void {
    this.#forgetAll();
    this.#owes = true;
    if (speaks && this.#up && this.#withdrawn === undefined) this.#sync();
  }

  /** What was said waits for no answer any more, and what was refused is not offered again. */
  #forgetAll(): void {
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    this.#cancelRefresh?.();
    this.#waiting.clear();
    this.#cancelOffer?.();
    this.#refused.clear();
    this.#askNoMore();
  }

  #heardOfWithdrawal(requestId: string | undefined): void {
    if (requestId === this.#withdrawn?.requestId) this.#withdrawn?.answered();
  }

  #onChange({ revision, added, updated, deleted }: PublishedChange): void {
    if (!this.#speaks) return;
    for (const route of [...added, ...updated, ...deleted]) this.#unrefuse(routeKey(route));
    this.#owes ||= !this.#up || this.#waiting.size >= MOST_UNANSWERED;
    if (this.#owes) return;
    // First what goes: what comes may take its place.
    for (const [action, routes] of [
      ["delete", deleted],
      ["add", added],
      ["update", updated],
    ] as const) {
      if (routes.length > 0) this.#say(action, routes, revision);
    }
  }

  #sync(): void {
    this.#waiting.clear();
    this.#askNoMore();
    this.#named = 0;
    this.#owes = false;
    const { published } = this.#options;
    this.#say("sync", published.inTurns(), published.voice.revision);
    this.#refreshLater();
  }

  #say(action: RoutesAction, routes: readonly Route[], revision: number): void {
    const messages = routesMessages(action, routes, revision);
    for (const [index, message] of messages.entries()) {
      const request_id = `routes-${++this.#nextId}`;
      // The parts of a snapshot are answered together, with the last.
      const last = index === messages.length - 1;
      const about = action === "sync" ? routes : (message.payload.routes as Route[]);
      if (action !== "sync" || last)
        this.#waiting.set(request_id, { action, revision, routes: about });
      this.#options.send({ ...message, request_id });
    }
    if (this.#up) this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    this.#cancelAnswer ??= this.#options.clock.after(ANSWER_MS, () => {
      this.#options.events.unanswered(this.#options.published.voice.revision);
      this.#syncLater();
    });
  }

  #answered(requestId: string | undefined): Said | undefined {
    const said = this.#waiting.get(requestId ?? "");
    if (said === undefined) return undefined;
    this.#waiting.delete(requestId!);
    if (requestId === this.#asking) this.#asking = undefined;
    this.#silences = 0;
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    if (this.#waiting.size > 0) this.#awaitAnswer();
    else if (this.#owes) this.#sync();
    return said;
  }

  /** A gateway that is busy with a large snapshot is not helped by another one at once. */
  #syncLater(): void {
    this.#cancelAnswer?.();
    this.#cancelAnswer = this.#options.clock.after(
      this.#pause(++this.#silences, RETRY_CAP_MS),
      () => {
        this.#cancelAnswer = undefined;
        this.#sync();
      },
    );
  }

  #refreshLater(): void {
    this.#cancelRefresh?.();
    this.#cancelRefresh = this.#options.clock.after(REFRESH_MS, () => this.#sync());
  }

  /** Another agent of this cluster spoke later; ours counts only if it is newer still. */
  #outrun(revision: number | undefined): void {
    const { voice } = this.#options.published;
    if (voice.surpass(Math.max(revision ?? 0, voice.revision))) this.#sync();
  }

  #accept(action: RoutesAction, route: Route): void {
    this.#unrefuse(routeKey(route));
    if (action !== "delete") this.#judge(route, ACCEPTED);
  }

  #refuse(route: Route, rejection: Rejection): void {
    const { clock, events } = this.#options;
    const { code, message } = rejection;
    const key = routeKey(route);
    const attempts = (this.#refused.get(key)?.attempts ?? 0) + 1;
    events.rejected(rejection, attempts === 1 && this.#named++ < MOST_NAMED);
    const pause = this.#pause(attempts, CODES[code].retry ? RETRY_CAP_MS : REFUSED_CAP_MS);
    this.#refused.set(key, { attempts, dueAt: clock.now() + pause });
    this.#judge(route, { refused: code, message: message ?? code });
  }

  /** Routes of which an answer named no refusal, and of which `accepted` were taken (A6). */
  #wonder(unnamed: readonly Route[], accepted: number): void {
    const { verdicts } = this.#options.published;
    const unknown = unnamed.filter((route) => !this.#refused.has(routeKey(route)));
    const taken = unknown.filter((route) => verdicts.accepts(this, routeKey(route))).length;
    if (unknown.length === taken && taken === accepted) return;
    for (const route of unknown) this.#toAsk.add(routeKey(route));
  }

  #askNext(): void {
    if (this.#toAsk.size === 0 || this.#asking !== undefined || !this.#up || !this.#speaks) return;
    const { published } = this.#options;
    const routes: Route[] = [];
    for (const key of this.#toAsk) {
      if (routes.length >= MOST_ASKED) break;
      this.#toAsk.delete(key);
      const entry = published.get(key);
      if (entry === undefined) this.#refused.delete(key);
      else routes.push(entry.route);
    }
    if (routes.length === 0) return this.#askNext();
    this.#say("update", routes, published.voice.next());
    this.#asking = `routes-${this.#nextId}`;
  }

  #askNoMore(): void {
    this.#toAsk.clear();
    this.#asking = undefined;
    const dueAt = this.#options.clock.now() + RETRY_FIRST_MS;
    for (const refused of this.#refused.values())
      if (refused.dueAt === Infinity) refused.dueAt = dueAt;
  }

  /** A route that was changed or withdrawn since has its answer still to come. */
  #judge(route: Route, verdict: Verdict): void {
    const { published } = this.#options;
    const key = routeKey(route);
    if (published.get(key)?.route === route) published.verdicts.say(this, key, verdict);
  }

  /** Refused routes are said again when they are due; by the next snapshot, when the tunnel is down. */
  #offerLater(): void {
    this.#cancelOffer?.();
    const { clock } = this.#options;
    let first = Infinity;
    for (const { dueAt } of this.#refused.values()) first = Math.min(first, dueAt);
    if (first === Infinity) return;
    const gatherMs = Math.min(GATHER_MS, this.#refused.size - 1);
    this.#cancelOffer = clock.after(Math.max(first - clock.now(), gatherMs), () => {
      for (const [key, refused] of this.#refused) {
        if (refused.dueAt > clock.now()) continue;
        // Until it is answered, which says when it is due again.
        refused.dueAt = Infinity;
        this.#toAsk.add(key);
      }
      this.#askNext();
      this.#offerLater();
    });
  }

  #unrefuse(key: string): void {
    this.#refused.delete(key);
    this.#toAsk.delete(key);
  }

  /** Half of the bound is waited in any case: what was refused seldom changes at once. */
  #pause(attempts: number, capMs: number): number {
    const bound = Math.min(capMs, RETRY_FIRST_MS * 2 ** Math.min(attempts - 1, 20));
    return bound / 2 + (this.#options.random() * bound) / 2;
  }
}

/** A gateway names what it refuses by host and path. */
function byPlace(rejected: readonly Rejection[]): Map<string, Rejection> {
  return new Map(rejected.map((one) => [`${one.host} ${one.path}`, one]));
}
