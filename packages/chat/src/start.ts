import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import {
  listen,
  makeFolder,
  processLock,
  randomId,
  TrustedProxies,
  type Clock,
  type Listener,
  type Log,
  type Metrics,
} from "@warren/host";
import { ChatError } from "@warren/wire";
import { chatApp } from "./api/app.ts";
import type { Readiness } from "./api/http.ts";
import { SessionDesk } from "./api/session-desk.ts";
import { clientAddress, MetricsAccess } from "./auth/client-address.ts";
import { Cors } from "./auth/cors.ts";
import { SocketOrigins } from "./auth/socket-origins.ts";
import { TokenVerifier, VERIFIED_TOKENS } from "./auth/token-verifier.ts";
import type { ChatConfig } from "./config.ts";
import { Door } from "./connections/door.ts";
import { memoryLimits } from "./connections/memory-limits.ts";
import { Conversations } from "./conversations.ts";
import { drain } from "./drain.ts";
import { ChatEvents } from "./events.ts";
import { MASTER_KEYS_COOL_DOWN_MS, MasterKeys } from "./keys/master-keys.ts";
import { Sealer } from "./keys/sealer.ts";
import { SESSION_KEYS_LIMITS, SessionKeys } from "./keys/session-keys.ts";
import { Texts } from "./log/said.ts";
import { openProviders } from "./providers/open-providers.ts";
import { openWithOrigin } from "./store/sqlite/open-with-origin.ts";
import { openSqliteKeyStore } from "./store/sqlite/sqlite-key-store.ts";

export interface ChatDeps {
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  metrics: Metrics;
  /** The store's thread is gone: nothing can be said any more. */
  fatal: (cause: unknown) => void;
}

export interface RunningChat extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** No longer ready; lets clients and answers end; resolves when all that can be saved is. */
  drain(): Promise<void>;
}

/** Where an old client looks: the prefix of the reference goes on to answer. */
const OLD_PREFIX = "/chatbox";
/** How long a client has to answer a close. */
const CLOSE_MS = 5_000;

/** Opens everything in order and listens. Rejects, with all closed again, where something cannot be had. */
export async function startChat(
  config: ChatConfig,
  deps: ChatDeps,
  signal: AbortSignal,
): Promise<RunningChat> {
  await using opened = new AsyncDisposableStack();
  const { clock, wallClock, metrics, log } = deps;
  const events = new ChatEvents(log, metrics);
  const failed = (cause: unknown) => events.broke("the chat's store could not be read", cause);
  const store = await openStore(config, deps, { events, opened });
  const masters = await MasterKeys.open({
    source: config.keys,
    clock,
    coolDownMs: MASTER_KEYS_COOL_DOWN_MS,
  });
  const keyOptions = { store: store.keys, masters, clock, wallClock, limits: SESSION_KEYS_LIMITS };
  const texts = new Texts(new Sealer(new SessionKeys(keyOptions)));
  const eventSource = `/warren/chat/${store.log.origin.split(":")[0]}`;
  const providers = opened.use(
    openProviders(config.providers, config.providerSettings, { ...deps, eventSource }),
  );
  const conversations = new Conversations({
    config,
    deps,
    store,
    texts,
    providers,
    events,
    failed,
  });
  signal.throwIfAborted();

  const verifier = new TokenVerifier({
    trust: config.trust,
    guests: undefined,
    wallClock,
    ...VERIFIED_TOKENS,
  });
  const limits = memoryLimits(config.rates);
  const proxies = new TrustedProxies(config.trustedProxies);
  const door = new Door({
    paths: pathsOf(config.prefix),
    verifier,
    origins: new SocketOrigins({
      allowed: config.origins.sockets,
      isDevelopment: config.isDevelopment,
    }),
    limits,
    takesQueryTokens: config.takesQueryTokens,
    mostOfUser: config.connections.mostOfUser,
    most: config.connections.most,
    events,
    deps: {
      ...conversations.forConnections,
      limits,
      renewal: verifier,
      models: providers.models,
      clock,
      wallClock,
      newId: () => randomId(12),
      mostWaitingBytes: config.connections.mostWaitingBytes,
      closeMs: CLOSE_MS,
      events,
    },
  });
  let isDraining = false;
  const readiness = async (): Promise<Readiness> => {
    const sqlite = await checkOf(store.lastPosition());
    const { status, providers_count, reason } = providers.checks();
    const llm = { status, providers_count, ...(reason !== undefined && { reason }) };
    // An AI that is away does not stop people from answering.
    return { isReady: !isDraining && sqlite.status === "ready", checks: { sqlite, llm } };
  };
  const app = chatApp([config.prefix, OLD_PREFIX], {
    desk: new SessionDesk({ ...conversations.forDesk, wallClock }),
    verifier,
    limits,
    cors: new Cors({ allowed: config.origins.cors, isDevelopment: config.isDevelopment }),
    readiness,
    metrics: {
      access: new MetricsAccess(config.metricsNetworks, proxies),
      text: () => metrics.text(),
      contentType: metrics.contentType,
    },
    addressOf: (peer, forwardedFor) => clientAddress({ peer, forwardedFor }, proxies),
    clock,
    wallClock,
    events,
  });
  const server = httpServer(app.fetch as Parameters<typeof getRequestListener>[0], door);
  const listener = opened.use(await listenOn(server, config));
  opened.defer(() => cut(door, listener));
  const { host, port } = listener;
  events.started({ host, port, store: "sqlite", models: providers.models.length });
  const owned = opened.move();
  return {
    host,
    port,
    async drain() {
      isDraining = true;
      await drain({
        ...config.drain,
        clock,
        random: deps.random,
        door,
        listener,
        events,
        conversations,
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The databases of one folder, which is this process's alone. */
async function openStore(
  { folder, cluster }: ChatConfig,
  { clock, wallClock, fatal }: ChatDeps,
  { events, opened }: { events: ChatEvents; opened: AsyncDisposableStack },
) {
  makeFolder(folder, 0o700);
  const lock = processLock(join(folder, "chat.lock"));
  if (!lock.held) throw new FolderInUseError(folder, lock.pid);
  opened.use(lock);
  const content = opened.use(
    await openWithOrigin({
      database: join(folder, "chat.db"),
      originFile: join(folder, "chat-origin.json"),
      cluster,
      clock,
      wallClock,
      lost: fatal,
      failed: (cause) => events.broke("the mark of the chat's log could not be written", cause),
      restored: (epoch) =>
        events.warned(`the chat's database is older than its mark: it goes on as epoch ${epoch}`),
    }),
  );
  const keys = opened.use(await openSqliteKeyStore(join(folder, "chat-keys.db"), fatal));
  return { ...content, keys };
}

/** The folder is another process's. The message is for the operator. */
export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";
  constructor(folder: string, pid: number | undefined) {
    const who = pid === undefined ? "another process" : `process ${pid}`;
    super(`${folder}: ${who} runs a chat here already; stop it, or say --data for another folder`);
  }
}

async function checkOf(asked: Promise<unknown>) {
  try {
    await asked;
    return { status: "ready" } as const;
  } catch (reason) {
    return { status: "not ready", reason: ChatError.from(reason).message } as const;
  }
}

function pathsOf(prefix: string): ReadonlySet<string> {
  const base = prefix === "/" ? "" : prefix;
  return new Set([`${base}/ws`, `${OLD_PREFIX}/ws`, "/ws"]);
}

function httpServer(fetch: Parameters<typeof getRequestListener>[0], door: Door): Server {
  const respond = getRequestListener(fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      maxHeaderSize: 32_768,
      headersTimeout: 15_000,
      requestTimeout: 300_000,
      keepAliveTimeout: 75_000,
    },
    (request, response) => void respond(request, response),
  );
  server.on("upgrade", (request, socket, head) => void door.upgrade(request, socket, head));
  return server;
}

function listenOn(server: Server, { listen: { host, port } }: ChatConfig): Promise<Listener> {
  const said = { host: "--host", port: "--port" };
  return listen(server, { host, port, fd: undefined, said });
}

/** What is left of the sockets at the end comes back elsewhere. */
function cut(door: Door, listener: Listener): void {
  listener.stop();
  for (const connection of door.connections()) connection.close("DRAINING");
}
