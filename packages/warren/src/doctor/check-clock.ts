import { fail, ok, warn, type Finding } from "./finding.ts";

/** A Date header has whole seconds, and was written some time before it is read. */
const EXACT_MS = 5_000;
/** Tokens and certificates begin to be refused. */
const WRONG_MS = 60_000;

/** This clock against another's Date header (RFC 9110 §6.6.1). `nowMs`: epoch milliseconds. */
export function checkClock(whose: string, date: string | undefined, nowMs: number): Finding {
  const check = `clock of ${whose}`;
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return ok(check, "says no date, so nothing to compare");
  const apartMs = nowMs - theirs;
  const said = `${Math.abs(apartMs / 1_000).toFixed(0)} s ${apartMs < 0 ? "ahead of" : "behind"} this machine's`;
  const todo =
    "set the clock by NTP on the machine that is wrong (`timedatectl`, `chronyc tracking`)";
  if (Math.abs(apartMs) > WRONG_MS) return fail(check, said, todo);
  return Math.abs(apartMs) > EXACT_MS ? warn(check, said, todo) : ok(check, "the same as here");
}
