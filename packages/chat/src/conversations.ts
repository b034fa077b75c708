import { randomId } from "@warren/host";
import { ChatError } from "@warren/wire";
import { AnswerRelay } from "./instances/answer-relay.ts";
import { Membership } from "./instances/membership.ts";
import { Settling } from "./instances/settling.ts";
import { askIfOpen } from "./instances/unanswered.ts";
import type { FanOut, Hint } from "./live/fan-out.ts";
import { Hub } from "./live/hub.ts";
import type { Entry, SessionKey } from "./log/entry.ts";
import { wallMsOf } from "./log/hybrid-time.ts";
import { Journal } from "./log/journal.ts";
import { latestMessages } from "./log/latest-messages.ts";
import { Presences } from "./presence/presences.ts";
import type { Said } from "./log/said.ts";
import type { Leaving } from "./privacy/ports.ts";
import { ClusterRuns } from "./runs/cluster-runs.ts";
import { Elsewhere } from "./runs/elsewhere.ts";
import { patiently } from "./runs/patience.ts";
import { runRequest } from "./runs/run-request.ts";
import { RunLeases } from "./runs/run-leases.ts";
import { RunNotes } from "./runs/run-note.ts";
import type { Asked } from "./runs/run.ts";
import { Runs } from "./runs/runs.ts";
import { askedAgain } from "./sessions/again.ts";
import { Changes } from "./sessions/changes.ts";
import { spokenOf } from "./sessions/conversation.ts";
import { Folding } from "./sessions/folding.ts";
import type { ConversationsOptions } from "./conversations-options.ts";
import { HelpQueue } from "./sessions/help-queue.ts";
import { MessageIndex } from "./sessions/message-index.ts";
import { TakeoverLeases } from "./sessions/takeover-leases.ts";
import { NamedSessions } from "./sessions/named-sessions.ts";
import { Takeovers } from "./sessions/takeovers.ts";
import { unlessErased } from "./sessions/unless-erased.ts";
import { Talk } from "./sessions/talk.ts";

/** The parts that make conversations out of a store and models, wired to one another. */
export class Conversations implements AsyncDisposable {
  readonly hub: Hub;
  readonly journal: Journal;
  readonly folding: Folding;
  readonly runs: Runs;
  readonly clusterRuns: ClusterRuns;
  readonly talk: Talk;
  readonly changes: Changes;
  readonly named: NamedSessions;
  readonly takeovers: Takeovers;
  readonly leases: TakeoverLeases;
  readonly queue: HelpQueue;
  readonly presences: Presences;
  /** Takes what functions answer later. */
  readonly answers: AnswerRelay;
  readonly #options: ConversationsOptions;
  readonly #fanOut: FanOut;
  readonly #settling = new Settling();
  readonly #membership: Membership;
  readonly #elsewhere: Elsewhere;
  readonly #closing = new AbortController();

  constructor(options: ConversationsOptions) {
    this.#options = options;
    const { store, seals, links, events, failed } = options;
    const { log, sessions, leases, isShared } = store;
    this.presences = this.#whoIsThere();
    this.#fanOut = options.ties.fanOut((key, hint) => this.#heard(key, hint));
    this.hub = this.#hub();
    this.folding = new Folding({ log, sessions, failed });
    this.journal = new Journal({
      log,
      texts: seals.texts,
      linked: (said) => links.linked(said),
      stored: (said) => this.#stored(said),
    });
    const notes = new RunNotes(seals.texts);
    const holder = () => this.#membership.entered();
    const runLeases = new RunLeases({ leases, notes, holder });
    this.runs = this.#runs(runLeases, notes);
    this.#elsewhere = this.#watched(runLeases);
    this.clusterRuns = new ClusterRuns({
      here: this.runs,
      elsewhere: this.#elsewhere,
      leases: runLeases,
      tellStop: (key, runId) => this.#fanOut.tell(key, { kind: "stop", runId }),
      isShared,
    });
    this.answers = this.#answers();
    this.talk = this.#talk();
    const isErased = (key: SessionKey) => seals.keys.isDestroyed(key);
    this.changes = new Changes({
      journal: this.journal,
      index: new MessageIndex(log),
      isErased,
    });
    const { journal, folding } = this;
    const { wallClock } = options.deps;
    this.named = new NamedSessions({ log, journal, sessions, folding, wallClock });
    this.takeovers = new Takeovers({
      journal: this.journal,
      folding: this.folding,
      taken: () => events.sessionTaken(),
      renewed: (key) => this.leases.renew(key),
    });
    this.leases = this.#takeoverLeases();
    this.queue = this.#helpQueue();
    this.#membership = this.#member();
    events.countSessions(() => this.hub.size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.presences[Symbol.dispose]();
    const ending = [this.#membership, this.leases, this.queue];
    await Promise.all(ending.map((one) => one[Symbol.asyncDispose]()));
  }

  #takeoverLeases(): TakeoverLeases {
    const { config, deps, store, counters, events } = this.#options;
    return new TakeoverLeases({
      counters,
      ...deps,
      leaseMs: config.takeoverLeaseMs,
      isThere: (sessionId, adminId) => this.hub.isFollowedBy(sessionId, adminId),
      row: (key) => this.folding.upToDate(key),
      list: (query) => store.sessions.list(query),
      end: (key, epoch) => this.#handBack(key, epoch),
      failed: (cause) => events.broke("a takeover could not be looked at", cause),
    });
  }

  #helpQueue(): HelpQueue {
    const { deps, store, events } = this.#options;
    return new HelpQueue({
      ...deps,
      list: (query) => store.sessions.list(query),
      moved: (sessionId, place) => this.hub.passHere(sessionId, { kind: "queue", place }),
      failed: (cause) => events.broke("those who wait for help could not be read", cause),
    });
  }

  #whoIsThere(): Presences {
    const { deps, store, events } = this.#options;
    return new Presences({
      clock: deps.clock,
      isShared: store.isShared,
      holder: (key) => this.takeovers.holderOf(key),
      pass: (sessionId, event) => this.hub.passHere(sessionId, event),
      failed: (cause) => events.broke("who has a session could not be read", cause),
    });
  }

  #hub(): Hub {
    const { store, deps, failed, instanceEvents } = this.#options;
    return new Hub({
      log: store.log,
      journal: () => this.journal,
      fanOut: this.#fanOut,
      told: (said) => {
        instanceEvents.delivered(deps.wallClock() - wallMsOf(said.entry.hlc));
        this.#elsewhere.said(said);
        if (said.kind === "control") this.presences.handed(said.entry.sessionId);
      },
      joined: (key, listener) => this.presences.enter(key, listener),
      closed: (sessionId) => this.#elsewhere.forget(sessionId),
      failed,
      clock: deps.clock,
    });
  }

  #runs(leases: RunLeases, notes: RunNotes): Runs {
    const { config, deps, store, providers, events, instanceEvents } = this.#options;
    return new Runs({
      answers: providers,
      clock: deps.clock,
      random: deps.random,
      leases,
      notes,
      say: (saying) => this.journal.say(saying),
      tell: (key, event) => this.hub.pass(key, { kind: "run", event }),
      began: () => instanceEvents.runBegan(),
      over: () => instanceEvents.runOver(),
      ended: (_, end) => instanceEvents.runEnded(end),
      failed: unlessErased((cause) => events.broke("an answer could not be stored or told", cause)),
      kept: () => instanceEvents.checkpointKept(),
      notKept: () => instanceEvents.checkpointFailed(),
      request: (asked, runId) =>
        runRequest({ ...config, log: store.log, journal: this.journal }, asked, runId),
      follow: ({ sessionId }) => {
        const followed = this.#fanOut.follow(sessionId);
        return () => followed.leave();
      },
      isStored: async (key, messageId) => {
        const said = await latestMessages(this.journal, key, LOOK_BACK);
        return said.some((one) => one.messageId === messageId);
      },
    });
  }

  #answers(): AnswerRelay {
    const { providers, store, deps } = this.#options;
    return new AnswerRelay({
      answers: providers.answers,
      runs: this.clusterRuns,
      owner: (sessionId) => this.folding.owner(sessionId),
      fanOut: this.#fanOut,
      isShared: store.isShared,
      clock: deps.clock,
      newId: () => randomId(12),
    });
  }

  #watched(runs: RunLeases): Elsewhere {
    return new Elsewhere({
      leases: this.#options.store.leases,
      runs,
      holder: () => this.#membership.name,
      isWanted: (sessionId) => this.hub.has(sessionId) && !this.runs.has(sessionId),
      hasHints: () => this.#fanOut.isOn,
      pass: (sessionId, event) => this.hub.passHere(sessionId, { kind: "run", event }),
    });
  }

  #talk(): Talk {
    const { config, deps, store, seals, providers, events } = this.#options;
    const { journal, folding, clusterRuns: runs } = this;
    return new Talk({
      log: store.log,
      journal,
      sessions: store.sessions,
      folding,
      runs,
      askIfOpen: (key, messageId) => this.#askIfOpen(key, messageId),
      settling: this.#settling,
      patiently: (task) => patiently({ ...deps, signal: this.#closing.signal }, task),
      newHalf: () => randomId(8, "hex"),
      wallClock: deps.wallClock,
      returnMs: config.returnMs,
      isErased: (key) => seals.keys.isDestroyed(key),
      failed: unlessErased((cause) =>
        events.broke("a message is stored, but not what follows upon it", cause),
      ),
      holdFile: (fileId, holder) => this.#options.fileStore.hold(fileId, holder),
      isModel: (modelId) => providers.models.some(({ id }) => id === modelId),
    });
  }

  #member(): Membership {
    const { store, deps, instanceEvents } = this.#options;
    const { runs } = this;
    return new Membership({
      store,
      clock: deps.clock,
      settling: this.#settling,
      elsewhere: this.#elsewhere,
      presences: this.presences,
      hasHints: () => this.#fanOut.isOn,
      seen: (entry) => this.#seen(entry),
      adopt: (lease) => runs.adopt(lease),
      answer: (question) => this.#askIfOpen(question, undefined),
      lost: () => {
        instanceEvents.wasLost();
        runs.loseAll();
      },
      events: instanceEvents,
    });
  }

  #askIfOpen(key: SessionKey, messageId: string | undefined): Promise<void> {
    const { journal, folding, runs } = this;
    const { wallClock } = this.#options.deps;
    return askIfOpen({ journal, folding, runs, wallClock }, key, messageId);
  }

  /** The instances of the cluster, as far as this one sees them. */
  get instances(): Pick<Membership, "name" | "knows"> {
    return this.#membership;
  }

  get forConnections() {
    const { hub, journal, clusterRuns: runs, talk, named, changes, takeovers, queue } = this;
    const { presences } = this;
    const { log } = this.#options.store;
    const again = async (key: SessionKey, messageId: string, how: "anew" | "on") => {
      const asked = await this.#again(key, { messageId, how });
      if ((await runs.of(key))?.replyTo === asked.messageId) {
        throw new ChatError("CONFLICT", "this message is being answered: stop that first");
      }
      await runs.ask(asked);
    };
    const isHolder = (sessionId: string, adminId: string) =>
      this.leases.isHeldBy(sessionId, adminId);
    const people = { takeovers, isHolder, queue, presences };
    return { log, hub, journal, runs, talk, named, changes, ...people, again };
  }

  get forDesk() {
    const { folding, journal, talk, clusterRuns: runs, takeovers, queue } = this;
    const { seals, store } = this.#options;
    const { texts } = seals;
    return { sessions: store.sessions, folding, journal, texts, talk, runs, takeovers, queue };
  }

  /** Ends what a user had open by then, here and on the other instances that follow the session. */
  leave({ userId, sessionId, sinceMs }: Leaving): void {
    this.#options.departures.depart(userId, sinceMs);
    if (sessionId === undefined) return;
    this.#fanOut.tell({ userId, sessionId }, { kind: "left", sinceMs });
  }

  #again(key: SessionKey, which: { messageId: string; how: "anew" | "on" }): Promise<Asked> {
    const { deps, providers } = this.#options;
    const isModel = (modelId: string) => providers.models.some(({ id }) => id === modelId);
    const { journal, folding } = this;
    return askedAgain({ journal, folding, isModel, wallClock: deps.wallClock }, key, which);
  }

  /** An admin is gone: the AI has the session again, and answers whoever waits for a word. */
  async #handBack(key: SessionKey, epoch: number): Promise<void> {
    if (!(await this.takeovers.expire(key, epoch))) return;
    const said = await latestMessages(this.journal, key, LOOK_BACK);
    const last = spokenOf(said).findLast(
      ({ isDeleted, said: { isNote, isUnasked } }) =>
        !isDeleted && isNote !== true && isUnasked !== true,
    );
    if (last?.said.sender !== "user") return;
    await this.runs.ask(await this.#again(key, { messageId: last.messageId, how: "anew" }));
  }

  #stored(said: Said): void {
    const { events } = this.#options;
    // Whoever ends it again does not end one more.
    const isFirstEnd = said.kind === "ended" && this.folding.peek(said.entry)?.endMs === undefined;
    this.hub.stored(said);
    this.folding.note(said.entry);
    if (said.kind === "opened") events.sessionOpened();
    if (isFirstEnd) events.sessionEnded();
    this.leases.note(said.entry);
    this.queue.note(said.entry);
    if (said.kind === "help" && said.body.isOpen) this.#called(said.entry);
    // Late words of the AI are dropped from here on.
    if (said.kind === "control") this.runs.supersede(said.entry);
  }

  /** What another instance told. */
  #heard(key: SessionKey, hint: Hint): void {
    switch (hint.kind) {
      case "stored": {
        const { origin, number } = hint;
        this.hub.hint({ ...key, origin, number });
        // Its holder may have nobody here who follows it, and still must know who has control.
        if (this.runs.has(key.sessionId)) void this.#checkControl(key);
        return;
      }
      case "left":
        return this.#options.departures.depart(key.userId, hint.sinceMs);
      case "stop":
        return void this.runs.stop(key, hint.runId);
      case "answer":
      case "answered":
        return this.answers.heard(key, hint);
      case "passing":
        if (hint.event.kind === "run") this.#elsewhere.heard(key, hint.event.event);
        else this.hub.passHere(key.sessionId, hint.event);
    }
  }

  async #checkControl(key: SessionKey): Promise<void> {
    const { store, failed } = this.#options;
    try {
      const { controlEpoch } = await store.log.heads(key);
      const run = this.runs.of(key);
      if (run !== undefined && run.controlEpoch < controlEpoch) this.runs.supersede(key);
    } catch (cause) {
      failed(cause);
    }
  }

  /** An entry in the store, of whichever instance. */
  #seen(entry: Entry): void {
    if (this.hub.hint(entry)) this.#options.instanceEvents.repaired();
    this.leases.heard(entry);
    this.queue.note(entry);
    if (entry.kind !== "control") return;
    const run = this.runs.of(entry);
    if (run !== undefined && run.controlEpoch < entry.controlEpoch) this.runs.supersede(entry);
  }

  /** Somebody asked for a person: one of now, who has none. */
  #called({ userId, sessionId, hlc, isHeld }: Entry): void {
    const { alerts, deps } = this.#options;
    const atMs = wallMsOf(hlc);
    if (isHeld || deps.wallClock() - atMs > CALL_MS) return;
    alerts.raise({ event: "help_request", userId, sessionId, atMs });
  }
}

/** An older call for help is a copy of one that was told. */
const CALL_MS = 60_000;
/** How many messages back one may be that waits for an answer, or an answer of an instance that died. */
const LOOK_BACK = 100;
