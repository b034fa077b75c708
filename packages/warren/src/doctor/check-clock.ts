import { fail, note, ok, warn, type Finding } from "./finding.ts";

/** A Date header has whole seconds, and was written some time before it is read. */
const EXACT_MS = 5_000;
/** Tokens and certificates begin to be refused. */
const WRONG_MS = 60_000;
const NTP = "set the clock by NTP on the machine that is wrong (`timedatectl`, `chronyc tracking`)";

/** This clock against another's Date header (RFC 9110 §6.6.1). `nowMs`: epoch milliseconds. */
export function checkClock(whose: string, date: string | undefined, nowMs: number): Finding {
  const check = `clock of ${whose}`;
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs))
    return note(check, "says no date, so nothing to compare", "compare `date -u` on both by hand");
  const aheadMs = theirs - nowMs;
  const apart = `${Math.abs(aheadMs / 1_000).toFixed(0)} s`;
  const said = `${apart} ${aheadMs > 0 ? "ahead of" : "behind"} this machine's`;
  if (Math.abs(aheadMs) > WRONG_MS) return fail(check, said, NTP);
  return Math.abs(aheadMs) > EXACT_MS ? warn(check, said, NTP) : ok(check, "the same as here");
}
