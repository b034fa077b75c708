import { listen } from "@warren/host";
import type { ChatDeps } from "./chat-deps.ts";
import type { ChatConfig } from "./config.ts";
import { Conversations } from "./conversations.ts";
import { drain } from "./drain.ts";
import { ChatEvents } from "./events.ts";
import { openFront } from "./front.ts";
import { chatGuards } from "./guards.ts";
import { InstanceEvents } from "./instances/events.ts";
import { openTies } from "./instances/open-ties.ts";
import { startLegacyImport } from "./legacy/legacy-import.ts";
import type { Heard } from "./live/fan-out.ts";
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
  const failed = (cause: unknown) => events.broke("the chat's store could not be read", cause);
  const instanceEvents = new InstanceEvents(deps.log, deps.metrics);
  const ties = opened.use(await openTies({ config, store, guards, deps, events: instanceEvents }));
  const fanOut = (heard: Heard) => ties.fanOut(heard);
  const wired = {
    config,
    deps,
    store,
    texts: seals.texts,
    providers,
    events,
    instanceEvents,
    fanOut,
    failed,
  };
  const conversations = opened.use(new Conversations(wired));
  const front = opened.use(
    await openFront({ config, deps, events, store, providers, conversations, ties }),
  );
  const { door, server } = front;
  const said = { host: "--host", port: "--port" };
  const listener = opened.use(await listen(server, { ...config.listen, fd: undefined, said }));
  const probes = opened.use(await listenToProbes(front.probes, config));
  opened.defer(() => {
    listener.stop();
    for (const connection of door.connections()) connection.close("DRAINING");
  });
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
