import type { Viewer } from "../sessions/viewer.ts";

export interface PresentAdmin {
  readonly id: string;
  readonly name: string;
}

/** Who follows a session, on however many devices. */
export interface People {
  readonly isUserHere: boolean;
  /** By name, at most `MOST_ADMINS`. */
  readonly admins: readonly PresentAdmin[];
}

/** The same as it is told. */
export interface ShownPeople extends People {
  readonly isAdminHere: boolean;
}

/** More than anybody would read: what is told of a session with a thousand lookers-on is no longer than this. */
export const MOST_ADMINS = 20;
const MOST_OF_NAME = 100;

export const NOBODY: People = { isUserHere: false, admins: [] };
export const THE_USER: People = { isUserHere: true, admins: [] };

/** The owner is a user also where their token says that they are an admin. */
export function peopleOf(viewers: Iterable<Viewer>, ownerId: string): People {
  const admins: PresentAdmin[] = [];
  let isUserHere = false;
  for (const { userId: id, name } of viewers) {
    if (id === ownerId) isUserHere = true;
    else admins.push({ id, name: name.slice(0, MOST_OF_NAME) });
  }
  if (admins.length === 0) return isUserHere ? THE_USER : NOBODY;
  return { isUserHere, admins: first(admins) };
}

/** All who are in one of both. */
export function together(one: People, other: People): People {
  if (other === NOBODY) return one;
  const admins = new Map([...other.admins, ...one.admins].map((admin) => [admin.id, admin]));
  return { isUserHere: one.isUserHere || other.isUserHere, admins: first([...admins.values()]) };
}

function first(admins: readonly PresentAdmin[]): readonly PresentAdmin[] {
  return admins.toSorted(byName).slice(0, MOST_ADMINS);
}

function byName(a: PresentAdmin, b: PresentAdmin): number {
  const [one, other] = [`${a.name}\n${a.id}`, `${b.name}\n${b.id}`];
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
