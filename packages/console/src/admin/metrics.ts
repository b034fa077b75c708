import type { Service } from "../service/service.ts";

/** Sums over the conversations that began in a stretch of time. Response times are milliseconds. */
export interface Sums {
  readonly active_sessions: number;
  readonly total_sessions: number;
  readonly avg_concurrent: number;
  readonly max_concurrent: number;
  readonly total_tokens: number;
  readonly total_cost: number;
  readonly avg_response_time: number;
  readonly max_response_time: number;
  readonly admin_assisted_count: number;
}

export interface Point extends Sums {
  readonly start: string;
  readonly end: string;
}

export interface Metrics extends Sums {
  /** The same stretch cut into equal parts. */
  readonly series: readonly Point[];
}

export const WINDOWS = [
  { value: "day", label: "24 hours", hours: 24, points: 24 },
  { value: "week", label: "7 days", hours: 7 * 24, points: 28 },
  { value: "month", label: "30 days", hours: 30 * 24, points: 30 },
] as const;
export type Window = (typeof WINDOWS)[number];

const HOUR_MS = 3_600_000;

/** Up to the end of this hour: whole hours are sums that the service has already. */
export function askMetrics(
  service: Service,
  { hours, points }: Window,
  signal: AbortSignal,
): Promise<Metrics> {
  const endMs = Math.ceil((Date.now() + 1) / HOUR_MS) * HOUR_MS;
  const query = {
    start_time: new Date(endMs - hours * HOUR_MS).toISOString(),
    end_time: new Date(endMs - 1).toISOString(),
    points,
  };
  return service.ask("/admin/metrics", { query, signal });
}
