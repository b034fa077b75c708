import type { ConfigOf } from "@warren/host";
import { METRICS_NETWORKS } from "./auth/client-address.ts";
import { Cors } from "./auth/cors.ts";
import { ISSUER_ALGORITHMS, issuerProblems } from "./auth/issuer.ts";
import { RemoteKeys, REMOTE_KEYS_TIMES, type RemoteAlgorithm } from "./auth/remote-keys.ts";
import { secretProblems } from "./auth/secret-strength.ts";
import { SharedSecrets } from "./auth/shared-secrets.ts";
import { readOrigins } from "./auth/origins.ts";
import { SocketOrigins } from "./auth/socket-origins.ts";
import type { TokenTrust } from "./auth/token-verifier.ts";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import { CHAT_RATES } from "./connections/memory-limits.ts";
import { isPlaceholder } from "./keys/placeholder.ts";
import { formerTexts, keyProblems, type KeyTexts } from "./keys/key-text.ts";
import type { KeySource } from "./keys/master-keys.ts";
import { readNotifyConfig, type CarrierSecrets } from "./notify/read-notify-config.ts";
import type { ChatOptions } from "./options.ts";
import type { PageFolders } from "./pages/pages.ts";
import { PROVIDER_SETTINGS } from "./providers/open-providers.ts";
import { DEMO_PROVIDER } from "./providers/provider-config.ts";
import { contentConfig, contentProblems, type BucketKeys } from "./read-content-config.ts";
import { readProviderConfigs } from "./providers/read-provider-configs.ts";
import type { RedisPlace } from "@warren/host/redis-link";
import { readStoreConfig } from "./store/store-config.ts";

/** What comes from elsewhere than from options. */
export interface GivenChat {
  folder: string;
  /** The shared secret; "" where there is none. */
  jwtSecret: string;
  keys: KeyTexts;
  /** MongoDB's address; "" where there is none. */
  mongoUri: string;
  /** Reads them again where they are kept. */
  keySource: KeySource;
  /** What shows carriers of mails and short messages who we are. */
  carriers: CarrierSecrets;
  /** Folder of mails and short messages where no carrier is set. */
  outbox: string;
  /** Where the pages are, built; undefined: nowhere. */
  pages: PageFolders | undefined;
  /** What the bucket of files is asked with. */
  bucketKeys: BucketKeys;
  /** The environment, for `LLM_PROVIDER_<n>_*`. */
  env: Readonly<Record<string, string | undefined>>;
  deps: Pick<ChatDeps, "clock" | "log">;
}

/** What the options say, or everything that is wrong with it, under the names that were typed. */
export function readChatConfig(
  config: ConfigOf<ChatOptions>,
  given: GivenChat,
): { config: ChatConfig } | { problems: readonly string[] } {
  const llm = readProviderConfigs(given.env, config.llmProvider);
  const { carriers: secrets, outbox } = given;
  const alerts = readNotifyConfig(config, { secrets, outbox });
  const origins = { sockets: config.wsOrigin, cors: config.corsOrigin };
  const isDevelopment = config.dev;
  const store = readStoreConfig({
    mongoUri: given.mongoUri,
    kind: config.store,
    legacy: config.legacyContent,
  });
  const problems = [
    ...trustProblems(config, given.jwtSecret),
    ...keyProblems(given.keys),
    ...tlsProblems(config),
    ...new SocketOrigins({ allowed: origins.sockets, isDevelopment }).problems,
    ...new Cors({ allowed: origins.cors, isDevelopment }).problems,
    ...framesOf(config).problems,
    ...llm.problems,
    ...("problems" in alerts ? alerts.problems : []),
    ...contentProblems(config, given.bucketKeys),
    ...("problem" in store ? [store.problem] : []),
    ...redisProblems(config),
    ...boundsProblems(config),
    ...placeholderProblems(config),
  ];
  if (problems.length > 0 || "problems" in alerts || "problem" in store) return { problems };
  const [first = DEMO_PROVIDER, ...others] = llm.providers;
  return {
    config: {
      listen: { host: config.host, port: config.port },
      ...tlsOf(config),
      prefix: config.prefix,
      folder: given.folder,
      store,
      redis: redisOf(config),
      cluster: config.cluster,
      isDevelopment,
      ...accessOf(config, given),
      origins,
      ...pagesConfig(config, given),
      trustedProxies: config.trustedProxy,
      metricsNetworks: config.metricsNetwork.length > 0 ? config.metricsNetwork : METRICS_NETWORKS,
      providers: [first, ...others],
      providerSettings: { ...PROVIDER_SETTINGS, wholeMs: config.streamTimeout },
      systemPrompt: config.systemPrompt,
      returnMs: config.reconnectTimeout,
      takeoverLeaseMs: config.takeoverLease,
      notify: alerts.notify,
      ...boundsOf(config),
      ...contentConfig(config, given),
    },
  };
}

function accessOf(config: ConfigOf<ChatOptions>, given: GivenChat) {
  // Instances share them, whoever signs users' tokens.
  const secrets = guestSecrets(given);
  const takesGuests = config.allowGuests || config.dev;
  return {
    trust: trustOf(config, given),
    takesQueryTokens: config.queryToken,
    keys: given.keySource,
    pseudonymKey: secrets[0] ?? "",
    guests: takesGuests ? { secrets, lifeMs: GUEST_LIFE_MS } : undefined,
  };
}

function pagesConfig(
  config: ConfigOf<ChatOptions>,
  { pages }: GivenChat,
): Pick<ChatConfig, "pages" | "framedBy"> {
  return { pages: config.pages ? pages : undefined, framedBy: framesOf(config).origins };
}

/** Any site at all in whose frame clicks may be stolen is nothing that is meant. */
function framesOf({ frameOrigin }: ConfigOf<ChatOptions>): {
  origins: string[];
  problems: readonly string[];
} {
  const name = "WARREN_CHAT_FRAME_ORIGIN";
  const { origins, any, problems } = readOrigins(name, frameOrigin);
  const all = any ? [...problems, `${name}: * is not taken; list each origin`] : problems;
  return { origins: [...origins], problems: all };
}

/** Where no secret signs users' tokens the master keys do for guests: visitors outlive a rotation of these. */
function guestSecrets({ jwtSecret, keys }: GivenChat): string[] {
  return jwtSecret === "" ? [keys.current.trim(), ...formerTexts(keys)] : [jwtSecret];
}

/** A visitor who does not come back within this is a new one. */
const GUEST_LIFE_MS = 30 * 86_400_000;

/** What shows others who we are and is no secret by itself; secrets are looked at where they are read. */
function placeholderProblems(config: ConfigOf<ChatOptions>): string[] {
  const said = {
    REDIS_URL: config.redisUrl.map(({ href }) => href).join(),
    SMTP_USER: config.smtpUser,
    SMS_ACCOUNT_SID: config.smsAccountSid,
  };
  const left = Object.entries(said).filter(([, text]) => isPlaceholder(text ?? ""));
  return left.map(([name]) => `${name}: still the template's placeholder`);
}

/** A message of the largest content, with all that may go along. */
const LEAST_FRAME_BYTES = 65_536;

/** Nothing would ever be let through, which nobody means: 0 does not stand for no bound. */
function boundsProblems(config: ConfigOf<ChatOptions>): string[] {
  const positive = {
    RATE_LIMIT: config.rateLimit,
    USER_RATE_LIMIT: config.userRateLimit,
    ADMIN_RATE_LIMIT: config.adminRateLimit,
    ADMIN_RATE_WINDOW: config.adminRateWindow,
    PUBLIC_RATE_LIMIT: config.publicRateLimit,
    UPLOAD_RATE_LIMIT: config.uploadRateLimit,
    HELP_ALERT_LIMIT: config.helpAlertLimit,
    HELP_ALERT_WINDOW: config.helpAlertWindow,
    MAX_CONNECTIONS: config.maxConnections,
    MAX_USER_CONNECTIONS: config.maxUserConnections,
    WARREN_CHAT_SLOW_CONSUMER: config.slowConsumerBytes,
    RECONNECT_TIMEOUT: config.reconnectTimeout,
    TAKEOVER_LEASE: config.takeoverLease,
    LLM_STREAM_TIMEOUT: config.streamTimeout,
    JWT_LONGEST_LIFE: config.tokenLife,
  };
  const none = Object.entries(positive).filter(([, value]) => value <= 0);
  const problems = none.map(([name]) => `${name}: must be more than 0`);
  if (config.maxMessageSize < LEAST_FRAME_BYTES) {
    problems.push(
      `MAX_MESSAGE_SIZE: must be ${LEAST_FRAME_BYTES} at least, or messages do not fit`,
    );
  }
  return problems;
}

function boundsOf(config: ConfigOf<ChatOptions>) {
  return {
    rates: {
      ...CHAT_RATES,
      message: { points: config.rateLimit, perMs: 60_000 },
      user: { points: config.userRateLimit, perMs: 60_000 },
      public: { points: config.publicRateLimit, perMs: 60_000 },
      upload: { points: config.uploadRateLimit, perMs: 60_000 },
      alert: { points: config.helpAlertLimit, perMs: config.helpAlertWindow },
      admin: { points: config.adminRateLimit, perMs: config.adminRateWindow },
    },
    frameBytes: config.maxMessageSize,
    connections: {
      most: config.maxConnections,
      mostOfUser: config.maxUserConnections,
      mostWaitingBytes: config.slowConsumerBytes,
    },
    drain: {
      delayMs: config.drainDelay,
      spreadMs: config.drainSpread,
      runsMs: config.streamTimeout,
    },
  };
}

function redisProblems({ redisUrl, redisCluster }: ConfigOf<ChatOptions>): string[] {
  if (redisUrl.length < 2 || redisCluster) return [];
  return ["REDIS_URL: several addresses need --redis-cluster"];
}

function redisOf({ redisUrl, redisCluster }: ConfigOf<ChatOptions>): RedisPlace | undefined {
  const urls = redisUrl.map((url) => url.href);
  const [url] = urls;
  if (url === undefined) return undefined;
  return redisCluster ? { kind: "cluster", urls } : { kind: "single", url };
}

/** Beside a port that speaks TLS, for whoever cannot. */
const PROBE_PORT = 8_086;

function tlsProblems({ tlsCert, tlsKey }: ConfigOf<ChatOptions>): string[] {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return [];
  return ["--tls-cert and --tls-key: one of them is not set; TLS needs both"];
}

function tlsOf({ tlsCert, tlsKey, probePort }: ConfigOf<ChatOptions>) {
  if (tlsCert === undefined || tlsKey === undefined) return { tls: undefined, probePort };
  const tls = { certFile: tlsCert, keyFile: tlsKey };
  return { tls, probePort: probePort ?? PROBE_PORT };
}

function trustProblems(config: ConfigOf<ChatOptions>, secret: string): string[] {
  const { jwtJwksUrl: url } = config;
  if (url === undefined) return secretProblems("JWT_SECRET", secret);
  const problems = issuerProblems({
    url,
    issuer: config.jwtIssuer ?? "",
    audience: config.jwtAudience ?? "",
    algorithms: algorithmsOf(config),
  });
  if (secret !== "")
    problems.push("JWT_SECRET: tokens are checked by JWT_JWKS_URL; set one of them");
  return problems;
}

function trustOf(config: ConfigOf<ChatOptions>, { jwtSecret, deps }: GivenChat): TokenTrust {
  const names = { userId: config.userClaim, roles: config.rolesClaim, name: config.nameClaim };
  const { jwtJwksUrl, jwtIssuer, jwtAudience, tokenLife: longestLifeMs } = config;
  const rules = { names, toleranceMs: 30_000, longestLifeMs };
  if (jwtJwksUrl === undefined) {
    const keys = new SharedSecrets([jwtSecret]);
    return { keys, rules: { ...rules, issuer: jwtIssuer, audience: jwtAudience } };
  }
  const keys = new RemoteKeys({
    url: new URL(jwtJwksUrl),
    algorithms: algorithmsOf(config),
    times: REMOTE_KEYS_TIMES,
    clock: deps.clock,
    fetch,
    events: {
      fetched: (count) => deps.log.debug("the issuer's keys were fetched", { keys: count }),
      failed: (cause) => deps.log.warn("the issuer's keys could not be fetched", { error: cause }),
    },
  });
  return { keys, rules: { ...rules, issuer: jwtIssuer ?? "", audience: jwtAudience ?? "" } };
}

function algorithmsOf({ jwtAlgorithm }: ConfigOf<ChatOptions>): readonly RemoteAlgorithm[] {
  return jwtAlgorithm.length > 0 ? (jwtAlgorithm as readonly RemoteAlgorithm[]) : ISSUER_ALGORITHMS;
}
