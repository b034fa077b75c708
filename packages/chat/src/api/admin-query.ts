import { ChatError } from "@warren/wire";
import { SORTS, type SessionQuery, type SortBy } from "../sessions/ports.ts";

type Said = Readonly<Record<string, string | undefined>>;

const DAY_MS = 86_400_000;
const LIMIT = 100;
const MOST = 1_000;
const MOST_OFFSET = 10_000;
const MOST_POINTS = 60;
const DATE = /^\d{4}-\d\d-\d\d$/;
/** RFC 3339 §5.6, with a zone: a time without one means something else to each reader. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Reads the query of the list of sessions; everything that is wrong with it is told by its name. */
export function readQuery(said: Said, nowMs: number): SessionQuery {
  return {
    userId: readUser(said["user_id"]),
    isActive: readStatus(said["status"]),
    adminAssisted: readFlag("admin_assisted", said["admin_assisted"]),
    helpOpen: readFlag("help_requested", said["help_requested"]),
    fromMs: readTime(said, ["start_time_from", "start_time"], 0),
    toMs: readTime(said, ["start_time_to", "end_time"], DAY_MS - 1),
    sortBy: readSort(said["sort_by"]),
    descending: readOrder(said["sort_order"]),
    limit: Math.min(readCount("limit", said["limit"], LIMIT) || LIMIT, MOST),
    from: readFrom(said),
    nowMs,
  };
}

/** The window of the metrics: the last day where nothing is said. */
export function readWindow(said: Said, nowMs: number): { fromMs: number; toMs: number } {
  const toMs = readTime(said, ["end_time"], DAY_MS - 1) ?? nowMs;
  const fromMs = readTime(said, ["start_time"], 0) ?? toMs - DAY_MS;
  if (fromMs > toMs) throw bad("end_time", "not before start_time");
  return { fromMs, toMs };
}

/** Into how many parts the window is cut, for a chart; 0: into none. */
export function readPoints(said: string | undefined): number {
  const count = readCount("points", said, 0);
  if (count > MOST_POINTS) throw bad("points", `at most ${MOST_POINTS}`);
  return count;
}

function readUser(said: string | undefined): string | undefined {
  if (said === undefined || said === "") return undefined;
  if (said.length > 255) throw bad("user_id", "at most 255 characters");
  return said;
}

function readStatus(said: string | undefined): boolean | undefined {
  if (said === undefined || said === "" || said === "all") return undefined;
  if (said === "active" || said === "ended") return said === "active";
  throw bad("status", "active, ended or all");
}

function readFlag(name: string, said: string | undefined): boolean | undefined {
  if (said === undefined || said === "") return undefined;
  if (said === "true" || said === "false") return said === "true";
  throw bad(name, "true or false");
}

/** A day means all of it, in UTC. `restMs`: what a day adds where it is an end. */
function readTime(said: Said, names: readonly string[], restMs: number): number | undefined {
  const name = names.find((one) => (said[one] ?? "") !== "");
  if (name === undefined) return undefined;
  const text = said[name]!;
  const isDay = DATE.test(text);
  const ms = isDay || TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw bad(name, "a time like 2026-01-31T12:00:00Z or a day like 2026-01-31");
  return isDay ? ms + restMs : ms;
}

function readSort(said: string | undefined): SortBy {
  const found = SORTS.find((one) => one === (said || "start_time"));
  if (found === undefined) throw bad("sort_by", `one of ${SORTS.join(", ")}`);
  return found;
}

function readOrder(said: string | undefined): boolean {
  if (said === undefined || said === "" || said === "desc") return true;
  if (said === "asc") return false;
  throw bad("sort_order", "asc or desc");
}

/** A whole number of the query; `without`: where nothing is said. */
export function readCount(name: string, said: string | undefined, without: number): number {
  if (said === undefined || said === "") return without;
  if (!/^\d{1,9}$/.test(said)) throw bad(name, "a whole number");
  return Number(said);
}

function readFrom(said: Said): SessionQuery["from"] {
  const cursor = said["cursor"];
  if (cursor !== undefined && cursor !== "") return { cursor };
  const offset = readCount("offset", said["offset"], 0);
  if (offset > MOST_OFFSET) throw bad("offset", `at most ${MOST_OFFSET}: go on with next_cursor`);
  return { offset };
}

function bad(name: string, expected: string): ChatError {
  return new ChatError("BAD_REQUEST", `${name} must be ${expected}`);
}
