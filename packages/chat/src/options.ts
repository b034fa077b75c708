import {
  cidrProblem,
  Duration,
  fromText,
  listOption,
  option,
  Port,
  secretOption,
  Size,
  switchOption,
  urlOf,
  tablesOption,
  Text,
  WholeNumber,
} from "@warren/host";
import { notifyOptions } from "./notify/options.ts";
import { contentOptions } from "./content-options.ts";
import { LEGACY_CONTENTS } from "./keys/legacy.ts";
import { STORE_KINDS } from "./store/store-config.ts";

const Prefix = fromText("a path like /chat", (text) =>
  /^(\/|(\/[\w.~-]+)+)$/.test(text) ? text : undefined,
);
const Cidr = fromText("an address or a CIDR like 10.0.0.0/8", (text) =>
  cidrProblem(text) === undefined ? text : undefined,
);
const Name = fromText("letters, digits, dots and dashes, at most 100", (text) =>
  /^[\w.-]{1,100}$/.test(text) ? text : undefined,
);

const Legacy = fromText(LEGACY_CONTENTS.join(", "), (text) =>
  LEGACY_CONTENTS.find((one) => one === text),
);
const Store = fromText(STORE_KINDS.join(" or "), (text) => STORE_KINDS.find((one) => one === text));

/** Where it is served, and to whom. */
const front = {
  host: option({
    value: "<address>",
    schema: Text,
    default: "127.0.0.1",
    help: "Address to listen on; :: or 0.0.0.0 for all.",
    names: { env: "SERVER_HOST", toml: "server.host" },
  }),
  port: option({
    value: "<port>",
    schema: Port,
    default: "8085",
    help: "Port of HTTP and WebSockets.",
    names: { env: "SERVER_PORT", toml: "server.port" },
  }),
  tlsCert: option({
    value: "<file>",
    schema: Text,
    help: "Certificate chain (PEM): with --tls-key the port serves HTTPS and WSS. Read again when it changes.",
    names: { env: "WARREN_CHAT_TLS_CERT", toml: "server.tls_cert" },
  }),
  tlsKey: option({
    value: "<file>",
    schema: Text,
    help: "Key of the certificate (PEM).",
    names: { env: "WARREN_CHAT_TLS_KEY", toml: "server.tls_key" },
  }),
  probePort: option({
    value: "<port>",
    schema: Port,
    help: "Plain port of probes and metrics alone; 8086 with --tls-cert, else none.",
    names: { env: "WARREN_CHAT_PROBE_PORT", toml: "server.probe_port" },
  }),
  prefix: option({
    value: "<path>",
    schema: Prefix,
    default: "/chat",
    help: "Path under which everything is served; /chatbox answers too.",
    names: { env: "CHATBOX_PATH_PREFIX", toml: "chatbox.path_prefix" },
  }),
  wsOrigin: listOption({
    value: "<origin>",
    schema: Text,
    help: "Pages that may open sockets, like https://app.example.com; * for all. Needed without --dev.",
    names: { env: "WS_ALLOWED_ORIGINS", toml: "chatbox.allowed_origins" },
  }),
  corsOrigin: listOption({
    value: "<origin>",
    schema: Text,
    help: "Pages of other sites that may read the HTTP interface; none unless set.",
    names: { env: "CORS_ALLOWED_ORIGINS", toml: "chatbox.cors_allowed_origins" },
  }),
  pages: switchOption({
    default: "true",
    help: "Serves the pages of users and admins, and the widget.",
    names: { env: "WARREN_CHAT_PAGES", toml: "chatbox.pages" },
  }),
  frameOrigin: listOption({
    value: "<origin>",
    schema: Text,
    help: "Sites that may show a user's pages in a frame; none unless set.",
    names: { env: "WARREN_CHAT_FRAME_ORIGIN", toml: "chatbox.frame_origins" },
  }),
  trustedProxy: listOption({
    value: "<cidr>",
    schema: Cidr,
    help: "Balancers whose X-Forwarded-For is believed.",
    names: { env: "WARREN_CHAT_TRUSTED_PROXY", toml: "chatbox.trusted_proxies" },
  }),
  metricsNetwork: listOption({
    value: "<cidr>",
    schema: Cidr,
    help: "Networks that may read the metrics; private ones and this machine unless set.",
    names: { env: "WARREN_CHAT_METRICS_NETWORK", toml: "chatbox.metrics_allowed_networks" },
  }),
};

/** Who may come in, and what seals their words. */
const access = {
  dev: switchOption({
    help: "For trying out: a secret and a key are made and kept in the data folder, and pages of this machine are let in.",
    names: { env: "WARREN_CHAT_DEV", toml: "chatbox.dev" },
  }),
  jwtSecret: secretOption({
    help: "Signs users' tokens (HS256), 32 characters at least.",
    names: { env: "JWT_SECRET", toml: "chatbox.jwt_secret" },
  }),
  jwtJwksUrl: option({
    value: "<url>",
    schema: Text,
    help: "Public keys of an issuer of users' tokens, instead of a secret.",
    names: { env: "JWT_JWKS_URL", toml: "chatbox.jwt_jwks_url" },
  }),
  jwtIssuer: option({
    value: "<name>",
    schema: Text,
    help: "The `iss` that tokens must have.",
    names: { env: "JWT_ISSUER", toml: "chatbox.jwt_issuer" },
  }),
  jwtAudience: option({
    value: "<name>",
    schema: Text,
    help: "The `aud` that tokens must have.",
    names: { env: "JWT_AUDIENCE", toml: "chatbox.jwt_audience" },
  }),
  jwtAlgorithm: listOption({
    value: "<name>",
    schema: Text,
    help: "Algorithms of the issuer's tokens; RS256, ES256 and EdDSA unless set.",
    names: { env: "JWT_ALGORITHMS", toml: "chatbox.jwt_algorithms" },
  }),
  userClaim: option({
    value: "<claim>",
    schema: Text,
    default: "user_id",
    help: "Claim that says who the user is.",
    names: { env: "JWT_USER_CLAIM", toml: "chatbox.jwt_user_claim" },
  }),
  rolesClaim: option({
    value: "<claim>",
    schema: Text,
    default: "roles",
    help: "Claim that lists their roles.",
    names: { env: "JWT_ROLES_CLAIM", toml: "chatbox.jwt_roles_claim" },
  }),
  nameClaim: option({
    value: "<claim>",
    schema: Text,
    default: "name",
    help: "Claim that says what others call them.",
    names: { env: "JWT_NAME_CLAIM", toml: "chatbox.jwt_name_claim" },
  }),
  tokenLife: option({
    value: "<duration>",
    schema: Duration,
    default: "30d",
    help: "A token that is good for longer is refused.",
    names: { env: "JWT_LONGEST_LIFE", toml: "chatbox.jwt_longest_life" },
  }),
  queryToken: switchOption({
    default: "true",
    help: "Sockets may bring their token in the address, as browsers must.",
    names: { env: "WARREN_CHAT_QUERY_TOKEN", toml: "chatbox.query_token" },
  }),
  encryptionKey: secretOption({
    help: "Seals what people write: 32 bytes in base64 (openssl rand -base64 32).",
    names: { env: "ENCRYPTION_KEY", toml: "chatbox.encryption_key" },
  }),
  encryptionKeyPrevious: secretOption({
    help: "Former keys, a comma list, newest first: they open what they sealed.",
    names: { env: "ENCRYPTION_KEY_PREVIOUS", toml: "chatbox.encryption_key_previous" },
  }),
};

/** The AI that answers. */
const answers = {
  llmProvider: tablesOption({
    help: "The models, a table each: id, name, type, endpoint, apiKey, model. LLM_PROVIDER_<n>_* go before.",
    names: { toml: "llm.providers" },
  }),
  systemPrompt: option({
    value: "<text>",
    schema: Text,
    default:
      "You answer people in a support chat. Be brief, friendly and honest; say so when you do not know.",
    help: "What every model is told first.",
    names: { env: "LLM_SYSTEM_PROMPT", toml: "llm.system_prompt" },
  }),
  streamTimeout: option({
    value: "<duration>",
    schema: Duration,
    default: "120s",
    help: "A whole answer takes at most this long, with retries.",
    names: { env: "LLM_STREAM_TIMEOUT", toml: "chatbox.llm_stream_timeout" },
  }),
};

/** Bounds. */
const bounds = {
  rateLimit: option({
    value: "<count>",
    schema: WholeNumber,
    default: "100",
    help: "Messages of one user in a minute.",
    names: { env: "RATE_LIMIT", toml: "chatbox.rate_limit" },
  }),
  adminRateLimit: option({
    value: "<count>",
    schema: WholeNumber,
    default: "20",
    help: "Requests of one admin in --admin-rate-window.",
    names: { env: "ADMIN_RATE_LIMIT", toml: "chatbox.admin_rate_limit" },
  }),
  adminRateWindow: option({
    value: "<duration>",
    schema: Duration,
    default: "1m",
    help: "The time that --admin-rate-limit is for.",
    names: { env: "ADMIN_RATE_WINDOW", toml: "chatbox.admin_rate_window" },
  }),
  userRateLimit: option({
    value: "<count>",
    schema: WholeNumber,
    default: "600",
    help: "HTTP requests of one user in a minute.",
    names: { env: "USER_RATE_LIMIT", toml: "chatbox.user_rate_limit" },
  }),
  publicRateLimit: option({
    value: "<count>",
    schema: WholeNumber,
    default: "60",
    help: "Requests without a token of one address in a minute: share links and guests.",
    names: { env: "PUBLIC_RATE_LIMIT", toml: "chatbox.public_rate_limit" },
  }),
  uploadRateLimit: option({
    value: "<count>",
    schema: WholeNumber,
    default: "60",
    help: "Uploads, and files and sessions removed, of one user in a minute.",
    names: { env: "UPLOAD_RATE_LIMIT", toml: "chatbox.upload_rate_limit" },
  }),
  helpAlertLimit: option({
    value: "<count>",
    schema: WholeNumber,
    default: "5",
    help: "Alerts of one session in --help-alert-window.",
    names: { env: "HELP_ALERT_LIMIT", toml: "notification.help_alert_limit" },
  }),
  helpAlertWindow: option({
    value: "<duration>",
    schema: Duration,
    default: "5m",
    help: "The time that --help-alert-limit is for.",
    names: { env: "HELP_ALERT_WINDOW", toml: "notification.help_alert_window" },
  }),
  maxMessageSize: option({
    value: "<size>",
    schema: Size,
    default: "1MiB",
    help: "The largest frame of a client; a larger one closes its socket (1009).",
    names: { env: "MAX_MESSAGE_SIZE", toml: "chatbox.max_message_size" },
  }),
  maxConnections: option({
    value: "<count>",
    schema: WholeNumber,
    default: "10000",
    help: "Sockets of this instance.",
    names: { env: "MAX_CONNECTIONS", toml: "chatbox.max_connections" },
  }),
  maxUserConnections: option({
    value: "<count>",
    schema: WholeNumber,
    default: "10",
    help: "Sockets of one user.",
    names: { env: "MAX_USER_CONNECTIONS", toml: "chatbox.max_user_connections" },
  }),
  slowConsumerBytes: option({
    value: "<size>",
    schema: Size,
    default: "1MiB",
    help: "What waits for a client that does not read, before it is cut off.",
    names: { env: "WARREN_CHAT_SLOW_CONSUMER", toml: "chatbox.slow_consumer" },
  }),
  reconnectTimeout: option({
    value: "<duration>",
    schema: Duration,
    default: "15m",
    help: "A user who comes back within this goes on with the same session.",
    names: { env: "RECONNECT_TIMEOUT", toml: "chatbox.reconnect_timeout" },
  }),
  takeoverLease: option({
    value: "<duration>",
    schema: Duration,
    default: "5m",
    help: "An admin who has a session and is away this long loses it to the AI.",
    names: { env: "TAKEOVER_LEASE", toml: "chatbox.takeover_lease" },
  }),
  drainDelay: option({
    value: "<duration>",
    schema: Duration,
    default: "0",
    help: "Goes on accepting so long after it is no longer ready.",
    names: { env: "WARREN_CHAT_DRAIN_DELAY", toml: "chatbox.drain_delay" },
  }),
  drainSpread: option({
    value: "<duration>",
    schema: Duration,
    default: "5s",
    help: "Over this clients are sent elsewhere at the end.",
    names: { env: "WARREN_CHAT_DRAIN_SPREAD", toml: "chatbox.drain_spread" },
  }),
};

/** Who may come without an account. */
const visitors = {
  allowGuests: switchOption({
    help: "A visitor without a token of a user gets a guest's; on with --dev.",
    names: { env: "WARREN_CHAT_ALLOW_GUESTS", toml: "chatbox.allow_guests" },
  }),
};

/** Everything that the chat can be told. Names as in the seed where it has one. */
export const chatOptions = {
  ...front,
  ...access,
  ...answers,
  ...bounds,
  ...visitors,
  ...notifyOptions,
  ...contentOptions,
  store: option({
    value: "<kind>",
    schema: Store,
    help: "sqlite (the data folder) or mongodb: with the other one it does not start. Unset, MongoDB where it has an address.",
    names: { env: "WARREN_CHAT_STORE", toml: "chatbox.store" },
  }),
  mongoUri: secretOption({
    help: "MongoDB that keeps the conversations, mongodb://USER:PASSWORD@HOST/DATABASE, instead of the data folder.",
    names: { env: "MONGO_URI", toml: "dbs.chat.uri" },
  }),
  redisUrl: listOption({
    value: "<url>",
    schema: urlOf("redis", "rediss"),
    help: "Redis by which instances tell each other what is new, and count limits together.",
    names: { env: "REDIS_URL", toml: "chatbox.redis_url" },
  }),
  redisCluster: switchOption({
    help: "It is a Redis Cluster.",
    names: { env: "REDIS_CLUSTER", toml: "chatbox.redis_cluster" },
  }),
  legacyContent: option({
    value: "<how>",
    schema: Legacy,
    default: "mixed",
    help: "How the service before kept texts in its sessions in MongoDB, which are brought over: sealed, plain, or mixed.",
    names: { env: "WARREN_CHAT_LEGACY_CONTENT", toml: "dbs.chat.legacy_content" },
  }),
  cluster: option({
    value: "<name>",
    schema: Name,
    help: "Name of this cluster in the log; made up once and kept in the data folder unless set, or with MongoDB that of its database.",
    names: { env: "WARREN_CHAT_CLUSTER", toml: "chatbox.cluster" },
  }),
};
export type ChatOptions = typeof chatOptions;
