import { ChatError, readMessagingFrame, type MessagingServerFrame } from "@warren/wire";
import type { WebSocket } from "ws";
import type { SessionKey } from "../../log/entry.ts";
import { wallMsOf } from "../../log/hybrid-time.ts";
import type { Said } from "../../log/said.ts";
import { covers, NO_VERSIONS, type Versions } from "../../log/versions.ts";
import { Connection, errorBody, type About, type Heard } from "../connection.ts";
import type { ConnectionDeps, ConnectionIdentity } from "../connection-deps.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { handleMessaging, PASSES_BY } from "./messaging-handlers.ts";
import { MessagingPresenter } from "./messaging-presenter.ts";
import { bringPending } from "./pending.ts";
import { Thread } from "./thread.ts";

/** What the `auth` frame of a client says, and where it came to. */
export interface MessagingClient {
  readonly identity: ConnectionIdentity;
  readonly deviceId: string;
  /** Like `wss://chat.example.com/ws`. */
  readonly endpoint: string;
}

/** A socket whose client speaks the messaging dialect: its conversations have names of its own. */
export class MessagingConnection extends Connection {
  readonly presenter: MessagingPresenter;
  readonly deviceId: string;
  readonly acknowledgements: Acknowledgements;
  readonly #endpoint: string;
  /** By what the client calls them, and by their sessions. */
  readonly #named = new Map<string, Thread>();
  readonly #threads = new Map<string, Thread>();

  constructor(socket: WebSocket, client: MessagingClient, deps: ConnectionDeps) {
    super(socket, client.identity, deps);
    const { isAdmin, userId: person } = client.identity;
    this.deviceId = client.deviceId;
    this.arrive(client.deviceId);
    this.#endpoint = client.endpoint;
    this.acknowledgements = new Acknowledgements({
      store: ({ key }, { delivered, read }) =>
        deps.talk.receipt(client.identity, key, {
          clientMessageId: `receipt:${deps.newId()}`,
          seen: undefined,
          deviceId: client.deviceId,
          ...(covers(NO_VERSIONS, delivered) ? {} : { delivered }),
          ...(covers(NO_VERSIONS, read) ? {} : { read }),
        }),
      failed: (cause, { conversationId }) => this.refuse(cause, { sessionId: conversationId }),
    });
    const threadOf = (sessionId: string) => this.#threads.get(sessionId);
    this.presenter = new MessagingPresenter({ isAdmin, person, threadOf });
  }

  /** Lets it in and gives it what its device lacks, before any frame is handled. */
  welcome(): void {
    this.begin(bringPending(this).catch((reason: unknown) => this.refuse(reason, {})));
  }

  override send(frame: MessagingServerFrame): void {
    super.send(frame);
  }

  /** `unread`: undefined where the client was let in before. */
  succeed(unread: number | undefined): void {
    this.send({
      type: "auth_success",
      payload: {
        session_id: this.id,
        server_time: this.deps.wallClock(),
        ...(unread !== undefined && { unread_count: unread }),
        expires_at: this.expiresAtMs,
      },
    });
  }

  /** The conversation that the client calls so. Rejects with a `ChatError` where there is none. */
  async thread(conversationId: string): Promise<Thread> {
    const known = this.#named.get(conversationId);
    if (known !== undefined) return known;
    const { key, exists } = await this.deps.named.find(this.identity, conversationId);
    if (!exists) throw new ChatError("NOT_FOUND", "there is no such conversation");
    return this.join(key, conversationId);
  }

  /** The same, begun where there is none, with the agent that is to answer in it. */
  async opened(conversationId: string, agentId: string | undefined): Promise<Thread> {
    const known = this.#named.get(conversationId);
    if (known !== undefined) return known;
    const { named } = this.deps;
    const found = await named.find(this.identity, conversationId);
    const key = await named.open(found, { alias: conversationId, modelId: agentId });
    return this.join(key, conversationId);
  }

  /** Follows a session under a name. `bring`: tells what the client lacks of it, and resolves with what it told of. */
  async join(
    key: SessionKey,
    conversationId: string,
    bring: (thread: Thread) => Promise<Versions> = async () => NO_VERSIONS,
  ): Promise<Thread> {
    const { named, models } = this.deps;
    const follower = this.follow(key);
    const agentId = (await named.modelOf(key)) ?? models[0]?.id ?? "";
    const thread =
      this.#threads.get(key.sessionId) ?? new Thread({ key, conversationId, follower, agentId });
    thread.conversationId = conversationId;
    this.#threads.set(key.sessionId, thread);
    this.#named.set(conversationId, thread);
    await follower.catchUp(async (joined) => {
      thread.heardOf(joined);
      const told = await bring(thread);
      await this.#tellRun(key);
      return told;
    });
    return thread;
  }

  /** What there is of the answer that is being written. */
  async #tellRun(key: SessionKey): Promise<void> {
    const run = await this.deps.runs.of(key);
    if (run === undefined || run.text === "") return;
    const event = { type: "delta", run, at: 0, text: run.text } as const;
    const told = this.presenter.passing(key.sessionId, { kind: "run", event });
    for (const text of told) this.sendText(text);
  }

  override async idle(): Promise<void> {
    await super.idle();
    await this.acknowledgements.settled();
  }

  /** All that it follows. */
  threads(): Iterable<Thread> {
    return this.#threads.values();
  }

  /** Its dialect has no word for that. */
  protected override tellLeft(): boolean {
    return false;
  }

  override migrate(afterMs: number): void {
    const payload = {
      new_endpoint: this.#endpoint,
      session_token: this.id,
      reconnect_after_ms: afterMs,
    };
    this.send({ type: "migration", payload });
  }

  override notify(content: string): void {
    this.send({ type: "notification", content });
  }

  protected override read(text: string): Heard {
    const { frame, clientMessageId, sessionId } = readMessagingFrame(text);
    const about: About = {
      ...(sessionId !== undefined && { sessionId }),
      ...(clientMessageId !== undefined && { clientMessageId }),
    };
    if (frame instanceof ChatError) {
      return { about, problem: frame, passesBy: false, run: () => Promise.resolve() };
    }
    const passesBy = PASSES_BY.has(frame.type);
    return {
      about,
      problem: undefined,
      passesBy,
      run: () => handleMessaging(this, frame, about),
    };
  }

  protected override refusalOf(error: ChatError, about: About): MessagingServerFrame {
    const { sessionId, clientMessageId } = about;
    return {
      type: "error",
      ...(clientMessageId !== undefined && { client_message_id: clientMessageId }),
      ...(sessionId !== undefined && { conversation_id: sessionId }),
      error: errorBody(error),
    };
  }

  protected override acknowledgementOf(said: Said, about: About): MessagingServerFrame {
    const { entry, messageId } = said;
    const thread = this.#threads.get(entry.sessionId)!;
    return {
      type: "message_ack",
      client_message_id: about.clientMessageId ?? entry.clientMessageId,
      idempotency_key: entry.clientMessageId,
      payload: {
        message_id: messageId,
        sequence_number: thread.sequenceOf(entry),
        conversation_id: thread.conversationId,
        status: "sent",
        timestamp: wallMsOf(entry.hlc),
      },
    };
  }
}
