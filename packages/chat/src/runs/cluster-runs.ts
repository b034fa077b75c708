import type { SessionKey } from "../log/entry.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { RunLeases } from "./run-leases.ts";
import type { RunState } from "./run-event.ts";
import type { Asked } from "./run.ts";
import type { Runs } from "./runs.ts";

export interface ClusterRunsOptions {
  here: Runs;
  elsewhere: Elsewhere;
  leases: RunLeases;
  /** Tells whoever writes the session's answer to end it. */
  tellStop: (key: SessionKey, runId: string | undefined) => void;
  /** Other instances may write in the same store. */
  isShared: boolean;
}

/** The answers that are written in the cluster, by whichever instance. Rejects while the store is away. */
export class ClusterRuns {
  readonly #options: ClusterRunsOptions;

  constructor(options: ClusterRunsOptions) {
    this.#options = options;
  }

  ask(asked: Asked): Promise<void> {
    return this.#options.here.ask(asked);
  }

  async of(key: SessionKey): Promise<RunState | undefined> {
    const { here, elsewhere, isShared } = this.#options;
    return here.of(key) ?? (isShared ? elsewhere.of(key) : undefined);
  }

  /** Ends the session's answer, the one named or whichever is written, and what waits. False: there is none. */
  async stop(key: SessionKey, runId: string | undefined): Promise<boolean> {
    const { here, leases, tellStop, isShared } = this.#options;
    if (here.stop(key, runId)) return true;
    if (!isShared || !(await leases.stop(key, runId))) return false;
    // It is noted: whoever writes sees it with the next checkpoint, or hears of it now.
    tellStop(key, runId);
    return true;
  }
}
