import type { AnswerStatus } from "../log/body.ts";

/** An answer that is being written, as far as it is. */
export interface RunState {
  readonly runId: string;
  /** Name of the message that it will be. */
  readonly messageId: string;
  readonly replyTo: string;
  readonly modelId: string;
  /** Counts the tries: a higher one begins anew at its first delta. */
  readonly attempt: number;
  readonly controlEpoch: number;
  readonly text: string;
}

/** Characters are UTF-16 code units, as every client counts them. */
export type RunEvent =
  | { readonly type: "start"; readonly run: RunState }
  | {
      readonly type: "delta";
      readonly run: RunState;
      /** Characters before `text`. */
      readonly at: number;
      readonly text: string;
    }
  | {
      readonly type: "end";
      readonly run: RunState;
      readonly status: AnswerStatus;
      readonly why: string | undefined;
    };
