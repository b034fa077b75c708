import type { MuxStream } from "./stream.ts";

const LEAST_SLOTS = 16;
/** A table no larger than this is kept as it is: making it anew costs more than 8 KiB are worth. */
const KEPT_SLOTS = 1_024;

/**
 * Streams by their ids: open addressing with linear probing, at most half full. Not a Map: each time
 * V8 makes a Map's table anew, which short-lived streams cause every few dozen requests, the old table
 * keeps pointing to the new one. Once one has grown old, every table after it and every stream in
 * them outlives its youth too: seen to make each small collection of a busy gateway copy a tenth of
 * what was made since the last, 2-4 ms instead of 0.4.
 *
 * Ids are chosen by whoever opens, and could be chosen to fall on one place: a gateway lets agents
 * open no streams, and those whose streams an agent accepts are its own gateways.
 */
export class StreamTable {
  #slots: (MuxStream | undefined)[] = emptySlots(LEAST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): MuxStream | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = homeOf(id, mask); ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** Adds a stream whose id is not there. */
  add(stream: MuxStream): void {
    this.#size++;
    if (this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    put(this.#slots, stream);
  }

  /** False when no stream has this id. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = homeOf(id, mask);
    for (; slots[gap]?.id !== id; gap = (gap + 1) & mask)
      if (slots[gap] === undefined) return false;
    // What was put further on because this place was taken moves up.
    for (let at = (gap + 1) & mask; slots[at] !== undefined; at = (at + 1) & mask) {
      const home = homeOf(slots[at]!.id, mask);
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      slots[gap] = slots[at];
      gap = at;
    }
    slots[gap] = undefined;
    this.#size--;
    if (slots.length > KEPT_SLOTS && this.#size * 8 < slots.length) this.#resize(slots.length / 2);
    return true;
  }

  clear(): void {
    this.#slots = emptySlots(LEAST_SLOTS);
    this.#size = 0;
  }

  /** Those that are there now and still are when it is their turn. */
  *values(): IterableIterator<MuxStream> {
    for (const stream of this.#slots.slice())
      if (stream !== undefined && this.get(stream.id) === stream) yield stream;
  }

  #resize(length: number): void {
    const slots = emptySlots(length);
    for (const stream of this.#slots) if (stream !== undefined) put(slots, stream);
    this.#slots = slots;
  }
}

/** 2^32 divided by the golden ratio: ids that follow each other come to lie far apart. */
const SPREAD = 0x9e37_79b1;

/**
 * Where the search for an id begins in a table of `mask + 1` slots. Not where its number says: streams
 * that stay were opened in a row, and would be a wall of thousands of slots that each newcomer whose
 * turn it is to fall there, and each search for it, has to go along.
 */
export function homeOf(id: number, mask: number): number {
  return (Math.imul(id, SPREAD) >>> 8) & mask;
}

/** The slots' number is a power of two. */
function put(slots: (MuxStream | undefined)[], stream: MuxStream): void {
  const mask = slots.length - 1;
  let at = homeOf(stream.id, mask);
  while (slots[at] !== undefined) at = (at + 1) & mask;
  slots[at] = stream;
}

function emptySlots(length: number): (MuxStream | undefined)[] {
  return Array.from<undefined>({ length }).fill(undefined);
}
