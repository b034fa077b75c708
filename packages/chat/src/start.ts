import { listen } from "@warren/host";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import { Content } from "./content.ts";
import { Conversations } from "./conversations.ts";
import { drain } from "./drain.ts";
import { ChatEvents } from "./events.ts";
import { FileLinks } from "./files/file-links.ts";
import { openFiles } from "./files/open-files.ts";
import { openFront } from "./front.ts";
import { chatGuards } from "./guards.ts";
import type { MasterKeys } from "./keys/master-keys.ts";
import { openPages } from "./pages/pages.ts";
import { startLegacyImport } from "./legacy/legacy-import.ts";
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

/** Opens everything in order and listens. Rejects, with all closed again, where something cannot be had. */
export async function startChat(
  config: ChatConfig,
  deps: ChatDeps,
  signal: AbortSignal,
): Promise<RunningChat> {
  await using opened = new AsyncDisposableStack();
  const { clock, random } = deps;
  const events = new ChatEvents(deps.log, deps.metrics);
  const guards = chatGuards(deps);
  const store = opened.use(await openStore({ ...config, guards, events, deps }));
  const seals = await openSeals(config.keys, deps, store.keys);
  signal.throwIfAborted();
  const eventSource = `/warren/chat/${store.log.origin.split(":")[0]}`;
  const providers = opened.use(
    openProviders(config.providers, config.providerSettings, { ...deps, eventSource }),
  );
  const pages = await openPages(config.pages);
  const failed = (cause: unknown) => events.broke("the chat's store could not be read", cause);
  const links = linksOf(config, deps, seals.masters);
  const wired = { config, deps, store, seals, links, providers, events, failed };
  const conversations = new Conversations(wired);
  const leave = (userId: string) => {
    for (const one of door.connections()) if (one.identity.userId === userId) one.close("GONE");
  };
  const fileStore = await openFiles(config.files, { ...deps, guards });
  if (isFolderOfOne(config)) events.warned(FOLDER_OF_ONE);
  const content = new Content({ ...wired, fileStore, conversations, leave });
  opened.use(content.rotation);
  const front = opened.use(
    await openFront({ config, deps, events, store, providers, conversations, content, pages }),
  );
  const { door, server } = front;
  const said = { host: "--host", port: "--port" };
  const listener = opened.use(await listen(server, { ...config.listen, fd: undefined, said }));
  const probes = opened.use(await listenToProbes(front.probes, config));
  opened.defer(() => {
    listener.stop();
    for (const connection of door.connections()) connection.close("DRAINING");
  });
  opened.use(content.startRetention());
  opened.use(bringOver(config, deps, { store, seals, events }));
  const { host, port } = listener;
  events.started({ host, port, store: nameOfStore(config), models: providers.models.length });
  const owned = opened.move();
  return {
    host,
    port,
    scheme: config.tls === undefined ? "http" : "https",
    probePort: probes?.port,
    async drain() {
      front.unready();
      await drain({ ...config.drain, clock, random, door, listener, events, conversations });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

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

/** What the service before left is brought over meanwhile. */
function bringOver(
  { store: config }: ChatConfig,
  { clock }: ChatDeps,
  { store, seals, events }: { store: Store; seals: Seals; events: ChatEvents },
): AsyncDisposable | undefined {
  const { legacy, log, sessions } = store;
  if (legacy === undefined || config.kind !== "mongodb") return undefined;
  const { texts, masters } = seals;
  const content = config.legacy;
  return startLegacyImport({ legacy, log, sessions, texts, masters, content, clock, events });
}
