// A controller on caches that a test writes, with a real table of publications.
import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock } from "@warren/host/testing";
import { Published, type PublishedChange } from "../../src/published.ts";
import { placesOf, STRICT_TLS } from "../../src/target.ts";
import { clockVoice } from "../../src/voice.ts";
import { WatchedCluster, type Controllers, type Reach } from "../../src/kube/cluster-feed.ts";
import type { ControllerTarget } from "../../src/kube/cluster-view.ts";
import { HostOwners } from "../../src/kube/host-owners.ts";
import { ProblemLines } from "../../src/kube/problem-lines.ts";
import { ToldElsewhere } from "../../src/kube/told-elsewhere.ts";
import type { EndpointSlice, Ingress, IngressClass, Service } from "../../src/kube/objects.ts";
import { classOf, EVERYTHING, SERVER, service } from "./_kit.ts";
import { MemoryObjects } from "./_objects.ts";
import { IngressController } from "../../src/kube/ingress/ingress-controller.ts";
import { IngressEvents } from "../../src/kube/ingress/ingress-events.ts";
import { WARREN_CONTROLLER } from "../../src/kube/ingress/select.ts";

export type Controlled = ReturnType<typeof controlled>;

export function controlled(hosts = new HostOwners()) {
  const clock = virtualClock();
  const log = recordingLog();
  const metrics = promMetrics();
  const published = new Published(clockVoice(() => 1_000 + clock.now()));
  const changes: PublishedChange[] = [];
  published.onChange((change) => void changes.push(change));
  const warren = classOf("warren", WARREN_CONTROLLER);
  const caches = {
    ingresses: new MemoryObjects<Ingress>(),
    services: new MemoryObjects<Service>([service("web")]),
    endpointSlices: new MemoryObjects<EndpointSlice>(),
    ingressClasses: new MemoryObjects<IngressClass>([
      { ...warren, metadata: { ...warren.metadata, namespace: "" } },
    ]),
  };
  const others = controllersOf();
  const reach = reachOf();
  const feed = new WatchedCluster({
    ...caches,
    server: SERVER,
    isApiHidden: () => false,
    secrets: undefined,
    controllers: others.controllers,
    reach: reach.reach,
  });
  const events = new IngressEvents(log, metrics, new ProblemLines(log, clock));
  const lost = new ToldElsewhere();
  const controller = new IngressController({
    ingresses: caches.ingresses,
    feed,
    published,
    selection: EVERYTHING,
    tls: STRICT_TLS,
    connectTimeoutMs: 10_000,
    clock,
    random: () => 0.5,
    events,
    lost,
    hosts,
  });
  const sync = async () => {
    for (const cache of Object.values(caches)) cache.sync();
    await controller.ready;
  };
  const table = () => tableOf(published);
  return {
    ...caches,
    clock,
    log,
    metrics,
    published,
    changes,
    controller,
    events,
    lost,
    hosts,
    feed,
    sync,
    table,
    found: others.found,
    reaches: reach.reaches,
  };
}

/** What is in the table, as text. */
function tableOf(published: Published): string[] {
  return [...published.routes()]
    .map(({ host, path_type: type, path, namespace, ingress_name: name }) => {
      const key = `${namespace}/${name} ${host} ${type} ${path}`;
      const at = published.get(key)!.targets.flatMap(placesOf);
      return `${key} -> ${at.map((one) => `${one.host}:${one.port}`).join()}`;
    })
    .toSorted();
}

function controllersOf() {
  const heard = new Set<() => void>();
  const targets = new Map<string, ControllerTarget>();
  const controllers: Controllers = {
    synced: Promise.resolve(),
    controller: (className = "") => targets.get(className),
    onChange(listener) {
      heard.add(listener);
      return () => heard.delete(listener);
    },
  };
  const found = (className: string, target: ControllerTarget | undefined) => {
    if (target === undefined) targets.delete(className);
    else targets.set(className, target);
    for (const listener of heard) listener();
  };
  return { controllers, found };
}

function reachOf() {
  const heard = new Set<() => void>();
  let now: Omit<Reach, "onChange"> = { mode: "tunnel", endpoint: undefined };
  const reach: Reach = {
    get mode() {
      return now.mode;
    },
    get endpoint() {
      return now.endpoint;
    },
    onChange(listener) {
      heard.add(listener);
      return () => heard.delete(listener);
    },
  };
  const reaches = (after: Omit<Reach, "onChange">) => {
    now = after;
    for (const listener of heard) listener();
  };
  return { reach, reaches };
}
