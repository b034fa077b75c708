import type { Clock, Random } from "@warren/tunnel";
import {
  FEATURES,
  routeKey,
  type ControlInput,
  type ErrorCode,
  type IngressRoutesAck,
  type Route,
} from "@warren/wire";
import type { Verdict } from "../verdicts.ts";
import type { Published, PublishedChange } from "../published.ts";
import { Refresh } from "./refresh.ts";
import { RefusedRoutes, RETRY_CAP_MS, retryPause, type Rejection } from "./refused-routes.ts";
import { routesMessages, type RoutesAction } from "./route-messages.ts";
import { understandsRules, withoutRules } from "./understood.ts";

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
/** With so much unanswered nothing more is said of changes: a snapshot follows, and says it all. */
const MOST_UNANSWERED = 256;

const TOO_OLD: Verdict = {
  refused: "not_implemented",
  message:
    "a gateway of an earlier release would leave out a rule of this host: upgrade the gateways",
};

/** What was said and waits for its answer. */
interface Said {
  action: RoutesAction;
  revision: number;
  routes: readonly Route[];
}

/**
 * Tells one gateway what this agent publishes: a snapshot after each registration, soon after each
 * resume and every four minutes, and changes as they come; what was refused is said again by
 * `RefusedRoutes`. Invariants:
 *
 * A1. What was said and not answered is said again as a snapshot, which can repeat nothing wrong:
 *     control messages are lost with a transport.
 * A2. Nothing is published after a withdrawal, which is the last word.
 * A3. What is remembered of a gateway that is away or answers nothing does not grow with what changes.
 * A4. While another agent speaks for the cluster nothing is said at all, from the very turn in which
 *     this one hears of it; who begins to speak begins with a snapshot. (`standIn` repeats what that
 *     one has said; its answers count for nothing.)
 * A5. A gateway that would leave out a rule is not told its host, and is told snapshots alone: what a
 *     change keeps back may have been said before.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #stopHearing: () => void;
  readonly #stopFollowing: () => void;
  /** By request id. */
  readonly #waiting = new Map<string, Said>();
  readonly #refused: RefusedRoutes;
  readonly #refresh: Refresh;
  #nextId = 0;
  #silences = 0;
  #up = false;
  #isOld = false;
  /** Something changed that was not said: the next word is a snapshot (A3). */
  #owes = false;
  /** Set by `withdraw`: from then on nothing is said any more. */
  #withdrawn: { requestId: string; answered: () => void } | undefined;
  #cancelAnswer: (() => void) | undefined;
  /** The revision that was said here last. */
  #said = 0;
  /** What the gateway had of that when its tunnel was resumed; undefined once it has said what it has. */
  #wanted: number | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    const { clock, events, published, random } = options;
    this.#refresh = new Refresh({ clock, random, say: () => this.#sync() });
    this.#refused = new RefusedRoutes({
      published,
      clock,
      random,
      gateway: this,
      mayAsk: () => this.#up && this.#speaks,
      isToldAll: () => this.#isOld,
      sayAll: () => this.#sync(),
      ask: (routes) => this.#say("update", routes, published.voice.next()),
      rejected: (rejection, isNamed) => events.rejected(rejection, isNamed),
    });
    this.#stopHearing = published.onChange((change) => this.#onChange(change));
    this.#stopFollowing = published.voice.onChange((speaks) => this.#onVoice(speaks));
  }

  /** The tunnel is up. A resumed one should have what it had, unless something was not answered. */
  up(resumed: boolean, features: readonly string[] = FEATURES): void {
    if (this.#withdrawn !== undefined) return;
    this.#isOld = !understandsRules(features);
    this.#up = true;
    if (!this.#speaks) return;
    if (!resumed || this.#owes || this.#waiting.size > 0) return this.#sync();
    this.#wanted = this.#said;
    this.#refresh.resumed();
  }

  /**
   * What a gateway says to a heartbeat: its revision of the cluster's routes, null for none. The first
   * after a resume tells whether it lost what it had. A later one than ours is another agent's, or came by
   * another gateway.
   */
  heard(revision: number | null | undefined): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined || revision === undefined) return;
    if ((revision ?? -1) < wanted) this.#sync();
  }

  /** The tunnel is down: what waits for answers waits in vain, and is said again later. */
  down(): void {
    this.#up = false;
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    this.#wanted = undefined;
    this.#refresh.pause();
    this.#refused.pause();
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
    this.#refused.judge({ isDelete: said.action === "delete", routes: said.routes }, ack);
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
    const routes = this.#routes().said;
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
    this.#wanted = undefined;
    this.#refresh.pause();
    this.#waiting.clear();
    this.#refused.clear();
  }

  #heardOfWithdrawal(requestId: string | undefined): void {
    if (requestId === this.#withdrawn?.requestId) this.#withdrawn?.answered();
  }

  #onChange({ revision, added, updated, deleted }: PublishedChange): void {
    if (!this.#speaks) return;
    for (const route of [...added, ...updated, ...deleted]) this.#refused.forget(routeKey(route));
    this.#owes ||= !this.#up || this.#isOld || this.#waiting.size >= MOST_UNANSWERED;
    if (this.#isOld && this.#up && this.#waiting.size === 0) return this.#sync(); // A5
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
    this.#refused.beginSnapshot();
    this.#owes = false;
    const { published } = this.#options;
    const { said, withheld } = this.#routes();
    this.#say("sync", said, published.voice.revision);
    for (const route of withheld) this.#refused.say(route, TOO_OLD);
    this.#refresh.said();
  }

  #routes(): { said: readonly Route[]; withheld: readonly Route[] } {
    const routes = this.#options.published.inTurns();
    return this.#isOld ? withoutRules(routes) : { said: routes, withheld: [] };
  }

  /** Returns the id of the request that is answered last. */
  #say(action: RoutesAction, routes: readonly Route[], revision: number): string {
    const messages = routesMessages(action, routes, revision);
    this.#said = revision;
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
    return `routes-${this.#nextId}`;
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
    this.#refused.answered(requestId!);
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
      retryPause(this.#options.random, ++this.#silences, RETRY_CAP_MS),
      () => {
        this.#cancelAnswer = undefined;
        this.#sync();
      },
    );
  }

  /** Another agent of this cluster spoke later; ours counts only if it is newer still. */
  #outrun(revision: number | undefined): void {
    const { voice } = this.#options.published;
    if (voice.surpass(Math.max(revision ?? 0, voice.revision))) this.#sync();
  }
}
