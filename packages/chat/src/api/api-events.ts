import type { ChatError } from "@warren/wire";

/** What the HTTP surface tells the log and the metrics. */
export interface ApiEvents {
  /** `path` has no query: tokens may be in it. `endpoint`: the route's template, "" for none. */
  answered(request: {
    method: string;
    path: string;
    endpoint: string;
    status: number;
    ms: number;
  }): void;
  failed(error: ChatError): void;
}
