import type { KeyStore } from "../keys/ports.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Sessions } from "../sessions/ports.ts";

/** Everything that is kept. */
export interface Store extends AsyncDisposable {
  /** As readiness names it. */
  readonly name: "store" | "mongodb";
  readonly log: MessageLog;
  readonly sessions: Sessions;
  readonly keys: KeyStore;
  /** Rejects while nothing can be stored. */
  check(): Promise<void>;
}
