/** Times and lengths of time as people say them, in their language. */
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

/** "3 min. ago", "yesterday"; a date where it is longer ago than a week. */
export function ago(time: string, nowMs: number): string {
  const atMs = Date.parse(time);
  const seconds = Math.round((atMs - nowMs) / 1_000);
  const length = Math.abs(seconds);
  if (length < 45) return "just now";
  if (length < HOUR) return relative.format(Math.round(seconds / MINUTE), "minute");
  if (length < DAY) return relative.format(Math.round(seconds / HOUR), "hour");
  if (length < 7 * DAY) return relative.format(Math.round(seconds / DAY), "day");
  return new Date(atMs).toLocaleDateString(undefined, { dateStyle: "medium" });
}

export function inFull(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** "42 s", "7 min", "3 h 05", "2 d 4 h". */
export function lengthOf(seconds: number): string {
  if (seconds < MINUTE) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return `${Math.floor(seconds / HOUR)} h ${String(minutes).padStart(2, "0")}`;
  }
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

/** "820 ms", "3.4 s". */
export function shortLengthOf(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** "1.2K", "34M". */
export function compact(count: number): string {
  return new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 }).format(
    count,
  );
}

/** Under which heading a day is in a list: "Today", "Yesterday", "Last 7 days", or its month. */
export function dayGroup(time: string, nowMs: number): string {
  const days = Math.floor((dayOf(nowMs) - dayOf(Date.parse(time))) / (DAY * 1_000) + 0.5);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Last 7 days";
  return new Date(time).toLocaleDateString(undefined, { month: "long", year: "numeric" });
}

/** The midnight before, here. */
function dayOf(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}
