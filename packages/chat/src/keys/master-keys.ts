import type { Clock } from "@warren/host";
import { formerTexts, keyProblems, readKey, type KeyTexts } from "./key-text.ts";
import { masterKeyOf, type MasterKey } from "./master-key.ts";

/** Master keys that cannot be used. The texts say where and what to do, never what was read. */
export class MasterKeyError extends Error {
  override readonly name = "MasterKeyError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

/** Reads the keys where they are kept, files included. Its rejections reach whoever asked. */
export type KeySource = () => Promise<KeyTexts>;

export interface MasterKeysOptions {
  source: KeySource;
  clock: Clock;
  /** A key that nobody knows makes the source be read again, at most once in this time. */
  coolDownMs: number;
}

/** How long an unknown key id waits until the files are looked at again. */
export const MASTER_KEYS_COOL_DOWN_MS = 10_000;

/** The current master key, and former ones that still open what they sealed. */
export class MasterKeys {
  readonly #options: MasterKeysOptions;
  #ring: readonly [MasterKey, ...MasterKey[]];
  #lookedAtMs: number;
  #looking: Promise<void> | undefined;

  private constructor(options: MasterKeysOptions, texts: KeyTexts) {
    this.#options = options;
    this.#ring = ringOf(texts);
    this.#lookedAtMs = options.clock.now();
  }

  /** Rejects with a MasterKeyError, or as the source does. */
  static async open(options: MasterKeysOptions): Promise<MasterKeys> {
    return new MasterKeys(options, await options.source());
  }

  /** Wraps and seals what is new. */
  get current(): MasterKey {
    return this.#ring[0];
  }

  /** The current one first. */
  get all(): readonly MasterKey[] {
    return this.#ring;
  }

  get(id: string): MasterKey | undefined {
    return this.#ring.find((key) => key.id === id);
  }

  /**
   * The same after the source was read again, when that was not done just now: another instance may
   * have been given a new key first. What is read badly then changes nothing and finds nothing.
   */
  async find(id: string): Promise<MasterKey | undefined> {
    const key = this.get(id);
    const { clock, coolDownMs } = this.#options;
    const cool = clock.now() - this.#lookedAtMs < coolDownMs;
    if (key !== undefined || (cool && this.#looking === undefined)) return key;
    await this.reload().catch(() => {});
    return this.get(id);
  }

  /** Reads the source again. When that fails it rejects, and the keys stay as they were. */
  reload(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<void> {
    this.#lookedAtMs = this.#options.clock.now();
    this.#ring = ringOf(await this.#options.source());
  }
}

function ringOf(texts: KeyTexts): [MasterKey, ...MasterKey[]] {
  const problems = keyProblems(texts);
  const current = readKey(texts.current.trim());
  if (current === undefined || problems.length > 0) throw new MasterKeyError(problems);
  const former = formerTexts(texts).flatMap((text) => readKey(text) ?? []);
  const others = former.filter((key) => !key.equals(current));
  return [masterKeyOf(current), ...others.map(masterKeyOf)];
}
