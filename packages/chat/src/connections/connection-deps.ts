import type { Clock } from "@warren/host";
import type { ChatError } from "@warren/wire";
import type { FileDesk } from "../files/file-desk.ts";
import type { Hub } from "../live/hub.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { ClusterRuns } from "../runs/cluster-runs.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Presences } from "../presence/presences.ts";
import type { Changes } from "../sessions/changes.ts";
import type { HelpQueue } from "../sessions/help-queue.ts";
import type { NamedSessions } from "../sessions/named-sessions.ts";
import type { Takeovers } from "../sessions/takeovers.ts";
import type { Talk } from "../sessions/talk.ts";
import type { Viewer } from "../sessions/viewer.ts";
import type { Connection } from "./connection.ts";
import type { Arrival } from "../instances/arrivals.ts";
import type { Limits, Renewal } from "./ports.ts";
import type { Writes } from "./writes.ts";

/** Who a socket belongs to, and for how long. */
export interface ConnectionIdentity extends Viewer {
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
}

export interface ConnectionDeps {
  log: MessageLog;
  talk: Talk;
  changes: Changes;
  named: NamedSessions;
  takeovers: Takeovers;
  /** True for an admin who has the session, as far as this instance knows. */
  isHolder: (sessionId: string, adminId: string) => boolean;
  queue: HelpQueue;
  presences: Pick<Presences, "welcome">;
  /** Has a message answered once more. */
  again: (key: SessionKey, messageId: string, how: "anew" | "on") => Promise<void>;
  /** The files that frames point to. */
  files: Pick<FileDesk, "forFrame">;
  journal: Journal;
  hub: Hub;
  runs: ClusterRuns;
  limits: Limits;
  renewal: Renewal;
  /** A device is connected, until the returned function is called. */
  arrive: (arrival: Arrival) => () => void;
  /** What clients may choose from, in the order of the configuration. */
  models: readonly { id: string; name: string }[];
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  newId: () => string;
  /** What may wait for a client that does not read. */
  mostWaitingBytes: number;
  /** How long a client has to answer a close. */
  closeMs: number;
  closed: (connection: Connection) => void;
  writes: Writes;
  events: ConnectionEvents;
}

/** What connections tell the log and the metrics. */
export interface ConnectionEvents {
  received(): void;
  sent(frames: number): void;
  refused(error: ChatError): void;
  slowConsumer(): void;
  /** A client was brought up to date: with what it lacked, or with the newest since it lacked too much. */
  resumed(mode: "delta" | "snapshot"): void;
  /** Something for an admin was not sent: it comes with the next resume. */
  adminMessageDropped(): void;
}
