import type { Stream, StreamOwner } from "@warren/tunnel";
import { WireError } from "@warren/wire";

/** What one side may have said that the other has not passed on: a stream's floor, four times. */
export const WINDOW_BYTES = 65_536;

export interface PairDeps {
  /** Of the opener's end. The other end's owner is set by who accepts it. */
  owner: StreamOwner;
  /** Hears the accepter's first head. */
  onHead: () => void;
  /** What the opener hears in place of an error with which the accepter ends the stream. */
  onReset: (error: WireError) => WireError;
  /** Both directions have ended, or the stream was reset; said once. */
  onOver: () => void;
  /** A bug: an owner threw at what it heard. That costs its stream. */
  broke: (reason: unknown) => void;
}

/**
 * Two ends of a stream that stays in this process, as a tunnel's would be: in order, with credit each
 * way, and never heard of within the call that says it. An owner has therefore been told of its
 * stream before the stream tells it anything.
 */
export function streamPair(deps: PairDeps): { near: Stream; far: Stream } {
  const near = new End(deps.owner, deps);
  const far = new End(SILENT, deps);
  near.peer = far;
  far.peer = near;
  far.watch = deps;
  return { near, far };
}

type Said = (owner: StreamOwner) => void;

class End implements Stream {
  readonly id = 0;
  readonly departed = true;
  readonly attached = true;
  owner: StreamOwner;
  peer!: End;
  /** Set on the accepter's end. */
  watch: Pick<PairDeps, "onHead" | "onReset"> | undefined;
  readonly #deps: Pick<PairDeps, "onOver" | "broke">;
  #heard: Said[] = [];
  #telling = false;
  /** Bytes said that the peer has not passed on. */
  #owed = 0;
  #blocked = false;
  /** This side has said all. */
  #ended = false;
  /** The peer reads no more. */
  #unheard = false;
  #gone = false;

  constructor(owner: StreamOwner, deps: Pick<PairDeps, "onOver" | "broke">) {
    this.owner = owner;
    this.#deps = deps;
  }

  get open(): boolean {
    return !this.#gone && !(this.#ended && this.peer.#ended);
  }
  get writable(): boolean {
    return this.#owed < WINDOW_BYTES;
  }

  head(block: Uint8Array, end: boolean): void {
    this.watch?.onHead();
    this.#say((owner) => owner.onHead(this.peer, block));
    if (end) this.end();
  }

  write(chunk: Uint8Array, end: boolean): boolean {
    if (chunk.length > 0 && !this.#ended && !this.#gone && !this.#unheard) {
      this.#owed += chunk.length;
      this.#say((owner) => this.peer.#take(owner, chunk));
    }
    if (end) this.end();
    this.#blocked = !this.writable;
    return !this.#blocked;
  }

  trailers(block: Uint8Array): void {
    this.#say((owner) => owner.onTrailers(this.peer, block));
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#say((owner) => owner.onEnd(this.peer));
    this.#ended = true;
    if (this.peer.#ended && !this.#gone) this.#deps.onOver();
  }

  reset(error: WireError): void {
    if (!this.open) return;
    const told = this.watch?.onReset(error) ?? error;
    const { peer } = this;
    this.#gone = peer.#gone = true;
    this.#heard = [];
    peer.#heard = [(owner) => owner.onReset(peer, told)];
    peer.#tellSoon();
    this.#deps.onOver();
  }

  stop(): void {
    if (this.#gone || this.peer.#unheard) return;
    this.peer.#unheard = true;
    this.peer.#owed = 0;
    this.#say((owner) => owner.onStopped(this.peer));
  }

  consumed(bytes: number): void {
    const { peer } = this;
    peer.#owed = Math.max(0, peer.#owed - bytes);
    if (!peer.#blocked || !peer.writable || peer.#gone) return;
    peer.#blocked = false;
    peer.#hear((owner) => owner.onWritable(peer));
  }

  #take(owner: StreamOwner, chunk: Uint8Array): void {
    if (!this.peer.#unheard) owner.onData(this, chunk);
  }

  #say(said: Said): void {
    if (!this.#ended && !this.#gone) this.peer.#hear(said);
  }

  #hear(said: Said): void {
    this.#heard.push(said);
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(() => this.#tell());
  }

  #tell(): void {
    try {
      for (let said = this.#heard.shift(); said !== undefined; said = this.#heard.shift())
        said(this.owner);
    } catch (reason) {
      this.#deps.broke(reason);
      this.#giveUp(new WireError("internal", "internal error", { cause: reason }));
    } finally {
      this.#telling = false;
    }
  }

  /** Its owner may hold a connection for it: it hears of the end as the peer does. */
  #giveUp(error: WireError): void {
    this.#heard = [];
    if (!this.open) return;
    this.reset(error);
    setImmediate(() => {
      try {
        this.owner.onReset(this, error);
      } catch (reason) {
        this.#deps.broke(reason);
      }
    });
  }
}

/** Nobody has accepted the stream yet: nothing is told before someone has, in the same turn. */
const SILENT: StreamOwner = {
  onHead() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onReset() {},
  onWritable() {},
  onStopped() {},
};
