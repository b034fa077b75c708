import type { Clock } from "@warren/host";
import type { ChatError } from "@warren/wire";
import type { FileDesk } from "../files/file-desk.ts";
import type { Hub } from "../live/hub.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { Runs } from "../runs/runs.ts";
import type { NamedSessions } from "../sessions/named-sessions.ts";
import type { Takeovers } from "../sessions/takeovers.ts";
import type { Talk } from "../sessions/talk.ts";
import type { Viewer } from "../sessions/viewer.ts";
import type { Connection } from "./connection.ts";
import type { Limits, Renewal } from "./ports.ts";
import type { Writes } from "./writes.ts";

/** Who a socket belongs to, and for how long. */
export interface ConnectionIdentity extends Viewer {
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
}

export interface ConnectionDeps {
  talk: Talk;
  named: NamedSessions;
  takeovers: Takeovers;
  /** Has a message answered once more. */
  again: (key: SessionKey, messageId: string, how: "anew" | "on") => Promise<void>;
  /** The files that frames point to. */
  files: Pick<FileDesk, "forFrame">;
  journal: Journal;
  hub: Hub;
  runs: Runs;
  limits: Limits;
  renewal: Renewal;
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
}
