import type { Sealed } from "../log/body.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Texts } from "../log/said.ts";
import type { RunState } from "./run-event.ts";
import { answerNames, type Asked } from "./run.ts";

/** What an instance leaves to whoever goes on when it dies: the note of a run's lease. */
export interface RunNote {
  readonly asked: NotedAsked;
  /** As far as viewers may have it. */
  readonly told: Told;
  /** What is to be answered after it. */
  readonly next?: NotedAsked;
  /** The run that somebody wants ended. */
  readonly stop?: string;
}

export interface Told {
  readonly modelId: string;
  readonly attempt: number;
  /** "": nothing but what was there when it began. */
  readonly text: Sealed;
  readonly ranMs: number;
}

/** A question, its texts sealed. `begun` "": a new answer. */
export type NotedAsked = Omit<Asked, "key" | "begun"> & { readonly begun: Sealed };

export const NOTHING_TOLD: Told = { modelId: "", attempt: 0, text: "", ranMs: 0 };

/** Texts of runs, sealed as what people write. */
export class RunNotes {
  readonly #texts: Texts;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  async first(asked: Asked): Promise<RunNote> {
    return { asked: await this.noted(asked), told: NOTHING_TOLD };
  }

  async noted({ key, begun, ...asked }: Asked): Promise<NotedAsked> {
    const place = { ...key, messageId: asked.messageId };
    return {
      ...asked,
      begun: begun === "" ? "" : await this.#texts.sealPart(place, "begun", begun),
    };
  }

  async asked(key: SessionKey, noted: NotedAsked): Promise<Asked> {
    const place = { ...key, messageId: noted.messageId };
    const begun = noted.begun === "" ? "" : await this.#texts.openPart(place, "begun", noted.begun);
    return { ...noted, key: { userId: key.userId, sessionId: key.sessionId }, begun };
  }

  async told(state: RunState, key: SessionKey, ranMs: number): Promise<Told> {
    const { modelId, attempt, runId: messageId } = state;
    const text = await this.#texts.sealPart({ ...key, messageId }, "run", state.text);
    return { modelId, attempt, text, ranMs: Math.round(ranMs) };
  }

  /** The run as its viewers may have it. */
  async state(key: SessionKey, { asked, told }: RunNote): Promise<RunState> {
    const { messageId: runId } = answerNames(key, asked);
    const { begun } = await this.asked(key, asked);
    const place = { ...key, messageId: runId };
    return {
      runId,
      messageId: runId,
      replyTo: asked.messageId,
      modelId: told.modelId,
      attempt: told.attempt,
      controlEpoch: asked.controlEpoch,
      text: told.text === "" ? begun : await this.#texts.openPart(place, "run", told.text),
    };
  }
}
