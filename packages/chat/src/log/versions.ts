/** Who has what: of each origin, the highest number up to which nothing is missing. */
export type Versions = Readonly<Record<string, number>>;

/** Where an entry stands: dense from 1 in each session and origin. */
export interface Position {
  readonly origin: string;
  readonly number: number;
}

export const NO_VERSIONS: Versions = Object.freeze({});

export function numberOf(versions: Versions, origin: string): number {
  return Object.hasOwn(versions, origin) ? versions[origin]! : 0;
}

export function has(versions: Versions, { origin, number }: Position): boolean {
  return number <= numberOf(versions, origin);
}

/** True if this is the next entry of its origin: only then may it be added. */
export function isNext(versions: Versions, { origin, number }: Position): boolean {
  return number === numberOf(versions, origin) + 1;
}

export function including(versions: Versions, { origin, number }: Position): Versions {
  return { ...versions, [origin]: Math.max(number, numberOf(versions, origin)) };
}

/** The least that has all of both. */
export function merged(a: Versions, b: Versions): Versions {
  const all: Record<string, number> = { ...a };
  for (const [origin, number] of Object.entries(b)) {
    all[origin] = Math.max(number, numberOf(a, origin));
  }
  return all;
}

/** True if `a` has all that `b` has. */
export function covers(a: Versions, b: Versions): boolean {
  return Object.entries(b).every(([origin, number]) => numberOf(a, origin) >= number);
}

export function isSame(a: Versions, b: Versions): boolean {
  return covers(a, b) && covers(b, a);
}
