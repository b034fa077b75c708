import { join } from "node:path";
import { readState, writeState } from "@warren/host";
import * as v from "valibot";
import type { Kept } from "./registry/memory.ts";

const KeptState = v.object({
  claims: v.array(
    v.object({
      host: v.string(),
      group: v.string(),
      clusterUuid: v.string(),
      tokenId: v.string(),
      since: v.number(),
      borrowed: v.exactOptional(v.literal(true)),
      unused: v.exactOptional(
        v.object({
          since: v.number(),
          clusterUuid: v.string(),
          namespace: v.string(),
          withdrawn: v.boolean(),
        }),
      ),
    }),
  ),
  revoked: v.array(v.string()),
  ports: v.array(v.tuple([v.string(), v.number()])),
});

/**
 * What a lone gateway must not forget over a restart (claims, revocations, chosen ports), in one
 * file of the data folder. Writes follow one another; a burst of changes ends in one write.
 */
export class KeptFile {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  #next: Kept | undefined;
  #writing: Promise<void> | undefined;
  #written = "";

  constructor(dataFolder: string, onFailure: (error: unknown) => void) {
    this.#path = join(dataFolder, "gateway.json");
    this.#onFailure = onFailure;
  }

  /** Throws when the file is damaged: starting without it would give claims away. */
  read(): Promise<Kept | undefined> {
    return readState(this.#path, KeptState);
  }

  keep(kept: Kept): void {
    this.#next = kept;
    this.#writing ??= this.#write();
  }

  /** Resolves when everything is on disk. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let kept = this.#next; kept !== undefined; kept = this.#next) {
      this.#next = undefined;
      const text = JSON.stringify(kept);
      if (text === this.#written) continue;
      try {
        await writeState(this.#path, kept);
        this.#written = text;
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#writing = undefined;
  }
}
