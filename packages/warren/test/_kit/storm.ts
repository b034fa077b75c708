import { setTimeout as later } from "node:timers/promises";
import type { ServiceVerdict } from "./storm-service.ts";
import { pseudoRandomDigest } from "./pseudo-random.ts";
import { StormSocket } from "./storm-socket.ts";
import { download, TurnedAway, upload } from "./storm-transfer.ts";

export interface StormOptions {
  /** Where the traffic enters: a port of 127.0.0.1, and the Host to ask for. */
  entry: { port: number; host: string };
  /** The port of the storm's service itself, to ask for what it saw. */
  servicePort: number;
  sockets: number;
  /** Each socket says its next number so often. */
  everyMs: number;
  downloads: number;
  uploads: number;
  /** Of each transfer. */
  transferBytes: number;
  /** The pace of each transfer; Infinity: as fast as it goes. */
  bytesPerSecond: number;
  /** A transfer that has ended well is begun anew until `finish` is called. */
  repeat: boolean;
}

export interface StormProgress {
  /** Numbers sent and numbers heard back. */
  sent: number;
  echoed: number;
  downloads: number;
  uploads: number;
  transferredBytes: number;
  faults: number;
}

/** Nothing in `faults` and `service.faults`: every byte arrived once and in order. */
export interface StormVerdict extends StormProgress {
  all: string[];
  service: ServiceVerdict;
}

const OPENING_AT_ONCE = 32;
/** Bodies that differ; more of them would only take longer to prepare. */
const SEEDS = 4;
const TICK_MS = 10;

/**
 * Traffic that notices everything: numbered messages on many WebSockets, and bodies with a known
 * SHA-256 both ways. `startStorm` resolves when every socket is open and the transfers have begun;
 * `transfers` when they have ended, well or not; `finish` waits for them and for every echo.
 */
export class Storm implements Disposable {
  readonly #options: StormOptions;
  readonly #sockets: StormSocket[] = [];
  readonly #progress = { downloads: 0, uploads: 0, transferredBytes: 0 };
  readonly #faults: string[] = [];
  readonly #digests: string[] = [];
  readonly #stopped = new AbortController();
  #finishing = false;
  #ticker: NodeJS.Timeout | undefined;
  transfers: Promise<void> = Promise.resolve();

  constructor(options: StormOptions) {
    this.#options = options;
  }

  /** What went wrong so far on this side. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  get progress(): StormProgress {
    return {
      ...this.#progress,
      sent: sum(this.#sockets.map((socket) => socket.sent)),
      echoed: sum(this.#sockets.map((socket) => socket.echoed)),
      faults: this.#faults.length,
    };
  }

  async begin(): Promise<void> {
    const { downloads, uploads, transferBytes } = this.#options;
    // Before anything moves: it takes a core some tenth of a second each.
    for (let seed = 0; seed < Math.min(SEEDS, Math.max(downloads, uploads)); seed++) {
      this.#digests.push(pseudoRandomDigest(seed, transferBytes));
    }
    let next = 0;
    const openSome = async () => {
      while (next < this.#options.sockets) await this.#open(next++);
    };
    await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
    this.#talk();
    this.transfers = this.#transferAll();
  }

  /** Ends the talk, hears the last echoes and closes every socket. */
  async finish(): Promise<StormVerdict> {
    this.#finishing = true;
    await this.transfers;
    clearInterval(this.#ticker);
    await Promise.all(this.#sockets.map((socket) => socket.finish()));
    const response = await fetch(`http://127.0.0.1:${this.#options.servicePort}/verdict`);
    const service = (await response.json()) as ServiceVerdict;
    const { sent, echoed } = this.progress;
    if (sent !== echoed) this.#note(`${sent} messages sent, ${echoed} came back`);
    if (sent !== service.messages) this.#note(`${sent} sent, ${service.messages} heard there`);
    return { ...this.progress, all: [...this.#faults], service };
  }

  /** Ends everything at once, without a verdict. */
  [Symbol.dispose](): void {
    clearInterval(this.#ticker);
    this.#stopped.abort();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(number: number): Promise<void> {
    const socket = new StormSocket(number, (fault) => this.#note(fault));
    this.#sockets.push(socket);
    await socket.open(this.#options.entry);
  }

  /** In slices, so that a tick is a small part of what `everyMs` brings. */
  #talk(): void {
    const slices = Math.max(1, Math.round(this.#options.everyMs / TICK_MS));
    let slice = 0;
    this.#ticker = setInterval(() => {
      for (let i = slice; i < this.#sockets.length; i += slices) this.#sockets[i]!.say();
      slice = (slice + 1) % slices;
    }, TICK_MS);
  }

  async #transferAll(): Promise<void> {
    const { downloads, uploads } = this.#options;
    await Promise.all([
      ...Array.from({ length: downloads }, (_, i) => this.#transfer("downloads", i)),
      ...Array.from({ length: uploads }, (_, i) => this.#transfer("uploads", i)),
    ]);
  }

  async #transfer(kind: "downloads" | "uploads", i: number): Promise<void> {
    do {
      const digest = await this.#moveOne(kind, i);
      if (digest === undefined) return;
      if (digest !== this.#digests[i % SEEDS]) this.#note(`${kind} ${i}: another SHA-256`);
      this.#progress[kind]++;
    } while (this.#options.repeat && !this.#finishing);
  }

  /** Undefined when it failed, which is noted. */
  async #moveOne(kind: "downloads" | "uploads", i: number): Promise<string | undefined> {
    const { entry, transferBytes: length, bytesPerSecond } = this.#options;
    const move = kind === "downloads" ? download : upload;
    const moved = (bytes: number) => (this.#progress.transferredBytes += bytes);
    const { signal } = this.#stopped;
    try {
      return await move({ entry, seed: i % SEEDS, length, bytesPerSecond, moved, signal });
    } catch (reason) {
      if (reason instanceof TurnedAway && !signal.aborted) {
        await later(reason.retryAfterMs, undefined, { signal }).catch(() => {});
        return this.#moveOne(kind, i);
      }
      this.#note(`${kind} ${i}: ${String(reason)}`);
      return undefined;
    }
  }

  #note(fault: string): void {
    if (!this.#stopped.signal.aborted) this.#faults.push(fault);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

export async function startStorm(options: StormOptions): Promise<Storm> {
  const storm = new Storm(options);
  await storm.begin();
  return storm;
}
