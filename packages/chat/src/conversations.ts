import { randomId } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import type { ChatEvents } from "./events.ts";
import type { FileLinks } from "./files/file-links.ts";
import { Hub } from "./live/hub.ts";
import type { SessionKey } from "./log/entry.ts";
import { Journal } from "./log/journal.ts";
import type { MessageLog } from "./log/ports.ts";
import type { Said } from "./log/said.ts";
import type { Providers } from "./providers/open-providers.ts";
import type { ProviderRequest } from "./providers/ports.ts";
import { buildPrompt, PROMPT_LIMITS } from "./providers/prompt.ts";
import { userPseudonym } from "./providers/pseudonym.ts";
import { Runs } from "./runs/runs.ts";
import { RunEnded, type Asked } from "./runs/run.ts";
import type { Seals } from "./seals.ts";
import { askedAgain } from "./sessions/again.ts";
import { conversationOf } from "./sessions/conversation.ts";
import { Folding } from "./sessions/folding.ts";
import { NamedSessions } from "./sessions/named-sessions.ts";
import type { Sessions } from "./sessions/ports.ts";
import { Takeovers } from "./sessions/takeovers.ts";
import { Talk } from "./sessions/talk.ts";

export interface ConversationsOptions {
  config: Pick<ChatConfig, "systemPrompt" | "returnMs" | "pseudonymKey">;
  deps: Pick<ChatDeps, "clock" | "wallClock">;
  store: { readonly log: MessageLog; readonly sessions: Sessions };
  seals: Pick<Seals, "keys" | "texts">;
  links: FileLinks;
  providers: Providers;
  events: ChatEvents;
  failed: (cause: unknown) => void;
}

/** The parts that make conversations out of a store and models, wired to one another. */
export class Conversations {
  readonly hub: Hub;
  readonly journal: Journal;
  readonly folding: Folding;
  readonly runs: Runs;
  readonly talk: Talk;
  readonly named: NamedSessions;
  readonly takeovers: Takeovers;
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
    this.talk = new Talk({
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
    const { journal, folding } = this;
    this.named = new NamedSessions({ log, journal, sessions, folding, wallClock });
    this.takeovers = new Takeovers({
      journal: this.journal,
      folding: this.folding,
      taken: () => events.sessionTaken(),
    });
  }

  get forConnections() {
    const { hub, journal, runs, talk, named, takeovers } = this;
    const again = async (key: SessionKey, messageId: string, how: "anew" | "on") => {
      const { wallClock } = this.#options.deps;
      const { folding } = this;
      const asked = await askedAgain({ journal, folding, wallClock }, key, { messageId, how });
      if (runs.of(key)?.replyTo === asked.messageId) {
        throw new ChatError("CONFLICT", "this message is being answered: stop that first");
      }
      runs.ask(asked);
    };
    return { hub, journal, runs, talk, named, takeovers, again };
  }

  get forDesk() {
    const { folding, journal, talk, takeovers } = this;
    const { seals, store } = this.#options;
    const { texts } = seals;
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

/** What can no longer be said in a session that was erased is nobody's to mend. */
function unlessErased(failed: (cause: unknown) => void): (cause: unknown) => void {
  return (cause) => {
    if (ChatError.from(cause).code !== "GONE") failed(cause);
  };
}

const GO_ON = "Go on with your answer exactly where it broke off, without repeating any of it.";
