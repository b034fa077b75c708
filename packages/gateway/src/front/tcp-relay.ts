import type { Socket } from "node:net";
import type { Stream } from "@warren/tunnel";
import { FLOOR_BYTES, WireError } from "@warren/wire";
import type { Errand, Opened } from "../ports.ts";
import { moveOn } from "../tunnels/moved.ts";
import type { FrontContext } from "./front-context.ts";
import { RawRelay } from "./raw-relay.ts";

/** Refusals in a row that no wait came between end a connection; the dispatcher ends it by the clock. */
const MOST_MOVES = 64;
/** What nobody has read: at most its stream's floor, and one read beyond that. */
const REMEMBERED_BYTES = FLOOR_BYTES + 131_072;

export interface TcpParts {
  errand: Errand;
  opened: Opened;
  /** The errand as it is now; rejects when it leads nowhere any more. */
  again: (errand: Errand) => Promise<Errand>;
}

/** A connection to a tcp or passthrough route. */
export class TcpRelay extends RawRelay {
  readonly #again: TcpParts["again"];
  #errand: Errand;
  readonly #openedAt: number;
  #opened: Opened;
  #bytesIn = 0;
  #bytesOut = 0;
  #moves = 0;
  #error: WireError | undefined;
  /** What was passed on before the service said anything, in case nobody read it. */
  #sent: Uint8Array[] | undefined = [];

  constructor(context: FrontContext, socket: Socket, { errand, opened, again }: TcpParts) {
    const { stream } = opened;
    super(context, socket, { stream, protocol: "tcp", framed: "unframed", rest: undefined });
    this.#again = again;
    this.#errand = errand;
    this.#opened = opened;
    this.#openedAt = context.now();
    context.deps.events.tcpOpened(opened.clusterUuid);
  }

  start(): void {
    this.begin(undefined);
  }

  override onBytes(chunk: Uint8Array, kept: boolean): void {
    const own = kept ? chunk : Buffer.from(chunk);
    this.#bytesIn += own.length;
    if (this.#bytesIn > REMEMBERED_BYTES) this.#sent = undefined;
    else this.#sent?.push(own);
    super.onBytes(own, true);
  }

  override onData(stream: Stream, chunk: Uint8Array): void {
    this.#bytesOut += chunk.length;
    this.#sent = undefined;
    super.onData(stream, chunk);
  }

  override onReset(stream: Stream, error: WireError): void {
    if (error.code !== "refused" || this.#sent === undefined || ++this.#moves > MOST_MOVES) {
      this.#error = error;
      return super.onReset(stream, error);
    }
    this.pause(); // nothing may come while there is nobody to give it to
    void this.#move(this.#sent).catch((reason: unknown) => {
      this.#error = WireError.from(reason);
      this.abort();
    });
  }

  override onClosed(): void {
    super.onClosed();
    const { context } = this;
    context.deps.events.tcpClosed({
      clusterUuid: this.#opened.clusterUuid,
      route: this.#opened.entry.key,
      address: this.#errand.client.address,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      durationMs: context.now() - this.#openedAt,
      error: this.#error,
    });
  }

  async #move(sent: readonly Uint8Array[]): Promise<void> {
    const { deps } = this.context;
    moveOn(this.#errand, this.#opened, this.context.now());
    this.#errand = await this.#again(this.#errand);
    const opened = await deps.dispatch.open(this.#errand);
    if (!this.socket.destroyed) {
      deps.events.tcpMoved(this.#opened.clusterUuid, opened.clusterUuid);
      this.#opened = opened;
    }
    this.joined(opened.stream, sent);
  }
}
