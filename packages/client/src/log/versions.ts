/** Who has what: of each origin, the number up to which nothing is missing. */
export type Versions = Readonly<Record<string, number>>;

/** Where an entry stands: dense from 1 in each session and origin. */
export interface Position {
  readonly origin: string;
  readonly number: number;
}

export function numberOf(versions: Versions, origin: string): number {
  return Object.hasOwn(versions, origin) ? versions[origin]! : 0;
}

export function has(versions: Versions, { origin, number }: Position): boolean {
  return number <= numberOf(versions, origin);
}

/** The least that has all of both. */
export function merged(a: Versions, b: Versions): Versions {
  const all: Record<string, number> = { ...a };
  for (const origin of Object.keys(b)) {
    all[origin] = Math.max(numberOf(a, origin), numberOf(b, origin));
  }
  return all;
}
