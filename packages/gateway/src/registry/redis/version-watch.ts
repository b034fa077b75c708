import type { Clock } from "@warren/tunnel";
import type { Presence } from "../../ports.ts";
import { KEYS } from "./keys.ts";
import type { RegistryLink } from "./registry-link.ts";
import { ANNOUNCE, IDENTIFY } from "./scripts.ts";

/** What gateways tell each other. Hints: whoever misses one finds out by the version. */
export interface Change {
  /** Places whose routes or claim changed. */
  places?: string[];
  /** A cluster whose tunnels changed. */
  tunnels?: string;
  gateways?: true;
  online?: { clusterUuid: string; gatewayId: string } & Presence;
  revoked?: string;
}

export interface VersionWatchOptions {
  link: RegistryLink;
  clock: Clock;
  /** Of this gateway, to know its own words again. */
  gatewayId: string;
  newEpoch: () => string;
  commandMs: number;
  checkMs: number;
  changed: (change: Change) => void;
  /** Changes may have been missed. */
  missed: () => void;
  /** Redis is there, for the first time or again. */
  arrived: () => void;
  /** Redis lost what it had: it was flushed, or came back empty or older. */
  emptied: () => void;
  /** Runs with every check while Redis is there. */
  checked: () => void;
}

/** How long after a check a change may still be on its way to the subscriber. */
const LAG_MS = 200;
const PROBE_MS = 250;

/**
 * Follows the changes that other gateways announce, and checks every 5 s that none was missed and
 * that Redis still holds what it held: its content has an epoch, made by whoever finds none.
 */
export class VersionWatch {
  readonly #options: VersionWatchOptions;
  #epoch: string | undefined;
  #version = 0;
  #away = true;
  #closed = false;
  #checking = false;
  #forget = () => {};
  #emptiedAt = -Infinity;

  constructor(options: VersionWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tick();
  }

  /** True for a while after a flush: what is not there may be about to be written again. */
  get isRecovering(): boolean {
    return this.#options.clock.now() - this.#emptiedAt < 2 * this.#options.checkMs;
  }

  /** What the subscriber received. */
  receive(message: string): void {
    const { n, from, ...change } = JSON.parse(message) as Change & { n: number; from: string };
    if (n === this.#version + 1) this.#version = n;
    else if (n !== this.#version) this.check();
    if (from !== this.#options.gatewayId) this.#options.changed(change);
  }

  async announce(change: Change): Promise<void> {
    const { link, gatewayId, commandMs } = this.#options;
    const open = JSON.stringify({ from: gatewayId, ...change }).slice(0, -1);
    await link.run(ANNOUNCE, KEYS.version, [KEYS.changes, open], commandMs);
  }

  /** A read saw this epoch beside what it read; another than known means a flush. */
  saw(epoch: unknown): void {
    if (epoch === this.#epoch) return;
    if (this.#epoch !== undefined) this.#emptiedAt = this.#options.clock.now();
    this.check();
  }

  /** Checks now, unless a check is under way. */
  check(): void {
    if (this.#closed) return;
    if (this.#checking) return;
    this.#checking = true;
    void this.#check().finally(() => (this.#checking = false));
  }

  close(): void {
    this.#closed = true;
    this.#forget();
  }

  #tick(): void {
    if (this.#closed) return;
    this.check();
    const { clock, checkMs, link } = this.#options;
    const ms = link.healthy ? checkMs : Math.min(checkMs, PROBE_MS);
    this.#forget = clock.after(ms, () => this.#tick());
  }

  async #check(): Promise<void> {
    const { link, newEpoch, commandMs } = this.#options;
    try {
      const said = await link.run(IDENTIFY, KEYS.version, [newEpoch()], commandMs);
      if (!this.#closed) this.#compare(said as [string, string]);
    } catch {
      // The link says what failed; the next tick tries again.
      this.#away = true;
    }
  }

  #compare([epoch, n]: [string, string]): void {
    const version = Number(n);
    const known = this.#epoch;
    const wasAway = this.#away;
    const lost = known !== undefined && (epoch !== known || version < this.#version);
    this.#epoch = epoch;
    this.#away = false;
    if (lost) this.#emptiedAt = this.#options.clock.now();
    if (lost || known === undefined) this.#version = version;
    else this.#expect(version);
    if (wasAway) this.#options.arrived();
    if (lost) this.#options.emptied();
    this.#options.checked();
  }

  /** Changes up to `version` have been made: those that do not arrive soon were missed. */
  #expect(version: number): void {
    if (version <= this.#version) return;
    this.#options.clock.after(LAG_MS, () => {
      if (this.#closed || version <= this.#version) return;
      this.#version = version;
      this.#options.missed();
    });
  }
}
