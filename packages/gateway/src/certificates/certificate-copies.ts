import {
  CertificateShelf,
  readCertificate,
  type Certificate,
  type CertificateSet,
} from "@warren/host";
import type { Kept, Records } from "../records/records.ts";

/** Contexts that are kept ready: some 50 MB at most. */
const MOST_CONTEXTS = 1_000;
/** Records read at once where many are. */
const BATCH = 50;

/** What a record says of a certificate. */
export interface CopiedPair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateCopiesOptions<T extends CopiedPair> {
  records: Records<T>;
  /** Hosts that a record's certificate answers for now; none takes it out of use. */
  hostsOf: (id: string, value: T, names: readonly string[]) => Promise<readonly string[]>;
  /** Epoch milliseconds. */
  wallClock: () => number;
  onProblem: (id: string, problem: string) => void;
  /**
   * How long a record is kept, where nobody takes any away: one that is gone from the store was lost
   * with it, and is put back; one that cannot be read stays here. Undefined where they come and go.
   */
  lasting: ((value: T) => number) | undefined;
  /** Something is in force, or no longer. */
  onChange: () => void;
}

/** Shared certificates as this process has them in memory, ready to answer. */
export class CertificateCopies<T extends CopiedPair> implements CertificateSet {
  readonly #options: CertificateCopiesOptions<T>;
  readonly #shelf = new CertificateShelf(MOST_CONTEXTS);
  readonly #kept = new Map<string, Kept<T>>();
  /** Loads of one record follow one another: the last one read is the newest. */
  readonly #loading = new Map<string, Promise<void>>();
  readonly #stopHearing: () => void;

  constructor(options: CertificateCopiesOptions<T>) {
    this.#options = options;
    this.#stopHearing = options.records.onChange((id) => void this.load(id).catch(() => {}));
  }

  get size(): number {
    return this.#shelf.size;
  }
  choose(serverName: string | undefined): Certificate | undefined {
    return this.#shelf.choose(serverName);
  }
  certificate(id: string): Certificate | undefined {
    return this.#shelf.get(id);
  }
  value(id: string): T | undefined {
    return this.#kept.get(id)?.value;
  }
  entries(): Iterable<[id: string, Kept<T>]> {
    return this.#kept;
  }

  /** When the first of those in force expires, epoch milliseconds; Infinity when there are none. */
  get soonest(): number {
    let soonest = Infinity;
    for (const id of this.#shelf.ids()) soonest = Math.min(soonest, this.#shelf.get(id)!.expiresAt);
    return soonest;
  }

  /** Takes over all that others changed, and drops what has expired. Rejects while they cannot be read. */
  async refresh(): Promise<void> {
    const listed = await this.#options.records.list();
    for (const id of this.#kept.keys()) if (!listed.has(id)) await this.#missed(id);
    const changed = [...listed].filter(([id, fence]) => this.#kept.get(id)?.fence !== fence);
    for (let at = 0; at < changed.length; at += BATCH)
      await Promise.all(changed.slice(at, at + BATCH).map(([id]) => this.load(id)));
    this.#expire();
  }

  /** Reads one record, which may not be listed yet. Rejects while it cannot be read. */
  load(id: string): Promise<void> {
    const before = this.#loading.get(id) ?? Promise.resolve();
    const load = before.catch(() => {}).then(() => this.#load(id));
    const done = load.finally(() => {
      if (this.#loading.get(id) === done) this.#loading.delete(id);
    });
    this.#loading.set(id, done);
    return done;
  }

  close(): void {
    this.#stopHearing();
  }

  async #load(id: string): Promise<void> {
    const kept = await this.#options.records.read(id);
    if (kept === undefined) return this.#options.lasting === undefined ? this.#drop(id) : undefined;
    const { cert, key } = kept.value;
    try {
      const pem = { cert: Buffer.from(cert), key: Buffer.from(key) };
      const certificate = readCertificate(id, pem);
      if (certificate.expiresAt <= this.#options.wallClock()) return this.#drop(id);
      const hosts = await this.#options.hostsOf(id, kept.value, certificate.hosts);
      this.#kept.set(id, kept);
      const same = this.#shelf.get(id)?.digest === certificate.digest;
      // The same one keeps its context, and with that its session tickets.
      if (hosts.length === 0) this.#shelf.delete(id);
      else this.#shelf.put(id, same ? this.#shelf.get(id)! : certificate, hosts);
      this.#options.onChange();
    } catch (reason) {
      this.#drop(id);
      this.#options.onProblem(id, reason instanceof Error ? reason.message : String(reason));
    }
  }

  async #missed(id: string): Promise<void> {
    const { lasting, records } = this.#options;
    const kept = this.#kept.get(id);
    if (lasting === undefined || kept === undefined) return this.#drop(id);
    // Leases were lost with it and count anew: the old fence would be ahead of them, and this one is ahead of none.
    await records.put(id, kept.value, { fence: 0, untilMs: lasting(kept.value) });
  }

  #expire(): void {
    const now = this.#options.wallClock();
    for (const id of this.#shelf.ids()) if (this.#shelf.get(id)!.expiresAt <= now) this.#drop(id);
  }

  #drop(id: string): void {
    const known = this.#kept.delete(id);
    if (this.#shelf.delete(id) || known) this.#options.onChange();
  }
}
