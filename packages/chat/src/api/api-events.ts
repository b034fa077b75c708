import type { ChatError } from "@warren/wire";

/** What the HTTP surface tells the log and the metrics. */
export interface ApiEvents {
  /** `path`: the pattern that it was routed by, which holds nothing of anybody. `endpoint`: its name in metrics, "" for none. */
  answered(request: {
    method: string;
    path: string;
    endpoint: string;
    status: number;
    ms: number;
  }): void;
  failed(error: ChatError): void;
  /** A request was refused by a limit. */
  limited(limiter: string): void;
}
