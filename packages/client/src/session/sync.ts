import {
  CHAT_CODES,
  type ClientFrame,
  type ServerFrame,
  type ServerFrames,
  type WireEntry,
} from "@warren/wire";
import { Alarm } from "../clock.ts";
import { has } from "../log/versions.ts";
import { backoffMs } from "../line/backoff.ts";
import type { Welcome } from "../line/line.ts";
import type { SessionState } from "./chat-session.ts";
import type { Content } from "./content.ts";
import { Dispatch } from "./dispatch.ts";
import type { Outgoing } from "./outbox.ts";
import { Receipts } from "./receipts.ts";
import type { SessionDeps } from "./session-deps.ts";

/** The service gives no more at once; a longer gap is closed by a resume. */
const MOST_RETRANSMITTED = 1_000;

export interface SyncEvents {
  state(): void;
  /** Entries became part of the log while the session was live. */
  came(entries: readonly WireEntry[]): void;
  answered(runId: string): void;
}

type ResumedState = ServerFrames["resumed"]["sessions"][number];

/**
 * How a session and the service come to have the same.
 *
 * 1. Nothing is said on a connection before the session was resumed on it.
 * 2. A session that the service does not know begins with what is said first, and is resumed then.
 * 3. What is missing is asked for once on each connection.
 */
export class Sync {
  readonly dispatch: Dispatch;
  readonly receipts: Receipts;
  readonly #content: Content;
  readonly #deps: SessionDeps;
  readonly #events: SyncEvents;
  readonly #again: Alarm;
  #state: SessionState = "offline";
  #connection = 0;
  #refusals = 0;
  /** False: the service said that there is no such session (2). */
  #isBorn = true;
  /** (3) */
  #asked = new Set<string>();
  /** The service has stopped telling of it, and nobody has wanted it since. */
  #isLeft = false;
  #older: ((isLoaded: boolean) => void)[] = [];

  constructor(content: Content, deps: SessionDeps, events: SyncEvents) {
    this.#content = content;
    this.#deps = deps;
    this.#events = events;
    this.#again = new Alarm(deps.clock);
    const outbox = () => content.outbox;
    this.dispatch = new Dispatch({ ...deps, outbox, send: (item) => this.#say(item) });
    this.receipts = new Receipts({
      ...deps,
      content,
      send: (type, versions) => this.tell({ type, versions }),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** A connection is open: what is missing is asked for. */
  async opened(welcome: Welcome): Promise<void> {
    this.down();
    const connection = this.#connection;
    await this.#content.loaded;
    if (connection !== this.#connection) return;
    if (this.#content.isUnnamed) this.#content.rename(welcome.sessionId);
    this.#resume();
  }

  /** There is no connection any more. */
  down(): void {
    this.#connection += 1;
    this.#state = "offline";
    this.#isLeft = false;
    this.#isBorn = true;
    this.#refusals = 0;
    this.#asked.clear();
    this.#again.clear();
    this.dispatch.pause();
    this.receipts.pause();
    this.#answerOlder(false);
    this.#events.state();
  }

  /** The service tells of it no more, since this connection follows too many others. */
  left(): void {
    this.down();
    this.#isLeft = true;
  }

  /** Somebody looks at it again, or says something in it: what has come meanwhile is asked for. */
  wanted(): void {
    if (!this.#isLeft) return;
    this.#isLeft = false;
    this.#resume();
  }

  /** Says something about this session. False: it could not be said (1). */
  tell(frame: ClientFrame): boolean {
    if (this.#state !== "live" || !this.#isBorn) return false;
    return this.#deps.send({ ...frame, session_id: this.#content.id });
  }

  older(limit: number): Promise<boolean> {
    const { log } = this.#content;
    if (!log.hasOlder || !this.tell({ type: "history", before: log.floor, limit })) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => void this.#older.push(resolve));
  }

  acknowledged(frame: ServerFrames["message_ack"]): void {
    const { client_message_id, message_id: messageId, origin, number, hlc } = frame;
    const isElsewhere = frame.session_id !== this.#content.id;
    this.#content.rename(frame.session_id);
    this.dispatch.acknowledged(client_message_id, { messageId, origin, number, hlc });
    // It came long ago, and was said again.
    const { log, outbox } = this.#content;
    if (has(log.versions, { origin, number })) outbox.remove(client_message_id);
    this.#content.changed();
    // What came before it was not told to who did not know the session yet (2).
    if (isElsewhere || !this.#isBorn) this.#resume();
  }

  /** Of something that was not said by its own id. True if it was about the resume. */
  refused({ error }: ServerFrames["error"]): boolean {
    if (this.#state !== "syncing") return false;
    const { code, retry_after: retryAfterMs = 0 } = error;
    if (CHAT_CODES[code]?.retry) {
      const waitMs = Math.max(retryAfterMs, backoffMs(this.#refusals, this.#deps.random));
      this.#refusals += 1;
      this.#again.set(waitMs, () => this.#resume());
      return true;
    }
    this.#isBorn = false;
    const isNew = code === "NOT_FOUND";
    this.#state = isNew ? "live" : "refused";
    if (isNew) this.dispatch.start();
    this.#events.state();
    return isNew;
  }

  resumed(state: ResumedState): void {
    if (this.#state === "offline") return;
    const content = this.#content;
    content.rename(state.session_id);
    const isFirst = this.#state !== "live";
    this.#isBorn = true;
    this.#refusals = 0;
    this.#state = "live";
    const added = content.log.resumed(state);
    const missing = content.answers.replace(state.runs);
    content.took(added);
    for (const { runId, from } of missing) this.#lack(runId, from);
    this.#events.state();
    if (isFirst) this.dispatch.start();
    for (const { client_message_id } of added) this.dispatch.settled(client_message_id);
    this.receipts.catchUp();
    this.#closeGaps();
  }

  hear(frame: ServerFrame): void {
    const { answers } = this.#content;
    switch (frame.type) {
      case "entry":
        return this.#came([frame.entry]);
      case "messages":
        if (frame.older === undefined) return this.#came(frame.entries);
        return this.#page(frame.entries, frame.older);
      case "run_start":
        return this.#answered(frame.run.run_id, answers.start(frame.run));
      case "run_delta":
        return this.#answered(frame.run_id, answers.delta(frame));
      case "run_end":
        answers.end(frame);
        this.#answered(frame.run_id, undefined);
    }
  }

  #resume(): void {
    const { id, log } = this.#content;
    if (this.#state === "offline") this.#state = "syncing";
    this.#asked.clear();
    const sessions = [{ session_id: id, versions: log.versions }];
    this.#deps.send({ type: "resume", session_id: id, device_id: this.#deps.deviceId(), sessions });
    this.#events.state();
  }

  #say({ saying, clientMessageId: client_message_id }: Outgoing): boolean {
    if (this.#state !== "live") return false;
    const { id: session_id, log } = this.#content;
    return this.#deps.send({ ...saying, session_id, client_message_id, seen: log.hlc });
  }

  #came(entries: readonly WireEntry[]): void {
    const added = entries.flatMap((entry) => this.#content.log.add(entry));
    if (added.length > 0) {
      this.#content.took(added);
      for (const { client_message_id } of added) this.dispatch.settled(client_message_id);
      this.receipts.arrived();
      if (this.#state === "live") this.#events.came(added);
    }
    this.#closeGaps();
  }

  #page(entries: readonly WireEntry[], older: Record<string, number>): void {
    if (!this.#content.log.older(entries, older)) return;
    this.#content.changed();
    this.#answerOlder(true);
  }

  #answerOlder(isLoaded: boolean): void {
    for (const resolve of this.#older.splice(0)) resolve(isLoaded);
  }

  #answered(runId: string, missingFrom: number | undefined): void {
    if (missingFrom === undefined) this.#events.answered(runId);
    else this.#lack(runId, missingFrom);
  }

  #lack(runId: string, from: number): void {
    this.#once(`run ${runId} ${from}`, () => this.tell({ type: "run_get", run_id: runId, from }));
  }

  #closeGaps(): void {
    if (this.#state !== "live") return;
    for (const { origin, from, to } of this.#content.log.gaps()) {
      this.#once(`gap ${origin} ${from} ${to}`, () => {
        if (to - from >= MOST_RETRANSMITTED) this.#resume();
        else this.tell({ type: "retransmit", origin, from_sequence: from, to_sequence: to });
      });
    }
  }

  /** (3) */
  #once(what: string, ask: () => void): void {
    if (this.#asked.has(what)) return;
    ask();
    this.#asked.add(what);
  }
}
