import type { TokenTrust } from "./auth/token-verifier.ts";
import type { TlsFiles } from "./chat-server.ts";
import type { LimitTable } from "./connections/memory-limits.ts";
import type { FilesConfig } from "./files/files-config.ts";
import type { KeySource } from "./keys/master-keys.ts";
import type { NotifyConfig } from "./notify/notify-config.ts";
import type { PageFolders } from "./pages/pages.ts";
import type { RetentionPolicy } from "./privacy/retention.ts";
import type { ProviderSettings } from "./providers/open-providers.ts";
import type { ProviderConfig } from "./providers/provider-config.ts";
import type { RedisPlace } from "@warren/host/redis-link";
import type { StoreConfig } from "./store/store-config.ts";

/** What the chat is started with. Frozen; read from flags, environment and file by `warren`. */
export interface ChatConfig {
  listen: { host: string | undefined; port: number };
  /** Files of the certificate that the port is served with; undefined: plain. */
  tls: TlsFiles | undefined;
  /** A plain port of probes and metrics, on the same host; undefined: none but the one above. */
  probePort: number | undefined;
  /** Where everything is served, like `/chat`; `/chatbox` answers too. */
  prefix: string;
  /** Folder of what is kept in files. */
  folder: string;
  store: StoreConfig;
  /** What instances tell each other by; undefined: nothing but the store. */
  redis: RedisPlace | undefined;
  /** Name of this cluster in the log; undefined: one that stays the same. */
  cluster: string | undefined;
  /** Pages of this machine are let in, and an origin list may be empty. */
  isDevelopment: boolean;
  trust: TokenTrust;
  takesQueryTokens: boolean;
  keys: KeySource;
  origins: { sockets: readonly string[]; cors: readonly string[] };
  /** Folders of the built pages; undefined: none are served. */
  pages: PageFolders | undefined;
  /** Origins of sites that may show a user's pages in a frame. */
  framedBy: readonly string[];
  /** Networks whose X-Forwarded-For is believed, and those that may read the metrics. */
  trustedProxies: readonly string[];
  metricsNetworks: readonly string[];
  providers: readonly [ProviderConfig, ...ProviderConfig[]];
  providerSettings: ProviderSettings;
  systemPrompt: string;
  /** Makes of a user id what models are told instead: the same in every instance. */
  pseudonymKey: string;
  rates: LimitTable;
  /** The largest frame of a client. */
  frameBytes: number;
  connections: { most: number; mostOfUser: number; mostWaitingBytes: number };
  /** A session in which nothing was said for this long is not gone back to by itself. */
  returnMs: number;
  /** A takeover whose admin was not seen for this long is over. */
  takeoverLeaseMs: number;
  /** Undefined: everybody needs a token of a user. */
  guests: { secrets: readonly string[]; lifeMs: number } | undefined;
  notify: NotifyConfig;
  files: FilesConfig;
  /** How long a share link is good where its maker does not say, and at most. */
  shares: { lifeMs: number; longestMs: number };
  retention: RetentionPolicy;
  drain: {
    /** Goes on accepting so long after it is no longer ready, until balancers have seen that. */
    delayMs: number;
    /** Over this clients are told to come back elsewhere, each at a moment of its own. */
    spreadMs: number;
    /** Answers that run may end within this. */
    runsMs: number;
  };
}
