import type { Departures } from "./privacy/departures.ts";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import type { ChatEvents } from "./events.ts";
import type { Files } from "./files/ports.ts";
import type { FileLinks } from "./files/file-links.ts";
import type { InstanceEvents } from "./instances/events.ts";
import type { Ties } from "./instances/open-ties.ts";
import type { Leases } from "./leases/ports.ts";
import type { MessageLog } from "./log/ports.ts";
import type { Alerts } from "./notify/alerts.ts";
import type { Providers } from "./providers/open-providers.ts";
import type { Seals } from "./seals.ts";
import type { HeldCounters } from "./sessions/held-counters.ts";
import type { Sessions } from "./sessions/ports.ts";

export interface ConversationsOptions {
  config: Pick<ChatConfig, "systemPrompt" | "returnMs" | "pseudonymKey" | "takeoverLeaseMs">;
  deps: Pick<ChatDeps, "clock" | "wallClock" | "random">;
  store: {
    readonly log: MessageLog;
    readonly sessions: Sessions;
    readonly leases: Leases;
    readonly isShared: boolean;
  };
  /** To and from the other instances; closed by whoever opened them. */
  ties: Pick<Ties, "fanOut">;
  instanceEvents: InstanceEvents;
  seals: Pick<Seals, "keys" | "texts">;
  links: FileLinks;
  providers: Providers;
  /** Tell people outside of the chat that they are needed. */
  alerts: Pick<Alerts, "raise">;
  /** By which takeovers are seen to live; shared by those who share the store. */
  counters: HeldCounters;
  /** Where what messages name is kept. */
  fileStore: Pick<Files, "hold">;
  /** Close what users have open here. */
  departures: Departures;
  events: ChatEvents;
  failed: (cause: unknown) => void;
}
