import type { Seen } from "@warren/agent";
import { KIND } from "@warren/wire";
import { printable } from "../cli/table.ts";
import type { Paint, Style } from "../cli/terminal.ts";

const METHOD_WIDTH = 7;
const PATH_WIDTH = 48;

/** One finished request for people: `GET     /path    200    12 ms`. */
export function liveLine(seen: Seen, paint: Paint): string {
  const { method, target } = requestOf(seen);
  const shown = target.length > PATH_WIDTH ? `${target.slice(0, PATH_WIDTH - 1)}…` : target;
  const answer = seen.status === 0 ? "-" : String(seen.status);
  const status = paint(styleOf(seen), answer.padEnd(3));
  const took = paint("dim", duration(seen.durationMs).padStart(8));
  const error = seen.error === undefined ? "" : `  ${paint("red", seen.error)}`;
  return `${method.padEnd(METHOD_WIDTH)} ${shown.padEnd(PATH_WIDTH)} ${status} ${took}${error}`;
}

/** The same for programs. */
export function liveRecord(seen: Seen): object {
  const { method, target } = requestOf(seen);
  const { status, error, durationMs } = seen;
  return { method, path: target, status, duration_ms: Math.round(durationMs * 10) / 10, error };
}

/** Of a connection without requests, who it came from: `PROXY TCP4 192.0.2.1 ...` is its line. */
function requestOf({ kind, line }: Seen): { method: string; target: string } {
  const [first = "", second = "", third = ""] = printable(line).split(" ");
  if (kind !== KIND.tcp) return { method: first, target: second };
  return { method: "TCP", target: first === "PROXY" ? `from ${third}` : "" };
}

function styleOf({ status, error }: Seen): Style {
  if (error !== undefined || status >= 500) return "red";
  if (status >= 400) return "yellow";
  return status >= 300 ? "cyan" : "green";
}

function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}
