import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { randomId, TrustedProxies, type Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import { chatApp } from "./api/app.ts";
import type { Check, Readiness } from "./api/http.ts";
import { SessionDesk } from "./api/session-desk.ts";
import { clientAddress, MetricsAccess } from "./auth/client-address.ts";
import { Cors } from "./auth/cors.ts";
import { GuestTokens } from "./auth/guest-tokens.ts";
import { SocketOrigins } from "./auth/socket-origins.ts";
import { TokenVerifier, VERIFIED_TOKENS } from "./auth/token-verifier.ts";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import { Door } from "./connections/door.ts";
import { memoryLimits } from "./connections/memory-limits.ts";
import type { Limits } from "./connections/ports.ts";
import type { Content } from "./content.ts";
import type { Conversations } from "./conversations.ts";
import type { ChatEvents } from "./events.ts";
import { fileOrigins } from "./files/file-origins.ts";
import type { Pages } from "./pages/pages.ts";
import type { Providers } from "./providers/open-providers.ts";
import type { Store } from "./store/store.ts";

export interface FrontOptions {
  config: ChatConfig;
  deps: ChatDeps;
  events: ChatEvents;
  store: Store;
  providers: Providers;
  conversations: Conversations;
  pages: Pages | undefined;
  content: Content;
}

/** What the world sees: one HTTP server, for requests and for sockets. */
export interface Front {
  readonly server: Server;
  readonly door: Door;
  /** From now on the readiness probe says no. */
  unready(): void;
}

/** Where an old client looks: the prefix of the reference goes on to answer. */
const OLD_PREFIX = "/chatbox";
/** How long a client has to answer a close. */
const CLOSE_MS = 5_000;

export function createFront(options: FrontOptions): Front {
  const { config, deps } = options;
  const guests = config.guests === undefined ? undefined : new GuestTokens(config.guests);
  const verifier = new TokenVerifier({
    trust: config.trust,
    guests,
    wallClock: deps.wallClock,
    ...VERIFIED_TOKENS,
  });
  const access = { verifier, guests, limits: memoryLimits(config.rates) };
  const door = doorOf(options, access);
  let isDraining = false;
  const app = appOf(options, access, () => readiness(options, isDraining));
  return {
    server: serverOf(app.fetch, door),
    door,
    unready() {
      isDraining = true;
    },
  };
}

interface Access {
  verifier: TokenVerifier;
  guests: GuestTokens | undefined;
  limits: Limits;
}

function doorOf(options: FrontOptions, { verifier, limits }: Access): Door {
  const { config, deps, events, providers, conversations, content } = options;
  const { clock, wallClock } = deps;
  const { most, mostOfUser, mostWaitingBytes } = config.connections;
  const { isDevelopment, takesQueryTokens } = config;
  const origins = new SocketOrigins({ allowed: config.origins.sockets, isDevelopment });
  for (const warning of origins.warnings) events.warned(warning);
  return new Door({
    paths: pathsOf(config.prefix),
    verifier,
    origins,
    limits,
    takesQueryTokens,
    mostOfUser,
    most,
    events,
    deps: {
      ...conversations.forConnections,
      files: content.files,
      limits,
      renewal: verifier,
      models: providers.models,
      clock,
      wallClock,
      newId: () => randomId(12),
      mostWaitingBytes,
      closeMs: CLOSE_MS,
      events,
    },
  });
}

function appOf(
  { config, deps, events, conversations, content, pages }: FrontOptions,
  { verifier, guests, limits }: Access,
  ready: () => Promise<Readiness>,
) {
  const { metrics, clock, wallClock } = deps;
  const proxies = new TrustedProxies(config.trustedProxies);
  const { isDevelopment } = config;
  const cors = new Cors({ allowed: config.origins.cors, isDevelopment });
  if (cors.isOn) events.corsConfigured(cors.origins);
  return chatApp([config.prefix, OLD_PREFIX], {
    desk: new SessionDesk({
      ...conversations.forDesk,
      tokensOf: (sessionIds) => content.shares.tokens(sessionIds),
      wallClock,
    }),
    ...content.forApi,
    verifier,
    guests,
    limits,
    cors,
    readiness: ready,
    metrics: {
      access: new MetricsAccess(config.metricsNetworks, proxies),
      text: () => metrics.text(),
      contentType: metrics.contentType,
    },
    pages: pages && {
      ...pages,
      framedBy: config.framedBy,
      fileOrigins: fileOrigins(config.files),
      takesGuests: guests !== undefined,
    },
    addressOf: (peer, forwardedFor) => clientAddress({ peer, forwardedFor }, proxies),
    clock,
    wallClock,
    events,
  });
}

/** How long a probe waits for the store: less than probes wait for their answer. */
const PROBE_MS = 2_000;

async function readiness(
  { store, providers, deps }: FrontOptions,
  isDraining: boolean,
): Promise<Readiness> {
  const kept = await checkOf(store.check(), deps.clock);
  const { status, providers_count, reason } = providers.checks();
  const llm = { status, providers_count, ...(reason !== undefined && { reason }) };
  // An AI that is away does not stop people from answering.
  return { isReady: !isDraining && kept.status === "ready", checks: { [store.name]: kept, llm } };
}

async function checkOf(asked: Promise<void>, clock: Clock): Promise<Check> {
  const late = Promise.withResolvers<Check>();
  const forget = clock.after(PROBE_MS, () =>
    late.resolve({ status: "not ready", reason: `no answer within ${PROBE_MS} ms` }),
  );
  const answered = asked.then(
    () => ({ status: "ready" }) as const,
    (cause: unknown) => ({ status: "not ready", reason: ChatError.from(cause).message }) as const,
  );
  const check = await Promise.race([answered, late.promise]);
  forget();
  return check;
}

function pathsOf(prefix: string): ReadonlySet<string> {
  const base = prefix === "/" ? "" : prefix;
  return new Set([`${base}/ws`, `${OLD_PREFIX}/ws`, "/ws"]);
}

function serverOf(fetch: Parameters<typeof getRequestListener>[0], door: Door): Server {
  const respond = getRequestListener(fetch, { overrideGlobalObjects: false });
  const limits = {
    maxHeaderSize: 32_768,
    headersTimeout: 15_000,
    // An upload of 100 MB over a slow line.
    requestTimeout: 900_000,
    keepAliveTimeout: 75_000,
  };
  const server = createServer(limits, (request, response) => void respond(request, response));
  server.on("upgrade", (request, socket, head) => void door.upgrade(request, socket, head));
  return server;
}
