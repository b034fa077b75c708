import type { Condition } from "./objects.ts";

/** A condition as a translation says it: when it changed is for the writer to know. */
export interface Said {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

export interface When {
  /** `metadata.generation` of the object that was looked at. */
  readonly generation: number;
  /** RFC 3339. */
  readonly now: string;
}

/** metav1.Condition allows so many characters. */
const MOST_MESSAGE_CHARS = 32_768;

export function yes(type: string, reason: string, message: string): Said {
  return { type, status: "True", reason, message };
}
export function no(type: string, reason: string, message: string): Said {
  return { type, status: "False", reason, message };
}

/**
 * What an object's conditions become. Conditions of other writers stay, in their place; ours that
 * `owned` lists and `said` has not are taken away; what says the same as before stays as it is, and
 * `lastTransitionTime` changes with `status` alone. One that observed a later generation than
 * ours is left alone: we looked at an old copy, and shall look again (Gateway API, notes for
 * implementors of GatewayStatus).
 */
export function mergeConditions(
  before: readonly Condition[],
  said: readonly Said[],
  { owned, when }: { owned: readonly string[]; when: When },
): Condition[] {
  const left = new Map(said.map((one) => [one.type, one]));
  const kept = before.flatMap((old): Condition[] => {
    const news = left.get(old.type);
    left.delete(old.type);
    if ((old.observedGeneration ?? 0) > when.generation) return [old];
    if (news !== undefined) return [merged(old, news, when)];
    return owned.includes(old.type) ? [] : [old];
  });
  return [...kept, ...[...left.values()].map((one) => merged(undefined, one, when))];
}

function merged(old: Condition | undefined, news: Said, { generation, now }: When): Condition {
  const lastTransitionTime = old?.status === news.status ? old.lastTransitionTime : now;
  const { type, status, reason } = news;
  const message = news.message.slice(0, MOST_MESSAGE_CHARS);
  return { type, status, reason, message, observedGeneration: generation, lastTransitionTime };
}
