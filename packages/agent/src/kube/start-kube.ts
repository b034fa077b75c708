import { lookup } from "node:dns/promises";
import { randomId } from "@warren/host";
import {
  CALL_TIMEOUT_MS,
  kubeClient,
  KubeEvents,
  Leadership,
  type KubeAccess,
  type KubeClient,
} from "@warren/host/kube";
import type { RegisterSuccess } from "@warren/wire";
import type { KubeSettings } from "../kube-options.ts";
import type { KubeSource, KubeSourceDeps, OpenKube } from "../kube-source.ts";
import type { Published } from "../published.ts";
import { ClusterCaches } from "./cluster-caches.ts";
import { ClusterControllers } from "./cluster-controllers.ts";
import { ClusterEvents } from "./cluster-events.ts";
import { WatchedCluster } from "./cluster-feed.ts";
import { ClusterNames } from "./cluster-names.ts";
import { ClusterReach } from "./cluster-reach.ts";
import { LeaseVoice } from "./lease-voice.ts";
import { scopeNote } from "./leave/scope.ts";
import { openAccess } from "./open-access.ts";
import { AGENT, startSources } from "./sources.ts";

const SAY_AGAIN_MS = 60_000;
const SAY_FIRST_MS = 10_000;
/** A gateway that restarts, or a transport that is lost, is back sooner. */
const WITHOUT_GATEWAY_MS = 10_000;

/**
 * Finds out how to reach the cluster; rejects when nothing says how. Nothing is asked of its API
 * server before `start`, and no start waits for that.
 */
export const openKube: OpenKube = async (settings, deps) =>
  followCluster(settings, deps, await openAccess(settings, deps.clock));

/** The same for a cluster that is reached by `access`. */
export function followCluster(
  settings: KubeSettings,
  deps: KubeSourceDeps,
  access: KubeAccess,
): KubeSource {
  return new FollowedCluster(settings, deps, access);
}

/**
 * The cluster that an agent runs in. Every agent watches it and fills the table of what is published;
 * one of them leads and speaks. Invariants:
 *
 * K1. Nobody leads before everything that there was at its start is in its table: a snapshot of a
 *     part would take the rest away.
 * K2. An API server that is away changes nothing: caches stay as they were last seen, and traffic
 *     goes where they say. Only who loses the Lease falls silent.
 * K3. Nobody leads for long who reaches no gateway: another agent of the cluster may. Where none does,
 *     nobody leads, and whoever comes back first does so at once.
 */
class FollowedCluster implements KubeSource {
  readonly voice: LeaseVoice;
  readonly #settings: KubeSettings;
  readonly #deps: KubeSourceDeps;
  readonly #access: KubeAccess;
  readonly #events: ClusterEvents;
  readonly #kube: KubeEvents;
  readonly #stopping = new AbortController();
  readonly #owned = new AsyncDisposableStack();
  readonly #heard: (() => void)[] = [];
  readonly #names = new ClusterNames();
  #caches: ClusterCaches | undefined;
  #reach: ClusterReach | undefined;
  #leadership: Leadership | undefined;
  #silence = (): void => {};
  #isReady = false;
  #isConnected = false;
  #forgetLoss = (): void => {};

  constructor(settings: KubeSettings, deps: KubeSourceDeps, access: KubeAccess) {
    const { clock, log, metrics } = deps;
    this.#settings = settings;
    this.#deps = deps;
    this.#access = access;
    this.#events = new ClusterEvents(log, metrics, clock);
    this.#kube = new KubeEvents(log, metrics);
    this.voice = new LeaseVoice(clock);
  }

  get isPrivate(): boolean {
    return this.#reach?.isPrivate ?? true;
  }

  get waitsFor(): string | undefined {
    if (this.#isReady) return undefined;
    return this.#caches?.waitsFor ?? "the cluster's objects are being read";
  }

  onChange(heard: () => void): void {
    this.#heard.push(heard);
  }

  /** K3. */
  connected(connected: boolean): void {
    this.#isConnected = connected;
    this.#forgetLoss();
    if (connected) this.#leadership?.setWilling(true);
    else
      this.#forgetLoss = this.#deps.clock.after(WITHOUT_GATEWAY_MS, () =>
        this.#leadership?.setWilling(false),
      );
  }

  registered({ names }: Pick<RegisterSuccess, "names">, url: string): void {
    this.#names.set(url, names);
  }

  keep(urls: ReadonlySet<string>): void {
    this.#names.keep(urls);
  }

  start(published: Published): void {
    const { namespaces } = this.#settings;
    this.#events.following(this.#access.said, namespaces);
    const client = this.#owned.use(this.#openClient());
    const caches = this.#owned.use(this.#openCaches(client));
    const feed = this.#owned.use(this.#openFeed(caches));
    const leadership = this.#owned.use(this.#openLeadership(client));
    this.#leadership = leadership;
    leadership.setWilling(this.#isConnected);
    // First of those who follow the lead: what they say needs its revisions.
    this.#silence = this.voice.follow(leadership);
    const sources = this.#owned.use(
      startSources({
        ...this.#deps,
        settings: this.#settings,
        client,
        caches,
        feed,
        published,
        leadership,
        names: this.#names,
        kube: this.#kube,
        signal: this.#stopping.signal,
      }),
    );
    void this.#leadOnceReady(sources.ready);
    this.#sayWhatIsMissing(SAY_FIRST_MS);
  }

  async resign(): Promise<void> {
    this.#silence();
    await this.#leadership?.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#silence();
    this.#forgetLoss();
    this.#stopping.abort();
    await this.#owned.disposeAsync();
  }

  #openClient(): KubeClient {
    return kubeClient({
      access: this.#access,
      clock: this.#deps.clock,
      userAgent: `${AGENT}/${this.#deps.version}`,
      fieldManager: AGENT,
      timeoutMs: CALL_TIMEOUT_MS,
    });
  }

  #openCaches(client: KubeClient): ClusterCaches {
    const { clock, random } = this.#deps;
    const { namespaces, controllerNamespaces, tlsSecrets } = this.#settings;
    return (this.#caches = new ClusterCaches({
      client,
      namespaces,
      controllerNamespaces,
      tlsSecrets,
      clock,
      random,
      told: (told) => {
        this.#kube.watch(told);
        this.#events.watch(told);
      },
      signal: this.#stopping.signal,
    }));
  }

  #openFeed(caches: ClusterCaches): WatchedCluster {
    const { services, endpointSlices, ingressClasses, secrets, controllerServices } = caches;
    const controllers = this.#owned.use(
      new ClusterControllers({ services: controllerServices, ingressClasses }),
    );
    const reach = this.#owned.use(this.#openReach(controllers, caches));
    return new WatchedCluster({
      server: this.#access.server,
      isApiHidden: () => caches.isApiHidden,
      services,
      endpointSlices,
      ingressClasses,
      secrets,
      controllers,
      reach,
    });
  }

  #openReach(controllers: ClusterControllers, caches: ClusterCaches): ClusterReach {
    const reach: ClusterReach = new ClusterReach({
      controllers,
      hidden: () => caches.hidden,
      mode: this.#settings.mode,
      clock: this.#deps.clock,
      resolve: async (name) => {
        const all = await lookup(name, { all: true });
        return all.map(({ address }) => address);
      },
      told: (type) => this.#events.reach(type, reach.mode),
    });
    let was = reach.isPrivate;
    reach.onChange(() => {
      if (reach.isPrivate === was) return;
      was = reach.isPrivate;
      this.#tell();
    });
    return (this.#reach = reach);
  }

  #openLeadership(client: KubeClient): Leadership {
    const { agentId, clock, random, wallClock } = this.#deps;
    return new Leadership({
      client,
      lease: this.#leaseName,
      // A pod's name comes back with its next container, whose count begins anew.
      identity: `${agentId}_${randomId(4, "hex")}`,
      clock,
      wallClock,
      random,
      told: this.#kube.leadership,
      annotations: () => ({ ...this.voice.annotations(), ...scopeNote(this.#settings) }),
    });
  }

  /** K1. */
  async #leadOnceReady(ready: Promise<unknown>): Promise<void> {
    try {
      await ready;
    } catch {
      return; // it is being closed
    }
    if (this.#stopping.signal.aborted) return;
    this.#isReady = true;
    this.#tell();
    this.#leadership?.start();
  }

  #tell(): void {
    for (const heard of this.#heard) heard();
  }

  /** A namespace that does not exist, a role without rules for Leases: then nobody ever leads. */
  get #missingLeader(): string | undefined {
    // Without a gateway nobody is to lead, and that is said elsewhere.
    if (!this.#isConnected || this.#leadership?.holder !== undefined) return undefined;
    const { namespace, name } = this.#leaseName;
    return `no agent leads: the Lease ${namespace}/${name} cannot be held`;
  }

  get #leaseName(): { namespace: string; name: string } {
    const { lease, podNamespace } = this.#settings;
    const namespace = lease.namespace ?? podNamespace ?? this.#access.namespace ?? "default";
    return { name: lease.name, namespace };
  }

  #sayWhatIsMissing(afterMs: number): void {
    const cancel = this.#deps.clock.after(afterMs, () => {
      const missing = this.waitsFor ?? this.#missingLeader;
      if (missing === undefined || this.#stopping.signal.aborted) return;
      this.#events.waiting(missing);
      this.#sayWhatIsMissing(SAY_AGAIN_MS);
    });
    this.#owned.defer(cancel);
  }
}
