const FIRST_MS = 500;
const MOST_MS = 20_000;

/** Full jitter: anything up to a bound that doubles with each failure in a row. `failures` from 0. */
export function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(MOST_MS, FIRST_MS * 2 ** failures);
}
