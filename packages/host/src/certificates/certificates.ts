import { watch, type FSWatcher } from "node:fs";
import type { Clock } from "../clock.ts";
import { CertificateIndex } from "./certificate-index.ts";
import { isMisdirected } from "./certificate-layers.ts";
import type { CertificatePair, CertificateSource } from "./certificate-pairs.ts";
import { loadCertificate, type Certificate } from "./certificate.ts";

export interface CertificatesOptions {
  source: CertificateSource;
  /** A certificate without a DNS name is a problem: which one answers is chosen by name. */
  needsHosts: boolean;
  clock: Clock;
  /** How often files are looked at where the system tells of no change (network folders). */
  lookMs: number;
  onLoaded: (certificate: Certificate) => void;
  /** Once per state of the files: what was known of that pair goes on to answer. */
  onProblem: (name: string, problem: string) => void;
  onRemoved: (name: string) => void;
}

/** Editors and `cp` write in several steps: let them finish. */
const SETTLE_MS = 100;

/** Certificates in files, as of now: those that change are read again. */
export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #known = new Map<string, { version: string; certificate: Certificate }>();
  /** Version of a pair that could not be read, by name: said once. */
  readonly #told = new Map<string, string>();
  readonly #watchers = new Map<string, FSWatcher>();
  /** Told once new connections see it. */
  readonly #news: (() => void)[] = [];
  #index = new CertificateIndex([]);
  #forget: () => void = () => {};
  #settling = false;
  #looking: Promise<void> | undefined;
  #closed = false;

  private constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /** Resolves when the files have been read once; what is wrong with them is told, not thrown. */
  static async open(options: CertificatesOptions): Promise<Certificates> {
    const opened = new Certificates(options);
    await opened.refresh();
    opened.#scheduleLook();
    return opened;
  }

  /** For the name of a ClientHello. Undefined: answer unrecognized_name (RFC 6066 §3). */
  choose(serverName: string | undefined): Certificate | undefined {
    return this.#index.choose(serverName);
  }

  misdirected(host: string, serverName: string | undefined): boolean {
    return isMisdirected(this.#index, host, serverName);
  }

  list(): Certificate[] {
    return [...this.#known.values()].map(({ certificate }) => certificate);
  }

  /** Looks at the files now. Calls that come while it does share one more look after it. */
  async refresh(): Promise<void> {
    const before = this.#looking;
    const look = (before ?? Promise.resolve()).then(() => this.#look());
    this.#looking = look;
    await look;
    if (this.#looking === look) this.#looking = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#forget();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    return this.#looking ?? Promise.resolve();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    try {
      const { pairs, folders } = await this.#options.source.read();
      this.#watch(folders);
      for (const pair of pairs) await this.#load(pair);
      this.#dropAllBut(new Set(pairs.map(({ name }) => name)));
      this.#index = new CertificateIndex(this.list());
      for (const news of this.#news.splice(0)) news();
    } catch (reason) {
      // The folder itself cannot be read for now: what is known goes on to answer.
      this.#tell(this.#options.source.name, messageOf(reason), messageOf(reason));
    }
  }

  async #load(pair: CertificatePair): Promise<void> {
    const known = this.#known.get(pair.name);
    if (known?.version === pair.version) return;
    try {
      const loaded = await loadCertificate(pair);
      if (this.#options.needsHosts && loaded.hosts.length === 0) {
        throw new Error("the certificate names no host");
      }
      // Touched, not changed: the old context keeps its session tickets.
      const same = known?.certificate.digest === loaded.digest;
      const certificate = same ? known.certificate : loaded;
      this.#known.set(pair.name, { version: pair.version, certificate });
      this.#told.delete(pair.name);
      if (!same) this.#news.push(() => this.#options.onLoaded(certificate));
    } catch (reason) {
      this.#tell(pair.name, pair.version, messageOf(reason));
    }
  }

  #dropAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) {
      if (names.has(name)) continue;
      this.#known.delete(name);
      this.#news.push(() => this.#options.onRemoved(name));
    }
  }

  #tell(name: string, version: string, problem: string): void {
    if (this.#told.get(name) === version) return;
    this.#told.set(name, version);
    this.#options.onProblem(name, problem);
  }

  #watch(folders: readonly string[]): void {
    if (this.#closed) return;
    for (const [folder, watcher] of this.#watchers) {
      if (folders.includes(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watchOne(folder);
  }

  #watchOne(folder: string): void {
    const lost = (): void => {
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
    };
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#changed());
      this.#watchers.set(folder, watcher.on("error", lost));
    } catch {
      // Not there yet, or no watches left: the regular look finds what changes.
    }
  }

  #changed(): void {
    if (this.#settling || this.#closed) return;
    this.#settling = true;
    this.#options.clock.after(SETTLE_MS, () => {
      this.#settling = false;
      void this.refresh();
    });
  }

  #scheduleLook(): void {
    if (this.#closed) return;
    this.#forget = this.#options.clock.after(this.#options.lookMs, () => {
      void this.refresh().then(() => this.#scheduleLook());
    });
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
