import type { KeyStore } from "../keys/ports.ts";
import type { LimiterOf } from "../connections/shared-limits.ts";
import type { Leases } from "../leases/ports.ts";
import type { LegacySessions } from "../legacy/ports.ts";
import type { MessageLog } from "../log/ports.ts";
import type { CannedReplies } from "../replies/ports.ts";
import type { Erasures, LogErasure } from "../privacy/ports.ts";
import type { Sessions } from "../sessions/ports.ts";
import type { ShareLinks } from "../shares/ports.ts";

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
  readonly replies: CannedReplies;
  readonly logErasure: LogErasure;
  readonly shareLinks: ShareLinks;
  readonly erasures: Erasures;
  /** Undefined where no service before can have left any. */
  readonly legacy: LegacySessions | undefined;
  /** Rejects while nothing can be stored. */
  check(): Promise<void>;
}
