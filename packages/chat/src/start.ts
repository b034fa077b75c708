import { listen, type Listener } from "@warren/host";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import type { Connection } from "./connections/connection.ts";
import { Content } from "./content.ts";
import { Conversations } from "./conversations.ts";
import { drain } from "./drain.ts";
import { ChatEvents } from "./events.ts";
import { openFront, type Front } from "./front.ts";
import { FileLinks } from "./files/file-links.ts";
import { openFiles } from "./files/open-files.ts";
import { chatGuards } from "./guards.ts";
import { InstanceEvents } from "./instances/events.ts";
import { openTies } from "./instances/open-ties.ts";
import type { MasterKeys } from "./keys/master-keys.ts";
import { openPages } from "./pages/pages.ts";
import { Departures } from "./privacy/departures.ts";
import { startLegacyImport } from "./legacy/legacy-import.ts";
import { leaseCounters } from "./leases/lease-counters.ts";
import { openAlerts } from "./notify/open-alerts.ts";
import { notifyWarnings } from "./notify/read-notify-config.ts";
import { listenToProbes } from "./listen-to-probes.ts";
import { openProviders } from "./providers/open-providers.ts";
import { openSeals, type Seals } from "./seals.ts";
import { nameOfStore, openStore } from "./store/open-store.ts";
import type { Store } from "./store/store.ts";

export interface RunningChat extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly scheme: "http" | "https";
  /** Of probes and metrics alone, where there is one. */
  readonly probePort: number | undefined;
  /** No longer ready; lets clients and answers end; resolves when all that can be saved is. */
  drain(): Promise<void>;
}

/** Mails that are on their way at the end may take this long. */
const ALERTS_MS = 5_000;

/** Opens everything in order and listens. Rejects, with all closed again, where something cannot be had. */
export async function startChat(
  config: ChatConfig,
  deps: ChatDeps,
  signal: AbortSignal,
): Promise<RunningChat> {
  await using opened = new AsyncDisposableStack();
  const { clock } = deps;
  const events = new ChatEvents(deps.log, deps.metrics);
  const guards = chatGuards(deps);
  const store = opened.use(await openStore({ ...config, guards, events, deps }));
  const seals = await openSeals(config.keys, deps, store.keys);
  signal.throwIfAborted();
  const providers = opened.use(providersOf(config, deps, store));
  const pages = await openPages(config.pages);
  const failed = (cause: unknown) => events.broke("the chat's store could not be read", cause);
  const links = linksOf(config, deps, seals.masters);
  const counters = leaseCounters(store.leases);
  const instanceEvents = new InstanceEvents(deps.log, deps.metrics);
  const ties = opened.use(await openTies({ config, store, guards, deps, events: instanceEvents }));
  const { alerts } = opened.use(
    openAlerts(config.notify, { ...deps, guards, limits: ties.limits }),
  );
  const fileStore = await openFiles(config.files, { ...deps, guards });
  for (const warning of warningsOf(config)) events.warned(warning);
  const close = (userId: string) => closeAll(door.connectionsOf(userId), "GONE");
  const departures = new Departures({ ...deps, close });
  const told = { alerts, events, instanceEvents, failed, departures, fileStore };
  const wired = { config, deps, store, seals, links, providers, counters, ties, ...told };
  const conversations = opened.use(new Conversations(wired));
  const content = new Content({ ...wired, conversations });
  opened.use(content.rotation);
  const wiredFront = { config, deps, events, store, providers, conversations, content, ties };
  const front = opened.use(await openFront({ ...wiredFront, pages }));
  const { door, server } = front;
  const listener = opened.use(await listen(server, { ...config.listen, ...LISTEN }));
  const probes = opened.use(await listenToProbes(front.probes, config));
  opened.defer(() => {
    listener.stop();
    closeAll(door.connections(), "DRAINING");
  });
  opened.use(content.startRetention());
  if (store.isShared) opened.use(departures.watch({ ...store, clock, failed }));
  opened.use(bringOver(config, deps, { store, seals, content, events }));
  const { host, port } = listener;
  events.started({ host, port, store: nameOfStore(config), models: providers.models.length });
  const owned = opened.move();
  const parts = { config, deps, front, listener, probes, events, conversations, content };
  return {
    ...addressOf(parts),
    async drain() {
      await drainAll(parts);
      await alerts.close(ALERTS_MS);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Started {
  config: ChatConfig;
  deps: ChatDeps;
  front: Front;
  listener: Listener;
  probes: { readonly port: number } | undefined;
  events: ChatEvents;
  conversations: Conversations;
  content: Content;
}

function addressOf({ config, listener, probes }: Started) {
  const { host, port } = listener;
  const scheme = config.tls === undefined ? ("http" as const) : ("https" as const);
  return { host, port, scheme, probePort: probes?.port };
}

async function drainAll(parts: Started): Promise<void> {
  const { config, deps, front, content } = parts;
  front.unready();
  await drain({ ...config.drain, ...deps, ...parts, door: front.door, files: content.files });
}

function warningsOf(config: ChatConfig): readonly string[] {
  const warnings = notifyWarnings(config.notify);
  return isFolderOfOne(config) ? [...warnings, FOLDER_OF_ONE] : warnings;
}

function closeAll(connections: Iterable<Connection>, code: "GONE" | "DRAINING"): void {
  for (const connection of connections) connection.close(code);
}

const LISTEN = { fd: undefined, said: { host: "--host", port: "--port" } };

const FOLDER_OF_ONE =
  "uploaded files are in a folder of this instance: others cannot serve them unless they share it (FILES_FOLDER) or there is a bucket (S3_BUCKET)";

/** Several instances may share a MongoDB, and do not share a folder by themselves. */
function isFolderOfOne({ store, files }: ChatConfig): boolean {
  return store.kind === "mongodb" && files.store.kind === "folder";
}

function linksOf(
  { prefix, files }: ChatConfig,
  { wallClock }: ChatDeps,
  masters: MasterKeys,
): FileLinks {
  const base = `${prefix === "/" ? "" : prefix}/files`;
  return new FileLinks({ masters, base, lifeMs: files.linkMs, wallClock });
}

interface BringOver {
  store: Store;
  seals: Seals;
  content: Content;
  events: ChatEvents;
}

function providersOf({ providers, providerSettings }: ChatConfig, deps: ChatDeps, { log }: Store) {
  const eventSource = `/warren/chat/${log.origin.split(":")[0]}`;
  return openProviders(providers, providerSettings, { ...deps, eventSource });
}

/** What the service before left is brought over meanwhile. */
function bringOver(
  { store: config }: ChatConfig,
  { clock }: ChatDeps,
  { store, seals, content, events }: BringOver,
): AsyncDisposable | undefined {
  const { legacy, log, sessions } = store;
  if (legacy === undefined || config.kind !== "mongodb") return undefined;
  const { texts, masters } = seals;
  return startLegacyImport({
    legacy,
    log,
    sessions,
    texts,
    masters,
    content: config.legacy,
    adopt: (key, token) => content.shares.adopt(key, token),
    clock,
    events,
  });
}
