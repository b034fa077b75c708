import { createPublicKey, type KeyObject } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock } from "@warren/host";

export interface TokenKeysOptions {
  /** Holds `<kid>.pem` files: Ed25519 public keys in SPKI PEM. It may come into being later. */
  folder: string;
  clock: Clock;
  /** Hears of files that hold no usable key, once per file and problem. */
  onProblem: (file: string, problem: string) => void;
}

const REREAD_MS = 1000;

/**
 * Public keys by kid. A look-up sees the folder as it was at most a second ago, so that a key that
 * was taken away stops counting without a restart; the folder is read at most once a second, however
 * many unknown kids are asked for.
 */
export class TokenKeys {
  readonly #options: TokenKeysOptions;
  #keys = new Map<string, KeyObject>();
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #told = new Set<string>();

  constructor(options: TokenKeysOptions) {
    this.#options = options;
  }

  async get(kid: string): Promise<KeyObject | undefined> {
    const waitMs = this.#readAt + REREAD_MS - this.#options.clock.now();
    // A kid that is not there may have been minted since the last look: wait for the next one.
    if (waitMs <= 0 || this.#reading !== undefined || !this.#keys.has(kid)) {
      this.#reading ??= this.#read(waitMs);
      await this.#reading;
    }
    return this.#keys.get(kid);
  }

  async #read(waitMs: number): Promise<void> {
    try {
      if (waitMs > 0) await this.#pause(waitMs);
      const keys = await this.#load();
      if (keys !== undefined) this.#keys = keys;
    } finally {
      this.#readAt = this.#options.clock.now();
      this.#reading = undefined;
    }
  }

  /** Undefined when the folder cannot be read for now: what is known then goes on to count. */
  async #load(): Promise<Map<string, KeyObject> | undefined> {
    const { folder } = this.#options;
    const names = await readdir(folder).catch((reason: NodeJS.ErrnoException) => {
      if (reason.code === "ENOENT") return [];
      this.#tell(folder, reason.code ?? "cannot be read");
      return undefined;
    });
    if (names === undefined) return undefined;
    const keys = new Map<string, KeyObject>();
    for (const name of names.filter((one) => one.endsWith(".pem"))) {
      const key = await this.#loadOne(join(folder, name));
      if (key !== undefined) keys.set(basename(name, ".pem"), key);
    }
    return keys;
  }

  async #loadOne(file: string): Promise<KeyObject | undefined> {
    try {
      const pem = await readFile(file, "utf8");
      // createPublicKey would take a private key too, and hide that it lies where it must not.
      if (pem.includes("PRIVATE KEY")) throw new Error("holds a private key");
      const key = createPublicKey(pem);
      if (key.asymmetricKeyType !== "ed25519") throw new Error("is not an Ed25519 key");
      return key;
    } catch (reason) {
      this.#tell(file, reason instanceof Error ? reason.message : "is not a key");
      return undefined;
    }
  }

  #tell(file: string, problem: string): void {
    const line = `${file} ${problem}`;
    if (this.#told.has(line)) return;
    this.#told.add(line);
    this.#options.onProblem(file, problem);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(ms, resolve);
    });
  }
}
