import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { randomId, smallServer, TrustedProxies, type Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import { chatApp, probeApp } from "./api/app.ts";
import type { ApiDeps } from "./api/http.ts";
import type { Check, Readiness } from "./api/http.ts";
import { SessionDesk } from "./api/session-desk.ts";
import { clientAddress, MetricsAccess } from "./auth/client-address.ts";
import { Cors } from "./auth/cors.ts";
import { GuestTokens } from "./auth/guest-tokens.ts";
import { SocketOrigins } from "./auth/socket-origins.ts";
import { TokenVerifier, VERIFIED_TOKENS } from "./auth/token-verifier.ts";
import type { ChatDeps } from "./chat-deps.ts";
import { openChatServer } from "./chat-server.ts";
import type { ChatConfig } from "./config.ts";
import { Door } from "./connections/door.ts";
import type { Limits } from "./connections/ports.ts";
import type { Content } from "./content.ts";
import type { Conversations } from "./conversations.ts";
import type { ChatEvents } from "./events.ts";
import { Arrivals } from "./instances/arrivals.ts";
import type { Ties } from "./instances/open-ties.ts";
import { fileOrigins } from "./files/file-origins.ts";
import type { Pages } from "./pages/pages.ts";
import type { Providers } from "./providers/open-providers.ts";
import { Guests } from "./sessions/guests.ts";
import type { Store } from "./store/store.ts";

export interface FrontOptions {
  config: ChatConfig;
  deps: ChatDeps;
  events: ChatEvents;
  store: Store;
  providers: Providers;
  conversations: Conversations;
  ties: Pick<Ties, "directory" | "limits">;
  pages: Pages | undefined;
  content: Content;
}

/** What the world sees: one HTTP server, for requests and for sockets. */
export interface Front extends AsyncDisposable {
  readonly server: Server;
  /** Probes and metrics alone, in plain. */
  readonly probes: Server;
  readonly door: Door;
  /** From now on the readiness probe says no. */
  unready(): void;
}

/** Where an old client looks: the prefix of the reference goes on to answer. */
const OLD_PREFIX = "/chatbox";
/** How long a client has to answer a close. */
const CLOSE_MS = 5_000;

/** Of the plain port: some probes and scrapers. */
const MOST_PROBES = 100;

/** Rejects with an ExitError where the files of TLS cannot be used. Listens to nothing yet. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { config, deps } = options;
  const guestTokens = config.guests && new GuestTokens(config.guests);
  const verifier = new TokenVerifier({
    trust: config.trust,
    guests: guestTokens,
    wallClock: deps.wallClock,
    ...VERIFIED_TOKENS,
  });
  const access = { verifier, limits: options.ties.limits, guestTokens };
  const door = doorOf(options, access);
  let isDraining = false;
  const api = apiOf(options, access, () => readiness(options, isDraining));
  const prefixes = [config.prefix, OLD_PREFIX];
  await using opened = new AsyncDisposableStack();
  opened.use(door);
  const { server } = opened.use(
    await openChatServer({
      tls: config.tls,
      listener: listenerOf(chatApp(prefixes, api).fetch),
      clock: deps.clock,
      events: options.events,
    }),
  );
  const owned = opened.move();
  server.on("upgrade", (request, socket, head) => void door.upgrade(request, socket, head));
  return {
    server,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
    probes: smallServer(listenerOf(probeApp(prefixes, api).fetch), MOST_PROBES),
    door,
    unready() {
      isDraining = true;
    },
  };
}

interface Access {
  verifier: TokenVerifier;
  limits: Limits;
  guestTokens: GuestTokens | undefined;
}

function doorOf(options: FrontOptions, { verifier, limits }: Access): Door {
  const { config, deps, events, store, providers, conversations, ties, content } = options;
  const { clock, wallClock } = deps;
  const arrivals = new Arrivals({
    directory: ties.directory,
    cluster: store.log.origin.split(":")[0]!,
    instances: conversations.instances,
    wallClock,
  });
  const { most, mostOfUser, mostWaitingBytes } = config.connections;
  const { isDevelopment, takesQueryTokens } = config;
  const proxies = new TrustedProxies(config.trustedProxies);
  const origins = new SocketOrigins({ allowed: config.origins.sockets, isDevelopment });
  for (const warning of origins.warnings) events.warned(warning);
  return new Door({
    paths: pathsOf(config.prefix),
    openPaths: OPEN_PATHS,
    addressOf: (peer, forwardedFor) => clientAddress({ peer, forwardedFor }, proxies),
    verifier,
    origins,
    limits,
    takesQueryTokens,
    mostOfUser,
    most,
    frameBytes: config.frameBytes,
    elsewhere: (userId) => arrivals.elsewhere(userId),
    events,
    deps: {
      ...conversations.forConnections,
      files: content.files,
      limits,
      renewal: verifier,
      arrive: (arrival) => arrivals.arrive(arrival),
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

function listenerOf(fetch: Parameters<typeof getRequestListener>[0]) {
  const respond = getRequestListener(fetch, { overrideGlobalObjects: false });
  return (...[request, response]: Parameters<typeof respond>) => void respond(request, response);
}

function apiOf(
  { config, deps, events, store, conversations, content, pages }: FrontOptions,
  { verifier, limits, guestTokens: tokens }: Access,
  ready: () => Promise<Readiness>,
): ApiDeps {
  const { metrics, clock, wallClock } = deps;
  const proxies = new TrustedProxies(config.trustedProxies);
  const { isDevelopment } = config;
  const cors = new Cors({ allowed: config.origins.cors, isDevelopment });
  if (cors.isOn) events.corsConfigured(cors.origins);
  const { forDesk } = conversations;
  return {
    replies: store.replies,
    answers: conversations.answers,
    guests: tokens && new Guests({ ...forDesk, ...content.forGuests, tokens, clock, wallClock }),
    newId: () => randomId(12),
    desk: new SessionDesk({
      ...forDesk,
      tokensOf: (sessionIds) => content.shares.tokens(sessionIds),
      wallClock,
    }),
    ...content.forApi,
    verifier,
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
      takesGuests: tokens !== undefined,
    },
    addressOf: (peer, forwardedFor) => clientAddress({ peer, forwardedFor }, proxies),
    clock,
    wallClock,
    events,
  };
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
  // `mongodb` is how probes of old know the store, whichever it is.
  const checks = { [store.name]: kept, mongodb: kept, llm };
  // An AI that is away does not stop people from answering.
  return { isReady: !isDraining && kept.status === "ready", checks };
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

/** Where a client may say who it is in its first frame. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/ws"]);

function pathsOf(prefix: string): ReadonlySet<string> {
  const base = prefix === "/" ? "" : prefix;
  return new Set([`${base}/ws`, `${OLD_PREFIX}/ws`, "/ws"]);
}
