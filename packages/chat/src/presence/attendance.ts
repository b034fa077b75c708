import type { Clock } from "@warren/host";
import { once } from "../live/once.ts";
import type { Listener } from "../live/room.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Viewer } from "../sessions/viewer.ts";
import { peopleOf, type People } from "./people.ts";

/** Whoever is back within this was not away: a page that is loaded again, a phone between two networks. */
export const LINGER_MS = 4_000;

interface Person {
  viewer: Viewer;
  devices: number;
  forgetLeaving: (() => void) | undefined;
}

export interface AttendanceOptions {
  key: SessionKey;
  clock: Clock;
  /** Somebody is there who was not, or is there no more. */
  changed: () => void;
}

/** Who follows one session on this instance. */
export class Attendance {
  readonly key: SessionKey;
  /** By the clock. */
  readonly sinceMs: number;
  /** What all who follow it were told last, but for newcomers: admins, and users. */
  told: { readonly admins: string; readonly users: string } | undefined;
  readonly #options: AttendanceOptions;
  readonly #people = new Map<string, Person>();
  /** None nearly always. */
  #newcomers: Set<Listener> | undefined;

  constructor(options: AttendanceOptions) {
    this.#options = options;
    this.key = options.key;
    this.sinceMs = options.clock.now();
  }

  /** One of somebody's devices follows it, until the returned function is called. */
  enter(viewer: Viewer): () => void {
    const known = this.#people.get(viewer.userId);
    const person = known ?? { viewer, devices: 0, forgetLeaving: undefined };
    person.viewer = viewer;
    person.devices += 1;
    person.forgetLeaving?.();
    person.forgetLeaving = undefined;
    this.#people.set(viewer.userId, person);
    if (known === undefined) this.#options.changed();
    return once(() => this.#left(person));
  }

  /** It is to be told how things stand. */
  welcome(listener: Listener): void {
    this.#newcomers ??= new Set();
    this.#newcomers.add(listener);
  }

  takeNewcomers(): readonly Listener[] {
    const newcomers = [...(this.#newcomers ?? [])];
    this.#newcomers = undefined;
    return newcomers;
  }

  get people(): People {
    const viewers = this.#people.values().map(({ viewer }) => viewer);
    return peopleOf(viewers, this.key.userId);
  }

  get hasAdmins(): boolean {
    return this.#people.keys().some((userId) => userId !== this.key.userId);
  }

  get isEmpty(): boolean {
    return this.#people.size === 0;
  }

  #left(person: Person): void {
    person.devices -= 1;
    if (person.devices > 0) return;
    const { clock, changed } = this.#options;
    person.forgetLeaving = clock.after(LINGER_MS, () => {
      this.#people.delete(person.viewer.userId);
      changed();
    });
  }
}
