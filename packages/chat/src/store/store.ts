import type { KeyStore } from "../keys/ports.ts";
import type { LimiterOf } from "../connections/shared-limits.ts";
import type { Leases } from "../leases/ports.ts";
import type { LegacySessions } from "../legacy/ports.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Sessions } from "../sessions/ports.ts";

/** Everything that is kept. */
export interface Store extends AsyncDisposable {
  /** As readiness names it. */
  readonly name: "store" | "mongodb";
  readonly log: MessageLog;
  readonly sessions: Sessions;
  readonly keys: KeyStore;
  readonly leases: Leases;
  /** Other instances may have it open: what is stored elsewhere is looked for. */
  readonly isShared: boolean;
  /** Counters that all who have it open share; undefined: there is but this process. */
  readonly limiter: LimiterOf | undefined;
  /** Undefined where no service before can have left any. */
  readonly legacy: LegacySessions | undefined;
  /** Rejects while nothing can be stored. */
  check(): Promise<void>;
}
