import type { Query, Service } from "./service.ts";

/** A conversation in a list, as the service says it. Times are RFC 3339, response times milliseconds. */
export interface Summary {
  readonly session_id: string;
  readonly user_id: string;
  /** Empty until something was said in it. */
  readonly name: string;
  readonly start_time: string;
  readonly last_activity: string;
  readonly end_time?: string;
  readonly is_active: boolean;
  /** Seconds. */
  readonly duration: number;
  readonly message_count: number;
  readonly total_tokens: number;
  readonly avg_response_time: number;
  readonly max_response_time: number;
  readonly admin_assisted: boolean;
  readonly help_requested: boolean;
  readonly help_since?: string;
  readonly model_id?: string;
  readonly assisting_admin_id?: string;
  readonly assisting_admin_name?: string;
}

export interface SummaryPage {
  readonly sessions: readonly Summary[];
  readonly count: number;
  /** Exact up to 10,000; where it is capped there are more. */
  readonly total: number;
  readonly total_capped?: boolean;
  readonly next_cursor?: string;
}

/** One's own conversations, newest first unless the query says otherwise. */
export function listOwn(service: Service, query: Query, signal: AbortSignal): Promise<SummaryPage> {
  return service.ask("/sessions", { query, signal });
}

/** Everybody's, for admins. */
export function listAll(service: Service, query: Query, signal: AbortSignal): Promise<SummaryPage> {
  return service.ask("/admin/sessions", { query, signal });
}

/** What it is called where it has no name. */
export function titleOf({ name }: Pick<Summary, "name">): string {
  return name === "" ? "Untitled conversation" : name;
}

/** `10,000+` where nobody counted further. */
export function totalOf({ total, total_capped: isCapped }: SummaryPage): string {
  return `${total.toLocaleString()}${isCapped === true ? "+" : ""}`;
}

/** One of them, for admins. */
export function askSummary(
  service: Service,
  sessionId: string,
  signal: AbortSignal,
): Promise<Summary> {
  return service.ask(`/admin/sessions/${encodeURIComponent(sessionId)}`, { signal });
}
