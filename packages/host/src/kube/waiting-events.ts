import { eventNamespace, objectOf, type Said } from "./event-draft.ts";

const MOST_WAITING = 20_000;
/** Of one object what was said last, in the order of its saying. */
const MOST_OF_OBJECT = 25;

/** What waits in one namespace, oldest first. */
interface Party<E> {
  readonly namespace: string;
  readonly all: Set<E>;
  /** Those that may be written now. */
  readonly due: Set<E>;
}

/**
 * Events that wait to be written. Namespaces take turns, and where too many wait the one that has most
 * loses its oldest: who says very much is late and incomplete to himself alone. A step costs the same
 * however many namespaces there are.
 */
export class WaitingEvents<E extends { readonly said: Said }> {
  readonly #parties = new Map<string, Party<E>>();
  /** Those with something due, in the order of their turns. */
  readonly #turns = new Set<Party<E>>();
  /** By how many of theirs wait; the last one is not empty. */
  readonly #bySize: Set<Party<E>>[] = [];
  readonly #byObject = new Map<string, Set<E>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(event: E): boolean {
    return this.#partyOf(event)?.all.has(event) === true;
  }

  /** It waits from now on, and is due. Returns those that wait no more for its sake. */
  add(event: E): E[] {
    const namespace = eventNamespace(event.said);
    const party = this.#partyOf(event) ?? { namespace, all: new Set(), due: new Set() };
    this.#parties.set(namespace, party);
    const object = objectOf(event.said);
    const ofObject = this.#byObject.get(object) ?? new Set();
    this.#byObject.set(object, ofObject.add(event));
    if (!party.all.has(event)) this.#resize(party, () => party.all.add(event));
    this.resume(event);
    return [
      ...(ofObject.size > MOST_OF_OBJECT ? this.#giveUp(ofObject) : []),
      ...(this.#size > MOST_WAITING ? this.#giveUp(this.#longest()) : []),
    ];
  }

  /** It goes on waiting, and is not due until it is resumed. */
  pause(event: E): void {
    const party = this.#partyOf(event);
    party?.due.delete(event);
    if (party?.due.size === 0) this.#turns.delete(party);
  }

  resume(event: E): void {
    const party = this.#partyOf(event);
    if (party?.all.has(event) !== true) return;
    party.due.add(event);
    this.#turns.add(party);
  }

  delete(event: E): void {
    const party = this.#partyOf(event);
    if (party?.all.has(event) !== true) return;
    this.pause(event);
    this.#resize(party, () => party.all.delete(event));
    const object = objectOf(event.said);
    const ofObject = this.#byObject.get(object);
    ofObject?.delete(event);
    if (ofObject?.size === 0) this.#byObject.delete(object);
  }

  /** The first of whose turn it is; it goes on waiting, and others have theirs before his next. */
  next(): E | undefined {
    const [party] = this.#turns;
    if (party === undefined) return undefined;
    this.#turns.delete(party);
    this.#turns.add(party);
    const [event] = party.due;
    return event;
  }

  clear(): void {
    for (const all of [this.#parties, this.#turns, this.#byObject]) all.clear();
    this.#bySize.length = 0;
    this.#size = 0;
  }

  #partyOf({ said }: E): Party<E> | undefined {
    return this.#parties.get(eventNamespace(said));
  }

  #longest(): Iterable<E> {
    const [party] = this.#bySize.at(-1) ?? [];
    return party?.all ?? [];
  }

  #giveUp([oldest]: Iterable<E>): E[] {
    if (oldest === undefined) return [];
    this.delete(oldest);
    return [oldest];
  }

  #resize(party: Party<E>, change: () => void): void {
    const before = party.all.size;
    this.#bySize[before]?.delete(party);
    change();
    const after = party.all.size;
    this.#size += after - before;
    if (after > 0) (this.#bySize[after] ??= new Set()).add(party);
    else this.#parties.delete(party.namespace);
    while (this.#bySize.length > 0 && (this.#bySize.at(-1)?.size ?? 0) === 0) this.#bySize.pop();
  }
}
