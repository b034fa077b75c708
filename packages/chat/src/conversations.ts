import { randomId } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import type { ChatEvents } from "./events.ts";
import type { InstanceEvents } from "./instances/events.ts";
import { Membership } from "./instances/membership.ts";
import { Settling } from "./instances/settling.ts";
import { unansweredIn } from "./instances/unanswered.ts";
import type { Leases } from "./leases/ports.ts";
import type { FanOut, Heard, Hint } from "./live/fan-out.ts";
import { Hub } from "./live/hub.ts";
import type { Entry, SessionKey } from "./log/entry.ts";
import { wallMsOf } from "./log/hybrid-time.ts";
import { Journal } from "./log/journal.ts";
import type { MessageLog } from "./log/ports.ts";
import type { Said, Texts } from "./log/said.ts";
import type { Providers } from "./providers/open-providers.ts";
import type { ProviderRequest } from "./providers/ports.ts";
import { buildPrompt, PROMPT_LIMITS } from "./providers/prompt.ts";
import { userPseudonym } from "./providers/pseudonym.ts";
import { ClusterRuns } from "./runs/cluster-runs.ts";
import { Elsewhere } from "./runs/elsewhere.ts";
import { patiently } from "./runs/patience.ts";
import { RunLeases } from "./runs/run-leases.ts";
import { RunNotes } from "./runs/run-note.ts";
import { RunEnded, type Asked } from "./runs/run.ts";
import { Runs } from "./runs/runs.ts";
import { askedAgain } from "./sessions/again.ts";
import { conversationOf } from "./sessions/conversation.ts";
import { Folding } from "./sessions/folding.ts";
import { NamedSessions } from "./sessions/named-sessions.ts";
import type { Sessions } from "./sessions/ports.ts";
import { Takeovers } from "./sessions/takeovers.ts";
import { Talk } from "./sessions/talk.ts";

export interface ConversationsOptions {
  config: Pick<ChatConfig, "systemPrompt" | "returnMs" | "pseudonymKey">;
  deps: Pick<ChatDeps, "clock" | "wallClock" | "random">;
  store: {
    readonly log: MessageLog;
    readonly sessions: Sessions;
    readonly leases: Leases;
    readonly isShared: boolean;
  };
  /** To and from the other instances; closed by whoever opened it. */
  fanOut: (heard: Heard) => FanOut;
  instanceEvents: InstanceEvents;
  texts: Texts;
  providers: Providers;
  events: ChatEvents;
  failed: (cause: unknown) => void;
}

/** The parts that make conversations out of a store and models, wired to one another. */
export class Conversations implements AsyncDisposable {
  readonly hub: Hub;
  readonly journal: Journal;
  readonly folding: Folding;
  readonly runs: Runs;
  readonly clusterRuns: ClusterRuns;
  readonly talk: Talk;
  readonly named: NamedSessions;
  readonly takeovers: Takeovers;
  readonly #options: ConversationsOptions;
  readonly #fanOut: FanOut;
  readonly #settling = new Settling();
  readonly #membership: Membership;
  readonly #elsewhere: Elsewhere;
  readonly #closing = new AbortController();

  constructor(options: ConversationsOptions) {
    this.#options = options;
    const { store, texts, events, failed } = options;
    const { log, sessions, leases, isShared } = store;
    this.#fanOut = options.fanOut((key, hint) => this.#heard(key, hint));
    this.hub = this.#hub();
    this.folding = new Folding({ log, sessions, failed });
    this.journal = new Journal({ log, texts, stored: (said) => this.#stored(said) });
    const notes = new RunNotes(texts);
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
    this.talk = this.#talk();
    const { journal, folding } = this;
    const { wallClock } = options.deps;
    this.named = new NamedSessions({ log, journal, sessions, folding, wallClock });
    this.takeovers = new Takeovers({
      journal: this.journal,
      folding: this.folding,
      taken: () => events.sessionTaken(),
    });
    this.#membership = this.#member();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#membership[Symbol.asyncDispose]();
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
      },
      closed: (sessionId) => this.#elsewhere.forget(sessionId),
      failed,
    });
  }

  #runs(leases: RunLeases, notes: RunNotes): Runs {
    const { deps, providers, events, instanceEvents } = this.#options;
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
      failed: (cause) => events.broke("an answer could not be stored or told", cause),
      notKept: () => instanceEvents.checkpointFailed(),
      request: (asked, runId) => this.#request(asked, runId),
      follow: ({ sessionId }) => {
        const followed = this.#fanOut.follow(sessionId);
        return () => followed.leave();
      },
      isStored: async (key, messageId) => {
        const { said } = await this.journal.latest(key, undefined, LOOK_BACK);
        return said.some((one) => one.messageId === messageId);
      },
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
    const { config, deps, store, providers, events } = this.#options;
    const { journal, folding, clusterRuns: runs } = this;
    return new Talk({
      log: store.log,
      journal,
      sessions: store.sessions,
      folding,
      runs,
      settling: this.#settling,
      patiently: (task) => patiently({ ...deps, signal: this.#closing.signal }, task),
      newHalf: () => randomId(8, "hex"),
      wallClock: deps.wallClock,
      returnMs: config.returnMs,
      failed: (cause) => events.broke("a message is stored, but not what follows upon it", cause),
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
      hasHints: () => this.#fanOut.isOn,
      seen: (entry) => this.#seen(entry),
      adopt: (lease) => runs.adopt(lease),
      answer: async (question) => {
        const { journal, folding } = this;
        const found = { journal, folding, wallClock: deps.wallClock };
        const asked = await unansweredIn(found, question);
        if (asked !== undefined) await runs.askIfOpen(asked);
      },
      lost: () => {
        instanceEvents.wasLost();
        runs.loseAll();
      },
      events: instanceEvents,
    });
  }

  /** The instances of the cluster, as far as this one sees them. */
  get instances(): Pick<Membership, "name" | "knows"> {
    return this.#membership;
  }

  get forConnections() {
    const { hub, journal, clusterRuns: runs, talk, named, takeovers } = this;
    const again = async (key: SessionKey, messageId: string, how: "anew" | "on") => {
      const { wallClock } = this.#options.deps;
      const { folding } = this;
      const asked = await askedAgain({ journal, folding, wallClock }, key, { messageId, how });
      if ((await runs.of(key))?.replyTo === asked.messageId) {
        throw new ChatError("CONFLICT", "this message is being answered: stop that first");
      }
      await runs.ask(asked);
    };
    return { hub, journal, runs, talk, named, takeovers, again };
  }

  get forDesk() {
    const { folding, journal, talk, takeovers } = this;
    const { texts, store } = this.#options;
    return { sessions: store.sessions, folding, journal, texts, talk, takeovers };
  }

  #stored(said: Said): void {
    const { events } = this.#options;
    this.hub.stored(said);
    this.folding.note(said.entry);
    if (said.kind === "opened") events.sessionOpened();
    if (said.kind === "ended") events.sessionEnded();
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
      case "stop":
        return void this.runs.stop(key, hint.runId);
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
    if (entry.kind !== "control") return;
    const run = this.runs.of(entry);
    if (run !== undefined && run.controlEpoch < entry.controlEpoch) this.runs.supersede(entry);
  }

  /** What the model is told: the session as it stands, without former answers to the same question. */
  async #request(asked: Asked, runId: string): Promise<ProviderRequest> {
    const { key, messageId, number, atMs, begun } = asked;
    // Whoever takes the session from here on ends this answer; who took it before is seen here.
    const { controlEpoch } = await this.#options.store.log.heads(key);
    if (controlEpoch !== asked.controlEpoch) throw new RunEnded("superseded", undefined);
    const { said } = await this.journal.latest(key, undefined, 2 * PROMPT_LIMITS.messages);
    const { systemPrompt, pseudonymKey } = this.#options.config;
    const conversation = conversationOf(said, begun === "" ? messageId : undefined);
    const { system, history } = buildPrompt(systemPrompt, conversation, PROMPT_LIMITS);
    if (begun !== "") history.push({ role: "user", text: GO_ON, name: undefined });
    return {
      system,
      history,
      sessionId: key.sessionId,
      userHash: userPseudonym(pseudonymKey, key.userId),
      runId,
      asked: { messageId, number, atMs },
    };
  }
}

/** How far back an answer may be that was stored before its instance died. */
const LOOK_BACK = 300;
const GO_ON = "Go on with your answer exactly where it broke off, without repeating any of it.";
