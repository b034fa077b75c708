import type { Query } from "../service/service.ts";

export const SORTS = [
  { value: "last_activity", label: "Last activity" },
  { value: "start_time", label: "Started" },
  { value: "end_time", label: "Ended" },
  { value: "duration", label: "Duration" },
  { value: "message_count", label: "Messages" },
  { value: "total_tokens", label: "Tokens" },
  { value: "user_id", label: "User" },
] as const;
export type Sort = (typeof SORTS)[number]["value"];

/** What the list is asked for. Days are of this place, "" where there is none. */
export interface Filters {
  readonly userId: string;
  readonly status: "" | "active" | "ended";
  readonly assisted: "" | "true" | "false";
  readonly help: "" | "true" | "false";
  readonly from: string;
  readonly to: string;
  readonly sort: Sort;
  readonly isDescending: boolean;
}

export const NO_FILTERS: Filters = {
  userId: "",
  status: "",
  assisted: "",
  help: "",
  from: "",
  to: "",
  sort: "last_activity",
  isDescending: true,
};

/** How many of the filters narrow the list. */
export function narrowing({ userId, status, assisted, help, from, to }: Filters): number {
  return [userId, status, assisted, help, from, to].filter((value) => value !== "").length;
}

export function queryOf(filters: Filters): Query {
  const { userId, status, assisted, help, from, to, sort, isDescending } = filters;
  return {
    user_id: userId.trim(),
    status,
    admin_assisted: assisted,
    help_requested: help,
    start_time_from: momentOf(from, 0),
    // The last millisecond of the day, also of one with 23 hours.
    start_time_to: momentOf(to, 1),
    sort_by: sort,
    sort_order: isDescending ? "desc" : "asc",
  };
}

/** The service takes a bare day as one of UTC; who chooses one means their own. */
function momentOf(day: string, daysOn: 0 | 1): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const ms = new Date(year, month - 1, date + daysOn).getTime() - daysOn;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
