const COMPONENT = /(\d{1,5})(h|ms|m|s)/g;
const DURATION = /^(\d{1,5}(h|m|s|ms)){1,4}$/;
const MILLISECONDS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a duration as Gateway API writes it (GEP-2257); undefined when it is none. */
export function durationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(COMPONENT))
    sum += Number(count) * MILLISECONDS[unit!]!;
  return sum;
}
