import type { Clock } from "@warren/host";
import type { Listener, Passing } from "../live/room.ts";
import type { SessionKey } from "../log/entry.ts";
import { Attendance } from "./attendance.ts";
import { NOBODY, together, type People, type ShownPeople } from "./people.ts";

export interface PresencesOptions {
  clock: Clock;
  /** Other instances may be there. */
  isShared: boolean;
  /** The admin who has the session; undefined: none has. */
  holder: (key: SessionKey) => Promise<string | undefined>;
  /** To all who follow it here. */
  pass: (sessionId: string, event: Passing) => void;
  /** Who has a session could not be read: it is tried again. */
  failed: (cause: unknown) => void;
}

/** What an instance says of sessions to the others: those that admins follow, here or there. */
export type Attended = Readonly<Record<string, People>>;

/** What changes within this is told together. */
export const TELL_MS = 250;
/** By then every other instance has said whether it has somebody: twice the time of asking and answering. */
export const SETTLE_MS = 5_000;
/** Sessions that one instance speaks of: with names some 50 kilobytes at the most. */
export const MOST_ATTENDED = 500;

/**
 * Who is there in the sessions that are followed here.
 *
 * 1. An instance says with its lease which sessions admins follow on it, and of those that others named so
 *    whom it has: a handful, however many sessions there are. What it said dies with its lease.
 * 2. That somebody is not there is told once the other instances have had the time to say otherwise.
 * 3. All who follow a session are told when it changes; who comes when nothing changes is told alone.
 * 4. Users are told that an admin is there and the name of the one who answers: not who looks on, nor how many.
 */
export class Presences implements Disposable {
  readonly #options: PresencesOptions;
  readonly #sessions = new Map<string, Attendance>();
  /** Those of them in which admins are. */
  readonly #withAdmins = new Set<string>();
  readonly #due = new Set<string>();
  /** Told of when the others have had their time. */
  readonly #unsure = new Set<string>();
  #elsewhere: ReadonlyMap<string, People> = new Map();
  #areOthers: boolean;
  #forgetTelling: (() => void) | undefined;
  #telling: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(options: PresencesOptions) {
    this.#options = options;
    this.#areOthers = options.isShared;
  }

  /** A listener follows the session, until the returned function is called. */
  enter(key: SessionKey, listener: Listener): () => void {
    const leave = this.#of(key).enter(listener.viewer);
    this.welcome(key, listener);
    return leave;
  }

  /** It follows the session and is to be told how things stand. */
  welcome({ sessionId }: SessionKey, listener: Listener): void {
    this.#sessions.get(sessionId)?.welcome(listener);
    this.#isDue(sessionId);
  }

  /** Another has the session. */
  handed(sessionId: string): void {
    if (this.#sessions.has(sessionId)) this.#isDue(sessionId);
  }

  /** How many sessions somebody follows, or followed a moment ago. */
  get size(): number {
    return this.#sessions.size;
  }

  /** (1) */
  get attended(): Attended {
    const asked = this.#elsewhere
      .entries()
      .filter(([, { admins }]) => admins.length > 0)
      .map(([sessionId]) => sessionId);
    const named = new Set([...this.#withAdmins, ...asked]);
    const found = named
      .values()
      .map((sessionId) => [sessionId, this.#here(sessionId)] as const)
      .filter(([, people]) => people !== NOBODY)
      .take(MOST_ATTENDED);
    return Object.fromEntries(found);
  }

  /** What the other instances that live say, each second. */
  saw(others: readonly Attended[]): void {
    this.#areOthers = others.length > 0;
    const was = this.#elsewhere;
    const is = new Map<string, People>();
    for (const attended of others) {
      for (const [sessionId, people] of Object.entries(attended)) {
        is.set(sessionId, together(people, is.get(sessionId) ?? NOBODY));
      }
    }
    this.#elsewhere = is;
    for (const sessionId of [...was.keys(), ...is.keys()]) {
      const hasChanged = !isSame(was.get(sessionId), is.get(sessionId));
      if (hasChanged && this.#sessions.has(sessionId)) this.#isDue(sessionId);
    }
    for (const sessionId of this.#unsure) this.#isDue(sessionId);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#forgetTelling?.();
  }

  #of(key: SessionKey): Attendance {
    const { sessionId } = key;
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) return known;
    const { clock } = this.#options;
    const made = new Attendance({ key, clock, changed: () => this.#changed(made) });
    this.#sessions.set(sessionId, made);
    return made;
  }

  #changed(attendance: Attendance): void {
    const { sessionId } = attendance.key;
    if (attendance.hasAdmins) this.#withAdmins.add(sessionId);
    else this.#withAdmins.delete(sessionId);
    if (!attendance.isEmpty) return this.#isDue(sessionId);
    this.#sessions.delete(sessionId);
    this.#due.delete(sessionId);
    this.#unsure.delete(sessionId);
  }

  #here(sessionId: string): People {
    return this.#sessions.get(sessionId)?.people ?? NOBODY;
  }

  #isDue(sessionId: string): void {
    if (this.#isOver) return;
    this.#due.add(sessionId);
    this.#forgetTelling ??= this.#options.clock.after(TELL_MS, () => {
      this.#forgetTelling = undefined;
      this.#telling = this.#telling.then(() => this.#tellAll());
    });
  }

  async #tellAll(): Promise<void> {
    const due = [...this.#due].flatMap((sessionId) => this.#sessions.get(sessionId) ?? []);
    this.#due.clear();
    // Together: that a store is slow for one is nothing to the others.
    await Promise.all(due.map((attendance) => this.#tell(attendance)));
  }

  async #tell(attendance: Attendance): Promise<void> {
    const { key } = attendance;
    const { sessionId } = key;
    const people = together(attendance.people, this.#elsewhere.get(sessionId) ?? NOBODY);
    if (!this.#isSure(attendance, people)) return void this.#unsure.add(sessionId);
    this.#unsure.delete(sessionId);
    const holder = people.admins.length === 0 ? undefined : await this.#holderOf(key);
    const news = {
      forAdmins: { ...people, isAdminHere: people.admins.length > 0 },
      forUsers: shownToUsers(people, holder),
    };
    const told = {
      admins: JSON.stringify(news.forAdmins),
      users: JSON.stringify(news.forUsers),
    };
    const was = attendance.told;
    attendance.told = told;
    const newcomers = attendance.takeNewcomers();
    const event: Passing = { kind: "presence", ...news, isNewsToUsers: told.users !== was?.users };
    if (event.isNewsToUsers || told.admins !== was?.admins) this.#options.pass(sessionId, event);
    if (event.isNewsToUsers) return;
    for (const listener of newcomers) listener.passing({ ...event, isNewsToUsers: true });
  }

  /** (2) */
  #isSure({ sinceMs }: Attendance, { isUserHere, admins }: People): boolean {
    if (!this.#areOthers || (isUserHere && admins.length > 0)) return true;
    return this.#options.clock.now() - sinceMs >= SETTLE_MS;
  }

  /** Undefined as well where it cannot be read: then no admin is named to a user. */
  async #holderOf(key: SessionKey): Promise<string | undefined> {
    try {
      return await this.#options.holder(key);
    } catch (cause) {
      this.#options.failed(cause);
      this.#unsure.add(key.sessionId);
      return undefined;
    }
  }
}

/** (4) */
function shownToUsers({ isUserHere, admins }: People, holder: string | undefined): ShownPeople {
  const named = admins.filter(({ id }) => id === holder);
  return { isUserHere, isAdminHere: admins.length > 0, admins: named };
}

function isSame(one: People | undefined, other: People | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
