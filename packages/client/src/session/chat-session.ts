import type { ChatErrorCode } from "@warren/wire";
import type { RunningAnswer } from "./answers.ts";
import type { Control } from "../log/view.ts";
import type { Message } from "./message.ts";
import type { Presence, Typing, Waiting } from "./passing.ts";

export interface SentFile {
  readonly fileId: string;
  readonly fileUrl: string;
  /** It was spoken: shown as a voice message. */
  readonly isVoice?: boolean;
  /** What it is shown as until the service has said so itself. */
  readonly name?: string;
  readonly contentType?: string;
  readonly bytes?: number;
}

export interface SendOptions {
  /** Uploaded already. Each is a message of its own; the text goes with the last. */
  readonly files?: readonly SentFile[];
  /** Id of the message that this one answers. */
  readonly replyTo?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * `offline`: shown from what was kept; also one that is followed no more, for there are too many, until it is
 * asked for. `syncing`: what is missing is on its way. `live`: all is here.
 * `refused`: the service does not show this session to this user.
 */
export type SessionState = "offline" | "syncing" | "live" | "refused";

export interface Refusal {
  readonly code: ChatErrorCode;
  readonly message: string;
  /** Key of the message that was refused, undefined for anything else. */
  readonly key: string | undefined;
}

export interface SessionEvents {
  /** Anything of it is another than before: draw it again. */
  change: undefined;
  /** Somebody else's message has just come, for a sound or a badge. */
  message: Message;
  /** Text of an answer has come, or its end. */
  answer: RunningAnswer;
  /** Something was not done, and why. */
  refused: Refusal;
  /** It has another id from now on: the service gave it one. */
  renamed: { readonly from: string; readonly to: string };
  /** Words of the service that are to be shown. */
  notice: string;
}

/** One conversation. What it shows is there at once, with and without a connection. */
export interface ChatSession {
  /** 32 hex characters; a name of its own (`new-...`) until the service gave it one. */
  readonly id: string;
  readonly state: SessionState;
  /** In the order that everybody sees; what was sent here is there from the first moment. */
  readonly messages: readonly Message[];
  /** What is being written. Its message takes its place when it is there. */
  readonly answers: readonly RunningAnswer[];
  readonly control: Control;
  readonly typing: readonly Typing[];
  /** Who is there; undefined while that is not known. */
  readonly presence: Presence | undefined;
  /** The place among those who asked for a person, while nobody has come. */
  readonly waiting: Waiting | undefined;
  /** Messages of others that this person has seen on none of their devices. */
  readonly unread: number;
  readonly name: string | undefined;
  readonly modelId: string | undefined;
  /** Somebody was asked to come. */
  readonly isHelpOpen: boolean;
  readonly isEnded: boolean;
  /** There is more above the first message: `older` loads it. */
  readonly hasOlder: boolean;

  on<K extends keyof SessionEvents>(
    name: K,
    listener: (event: SessionEvents[K]) => void,
  ): () => void;
  /** Resolves once what was kept of it is here. */
  loaded(): Promise<void>;

  /** Sends now or when it can be. Returns the message as it stands in `messages`. */
  send(text: string, options?: SendOptions): Message;
  /** Sends a message that failed once more; until then it is where it failed, and from then on at the end. */
  retry(key: string): void;
  /** Takes a message back that failed or was not sent yet. False: it is too late for that. */
  discard(key: string): boolean;
  edit(messageId: string, text: string): void;
  delete(messageId: string): void;
  react(messageId: string, emoji: string, isOn?: boolean): void;
  chooseModel(modelId: string): void;
  /** Asks for a person. */
  help(): void;
  /** Nothing more can be said in it, on any device. */
  end(): void;
  /** Everything that is here has been seen. */
  markRead(): void;
  /** Call it at each key; others are told as often as they need. */
  typingNow(isOn?: boolean): void;

  // These need a connection: false where there is none.
  /** Ends the answer that is being written, from any device. */
  stop(runId?: string): boolean;
  /** Another answer to a message, or instead of an answer. */
  regenerate(messageId: string): boolean;
  /** The rest of an answer that broke off. */
  continue(messageId: string): boolean;
  /** Loads messages above the first. Resolves to false where there are none, or no connection. */
  older(limit?: number): Promise<boolean>;
}
