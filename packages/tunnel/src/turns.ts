import type { MuxStream } from "./stream.ts";

/** After so many turns of streams with little to say, one of the others is served. */
const SPARSE_IN_A_ROW = 8;

/** A queue of streams linked through themselves: entering and leaving allocates nothing. */
class Line {
  #first: MuxStream | undefined;
  #last: MuxStream | undefined;

  push(stream: MuxStream): void {
    stream.next = undefined;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.next = stream;
    this.#last = stream;
  }

  shift(): MuxStream | undefined {
    const stream = this.#first;
    if (stream === undefined) return undefined;
    this.#first = stream.next;
    if (this.#first === undefined) this.#last = undefined;
    stream.next = undefined;
    return stream;
  }

  get empty(): boolean {
    return this.#first === undefined;
  }

  get single(): boolean {
    return this.#first !== undefined && this.#first === this.#last;
  }
}

/**
 * Whose turn it is to send. Streams with little queued (a head, a chat message) go before bulk
 * senders, as sparse flows do in FQ-CoDel (RFC 8290 §4.1); bulk senders take turns among
 * themselves, and are served at least every ninth turn, so that nothing starves.
 */
export class Turns {
  readonly #sparse = new Line();
  readonly #bulk = new Line();
  #row = 0;

  /** Enters a stream that may send and is not in line yet. */
  enter(stream: MuxStream, sparse: boolean): void {
    stream.inLine = true;
    (sparse ? this.#sparse : this.#bulk).push(stream);
  }

  /** Whose turn it is; `bulk` says whether there is room for a bulk sender's slice. */
  next(bulk: boolean): MuxStream | undefined {
    const bulkIsDue = bulk && this.#row >= SPARSE_IN_A_ROW && !this.#bulk.empty;
    const sparse = bulkIsDue ? undefined : this.#sparse.shift();
    if (sparse !== undefined) this.#row++;
    else if (bulk) this.#row = 0;
    const stream = sparse ?? (bulk ? this.#bulk.shift() : undefined);
    if (stream !== undefined) stream.inLine = false;
    return stream;
  }

  get empty(): boolean {
    return this.#sparse.empty && this.#bulk.empty;
  }

  /** True when others wait: slices are kept small then. */
  get contended(): boolean {
    return !this.empty;
  }
}
