import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, processLock, readState, replaceFile, type ProcessLock } from "@warren/host";
import * as v from "valibot";
import { memoryLeases } from "./memory-records.ts";
import { HOUR_MS } from "./records.ts";
import type { Keeping, Kept, Lease, Leases, RecordKind, Records, RecordStore } from "./records.ts";

export interface FolderRecordsOptions {
  folder: string;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/**
 * Records in files of the gateway's own folder, readable by their owner alone. Gateways that follow
 * one another in the folder read what the other left, and take turns by a lock that ends with its
 * process.
 */
export function folderRecords({ folder, wallClock }: FolderRecordsOptions): RecordStore {
  makeFolder(folder, 0o700);
  return {
    records: (kind) => new FolderKind(join(folder, kind.name), kind, wallClock),
    leases: folderLeases(folder, wallClock),
    [Symbol.asyncDispose]: async () => {},
  };
}

const ENDING = ".json";
/** How often is looked for what nobody needs any more, and how long after its end that is. */
const SWEEP_MS = HOUR_MS;

class FolderKind<T> implements Records<T> {
  readonly #folder: string;
  readonly #schema: v.GenericSchema<unknown, { fence: number; untilMs: number; value: T }>;
  readonly #wallClock: () => number;
  #sweptAt = -Infinity;

  constructor(folder: string, { schema }: RecordKind<T>, wallClock: () => number) {
    this.#folder = folder;
    this.#wallClock = wallClock;
    this.#schema = v.object({ fence: v.number(), untilMs: v.number(), value: schema });
  }

  async list(): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (const id of await this.#ids()) {
      const kept = await this.read(id);
      if (kept !== undefined) found.set(id, kept.fence);
    }
    return found;
  }

  async read(id: string): Promise<Kept<T> | undefined> {
    // One that is damaged is as good as none: it is got again.
    const kept = await readState(this.#file(id), this.#schema).catch(() => undefined);
    return kept !== undefined && kept.untilMs > this.#wallClock() ? kept : undefined;
  }

  async put(id: string, value: T, { fence, untilMs }: Keeping): Promise<boolean> {
    const had = (await readState(this.#file(id), this.#schema).catch(() => undefined))?.fence ?? 0;
    if (fence !== undefined && fence < had) return false;
    makeFolder(this.#folder, 0o700);
    await this.#sweep();
    const kept = { fence: fence ?? had + 1, untilMs, value };
    await replaceFile(this.#file(id), `${JSON.stringify(kept)}\n`);
    return true;
  }

  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }

  /** Whoever else writes here is found by `list`. */
  onChange(): () => void {
    return () => {};
  }

  async #ids(): Promise<string[]> {
    const names = await readdir(this.#folder).catch((reason: NodeJS.ErrnoException) => {
      if (reason.code === "ENOENT") return [];
      throw reason;
    });
    return names.filter((one) => one.endsWith(ENDING)).flatMap((name) => idIn(name) ?? []);
  }

  /** A process that died left answers behind, and hosts that are published no more their setbacks. */
  async #sweep(): Promise<void> {
    const now = this.#wallClock();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const id of await this.#ids()) {
      const kept = await readState(this.#file(id), this.#schema).catch(() => undefined);
      if (kept !== undefined && kept.untilMs + SWEEP_MS <= now) await this.remove(id);
    }
  }

  #file(id: string): string {
    return join(this.#folder, `${encodeURIComponent(id)}${ENDING}`);
  }
}

/** Undefined for a file that is none of ours. */
function idIn(name: string): string | undefined {
  try {
    return decodeURIComponent(name.slice(0, -ENDING.length));
  } catch {
    return undefined;
  }
}

/**
 * One lock for the folder, held while any lease of this process is: the kernel ends it with the
 * process, however it dies. Beside that, leases within the process.
 */
function folderLeases(folder: string, wallClock: () => number): Leases {
  const inside = memoryLeases(wallClock);
  let lock: ProcessLock | undefined;
  let held = 0;
  const leave = (): void => {
    held -= 1;
    if (held > 0 || lock?.held !== true) return;
    lock[Symbol.dispose]();
    lock = undefined;
  };
  return {
    spend: (name, most) => inside.spend(name, most),
    async take(name) {
      if (held === 0) lock = processLock(join(folder, "issuer.lock"));
      if (lock?.held !== true) return undefined;
      held += 1;
      const lease = await inside.take(name).catch(() => undefined);
      if (lease === undefined) {
        leave();
        return undefined;
      }
      return leased(lease, await nextFence(folder), leave);
    },
  };
}

function leased(inner: Lease, fence: number, leave: () => void): Lease {
  let released = false;
  return {
    fence,
    renew: () => inner.renew(),
    async release() {
      if (released) return;
      released = true;
      await inner.release();
      leave();
    },
  };
}

/** Counted in a file: it grows over restarts, whatever the wall clock does. */
async function nextFence(folder: string): Promise<number> {
  const file = join(folder, "fence");
  const before = Number.parseInt(await readFile(file, "utf8").catch(() => "0"), 10) || 0;
  await replaceFile(file, `${before + 1}\n`);
  return before + 1;
}
