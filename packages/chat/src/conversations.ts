import { randomId } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import type { ChatEvents } from "./events.ts";
import type { FileLinks } from "./files/file-links.ts";
import { Hub } from "./live/hub.ts";
import type { Entry, SessionKey } from "./log/entry.ts";
import { wallMsOf } from "./log/hybrid-time.ts";
import { Journal } from "./log/journal.ts";
import type { MessageLog } from "./log/ports.ts";
import type { Alerts } from "./notify/alerts.ts";
import type { Said } from "./log/said.ts";
import type { Providers } from "./providers/open-providers.ts";
import type { ProviderRequest } from "./providers/ports.ts";
import { buildPrompt, PROMPT_LIMITS } from "./providers/prompt.ts";
import { userPseudonym } from "./providers/pseudonym.ts";
import { Runs } from "./runs/runs.ts";
import { RunEnded, type Asked } from "./runs/run.ts";
import type { Seals } from "./seals.ts";
import { askedAgain } from "./sessions/again.ts";
import { Changes } from "./sessions/changes.ts";
import { conversationOf, spokenOf } from "./sessions/conversation.ts";
import { Folding } from "./sessions/folding.ts";
import type { HeldCounters } from "./sessions/held-counters.ts";
import { HelpQueue } from "./sessions/help-queue.ts";
import { MessageIndex } from "./sessions/message-index.ts";
import { TakeoverLeases } from "./sessions/takeover-leases.ts";
import { NamedSessions } from "./sessions/named-sessions.ts";
import type { Sessions } from "./sessions/ports.ts";
import { Takeovers } from "./sessions/takeovers.ts";
import { Talk } from "./sessions/talk.ts";

export interface ConversationsOptions {
  config: Pick<ChatConfig, "systemPrompt" | "returnMs" | "pseudonymKey" | "takeoverLeaseMs">;
  deps: Pick<ChatDeps, "clock" | "wallClock">;
  store: { readonly log: MessageLog; readonly sessions: Sessions };
  seals: Pick<Seals, "keys" | "texts">;
  links: FileLinks;
  providers: Providers;
  /** Tell people outside of the chat that they are needed. */
  alerts: Pick<Alerts, "raise">;
  /** By which takeovers are seen to live; shared by those who share the store. */
  counters: HeldCounters;
  events: ChatEvents;
  failed: (cause: unknown) => void;
}

/** The parts that make conversations out of a store and models, wired to one another. */
export class Conversations implements AsyncDisposable {
  readonly hub: Hub;
  readonly journal: Journal;
  readonly folding: Folding;
  readonly runs: Runs;
  readonly talk: Talk;
  readonly changes: Changes;
  readonly named: NamedSessions;
  readonly takeovers: Takeovers;
  readonly leases: TakeoverLeases;
  readonly queue: HelpQueue;
  readonly #options: ConversationsOptions;

  constructor(options: ConversationsOptions) {
    this.#options = options;
    const { config, deps, store, seals, links, providers, events, failed } = options;
    const { log, sessions } = store;
    const { wallClock, clock } = deps;
    this.hub = new Hub({ log, journal: () => this.journal, failed });
    this.folding = new Folding({ log, sessions, failed });
    this.journal = new Journal({
      log,
      texts: seals.texts,
      linked: (said) => links.linked(said),
      stored: (said) => this.#stored(said),
    });
    this.runs = new Runs({
      answers: providers,
      clock,
      say: (saying) => this.journal.say(saying),
      tell: (key, event) => this.hub.pass(key.sessionId, { kind: "run", event }),
      ended: () => {},
      failed: unlessErased((cause) => events.broke("an answer could not be stored or told", cause)),
      request: (asked, runId) => this.#request(asked, runId),
    });
    this.talk = this.#talk();
    this.changes = new Changes({ journal: this.journal, index: new MessageIndex(log) });
    const { journal, folding } = this;
    this.named = new NamedSessions({ log, journal, sessions, folding, wallClock });
    this.takeovers = new Takeovers({
      journal: this.journal,
      folding: this.folding,
      taken: () => events.sessionTaken(),
      renewed: (key) => this.leases.renew(key),
    });
    this.leases = this.#openLeases(options);
    this.queue = this.#openQueue(options);
    events.countSessions(() => this.hub.size);
  }

  #openLeases({ counters, config, deps, store, events }: ConversationsOptions): TakeoverLeases {
    return new TakeoverLeases({
      counters: counters,
      ...deps,
      leaseMs: config.takeoverLeaseMs,
      isThere: (sessionId, adminId) => this.hub.isFollowedBy(sessionId, adminId),
      row: (key) => this.folding.upToDate(key),
      list: (query) => store.sessions.list(query),
      end: (key, epoch) => this.#handBack(key, epoch),
      failed: (cause) => events.broke("a takeover could not be looked at", cause),
    });
  }

  #openQueue({ deps, store, events }: ConversationsOptions): HelpQueue {
    return new HelpQueue({
      ...deps,
      list: (query) => store.sessions.list(query),
      moved: (sessionId, place) => this.hub.pass(sessionId, { kind: "queue", place }),
      failed: (cause) => events.broke("those who wait for help could not be read", cause),
    });
  }

  #talk(): Talk {
    const { config, deps, store, seals, providers, events } = this.#options;
    const { log, sessions } = store;
    const { wallClock } = deps;
    return new Talk({
      log,
      journal: this.journal,
      sessions,
      folding: this.folding,
      runs: this.runs,
      newHalf: () => randomId(8, "hex"),
      wallClock,
      returnMs: config.returnMs,
      isErased: (key) => seals.keys.isDestroyed(key),
      failed: unlessErased((cause) =>
        events.broke("a message is stored, but not what follows upon it", cause),
      ),
      isModel: (modelId) => providers.models.some(({ id }) => id === modelId),
    });
  }

  get forConnections() {
    const { hub, journal, runs, talk, named, changes, takeovers, queue } = this;
    const { log } = this.#options.store;
    const again = async (key: SessionKey, messageId: string, how: "anew" | "on") => {
      const asked = await this.#again(key, { messageId, how });
      if (runs.of(key)?.replyTo === asked.messageId) {
        throw new ChatError("CONFLICT", "this message is being answered: stop that first");
      }
      runs.ask(asked);
    };
    return { log, hub, journal, runs, talk, named, changes, takeovers, queue, again };
  }

  get forDesk() {
    const { folding, journal, talk, takeovers, queue } = this;
    const { seals, store } = this.#options;
    const { texts } = seals;
    return { sessions: store.sessions, folding, journal, texts, talk, takeovers, queue };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.leases[Symbol.asyncDispose](), this.queue[Symbol.asyncDispose]()]);
  }

  #again(key: SessionKey, which: { messageId: string; how: "anew" | "on" }): Promise<Asked> {
    const { journal, folding } = this;
    return askedAgain({ journal, folding, wallClock: this.#options.deps.wallClock }, key, which);
  }

  /** An admin is gone: the AI has the session again, and answers whoever waits for a word. */
  async #handBack(key: SessionKey, epoch: number): Promise<void> {
    if (!(await this.takeovers.expire(key, epoch))) return;
    const { said } = await this.journal.latest(key, undefined, LOOK_BACK);
    const last = spokenOf(said).findLast((one) => !one.isDeleted && one.said.isNote !== true);
    if (last?.said.sender !== "user") return;
    this.runs.ask(await this.#again(key, { messageId: last.messageId, how: "anew" }));
  }

  #stored(said: Said): void {
    const { events } = this.#options;
    // Whoever ends it again does not end one more.
    const isFirstEnd = said.kind === "ended" && this.folding.peek(said.entry)?.endMs === undefined;
    this.hub.stored(said);
    this.folding.note(said.entry);
    if (said.kind === "opened") events.sessionOpened();
    if (isFirstEnd) events.sessionEnded();
    this.leases.note(said);
    this.queue.note(said);
    if (said.kind === "help" && said.body.isOpen) this.#called(said.entry);
    // Late words of the AI are dropped from here on.
    if (said.kind === "control") this.runs.supersede(said.entry);
  }

  /** Somebody asked for a person: one of now, who has none. */
  #called({ userId, sessionId, hlc, isHeld }: Entry): void {
    const { alerts, deps } = this.#options;
    const atMs = wallMsOf(hlc);
    if (isHeld || deps.wallClock() - atMs > CALL_MS) return;
    alerts.raise({ event: "help_request", userId, sessionId, atMs });
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

/** An older call for help is a copy of one that was told. */
const CALL_MS = 60_000;
/** How far back a message may be that waits for an answer. */
const LOOK_BACK = 50;
/** What can no longer be said in a session that was erased is nobody's to mend. */
function unlessErased(failed: (cause: unknown) => void): (cause: unknown) => void {
  return (cause) => {
    if (ChatError.from(cause).code !== "GONE") failed(cause);
  };
}

const GO_ON = "Go on with your answer exactly where it broke off, without repeating any of it.";
