import { join } from "node:path";
import { wallClock, type CertificateSet, type Clock } from "@warren/host";
import {
  keepsAllOut,
  type Certificates as SaidCertificates,
  type CertificatesAck,
  type Route,
} from "@warren/wire";
import type * as v from "valibot";
import { Acme } from "./acme/acme.ts";
import type { AcmeEvents } from "./acme/acme-events.ts";
import { ClusterCertificates } from "./certificates/cluster-certificates.ts";
import { ServerCertificates } from "./certificates/server-certificates.ts";
import type { GatewayConfig } from "./config.ts";
import { ClusterNames } from "./names/cluster-names.ts";
import { openDns, type Dns } from "./names/dns.ts";
import { DomainProofs } from "./names/domain-proofs.ts";
import { HostOwnership, type Admitted } from "./names/host-ownership.ts";
import { provedClaims } from "./names/proved-claims.ts";
import { redisPlace } from "./open-registry.ts";
import type { Registry } from "./ports.ts";
import type { Rollout } from "./rollout/rollout.ts";
import { folderRecords } from "./records/folder-records.ts";
import { memoryRecords } from "./records/memory-records.ts";
import type { RecordStore } from "./records/records.ts";
import type { AgentIdentity } from "./tunnels/identity.ts";

export interface HostCareOptions {
  config: Pick<
    GatewayConfig,
    | "acme"
    | "dataFolder"
    | "dnsServers"
    | "domain"
    | "domainProof"
    | "registry"
    | "sharedKeyFile"
    | "tls"
  >;
  registry: Registry;
  /** The operator's certificates; undefined where nothing is terminated here. */
  folder: CertificateSet | undefined;
  /** Undefined where all clusters are served. */
  rollout: Rollout | undefined;
  clock: Clock;
  random: () => number;
  events: AcmeEvents;
  failed: (cause: unknown) => void;
  answered: () => void;
}

/** What belongs to hosts beside their routes: names, whose they are, certificates. */
export class HostCare {
  readonly names: ClusterNames | undefined;
  readonly ownership: HostOwnership;
  readonly dns: Dns;
  /** Hosts that no token covers can be proved in DNS. */
  readonly isProofAsked: boolean;
  readonly folder: CertificateSet | undefined;
  readonly clusters: ClusterCertificates | undefined;
  readonly acme: Acme | undefined;
  readonly rollout: Rollout | undefined;
  /** What the TLS listener answers with. */
  readonly certificates: ServerCertificates | undefined;

  private constructor(parts: Omit<HostCareParts, "certificates">) {
    this.names = parts.names;
    this.ownership = parts.ownership;
    this.dns = parts.dns;
    this.isProofAsked = parts.isProofAsked;
    this.folder = parts.folder;
    this.clusters = parts.clusters;
    this.acme = parts.acme;
    this.rollout = parts.rollout;
    const { folder, clusters, acme } = parts;
    this.certificates =
      folder === undefined ? undefined : new ServerCertificates({ folder, clusters, acme });
  }

  static async open(options: HostCareOptions, opened: AsyncDisposableStack): Promise<HostCare> {
    const { config, events, folder, registry } = options;
    const wall = wallOf(options.clock);
    const stores = await openStores(options, wall, opened);
    const dns = openDns(config.dnsServers);
    const names = openNames(config.domain, stores.lasting, { events, wall });
    await names?.domains();
    const proofs = openProofs(options, { dns, wall, store: stores.lasting });
    if (proofs !== undefined) opened.defer(() => proofs.close());
    const ownership = new HostOwnership(names, proofs);
    const shared = {
      ...options,
      wallClock: wall,
      claimOf: (host: string) => registry.claimOf(host),
    };
    const clusters =
      folder === undefined
        ? undefined
        : opened.use(
            await ClusterCertificates.open({
              ...shared,
              store: stores.shared,
              refusalOf: (identity, host) => ownership.refusalOf(identity, host),
            }),
          );
    const isCovered = (host: string): boolean =>
      folder?.choose(host) !== undefined || clusters?.choose(host) !== undefined;
    const store = stores.lasting;
    const acme =
      config.acme === undefined || store === undefined
        ? undefined
        : opened.use(await Acme.open({ ...shared, config: config.acme, store, isCovered }));
    const isProofAsked = proofs !== undefined;
    const { rollout } = options;
    return new HostCare({ names, ownership, dns, isProofAsked, folder, clusters, acme, rollout });
  }

  /** Names for a cluster that registers. */
  async namesOf(who: { clusterUuid: string; cluster: string }): Promise<string[]> {
    return (await this.names?.give(who)) ?? [];
  }

  admit(identity: AgentIdentity, routes: readonly Route[]): Promise<Admitted> {
    return this.ownership.admit(identity, routes);
  }

  /** Routes of a cluster are in force. */
  async published(identity: AgentIdentity, routes: readonly Route[]): Promise<void> {
    const hosts = new Set(routes.map(({ host }) => host));
    await this.clusters?.reviewed(identity.clusterUuid, hosts);
    const { clusterUuid } = identity;
    // What is not served leads elsewhere, and a CA would look there in vain.
    const served = routes.filter(
      (route) => isServedHere(route) && this.rollout?.isServed({ clusterUuid, route }) !== false,
    );
    this.acme?.wanted(new Set(served.map(({ host }) => host)));
  }

  async heard(
    identity: AgentIdentity,
    said: SaidCertificates,
  ): Promise<v.InferInput<typeof CertificatesAck>> {
    // Where nothing is terminated nothing is missing.
    return (await this.clusters?.hear(identity, said)) ?? { accepted: 0, rejected: [] };
  }
}

type HostCareParts = Omit<HostCare, "namesOf" | "admit" | "published" | "heard">;

/** A certificate's name is public for ever: not for a host of which nobody is to hear. */
function isServedHere({ host, kind, policy }: Route): boolean {
  return kind === "http" && !host.startsWith("*") && !keepsAllOut(policy);
}

function openNames(
  domain: string | undefined,
  store: RecordStore | undefined,
  { events, wall }: { events: AcmeEvents; wall: () => number },
): ClusterNames | undefined {
  if (domain === undefined || store === undefined) return undefined;
  const onConflict = events.nameTaken.bind(events);
  return new ClusterNames({ domain, store, wallClock: wall, onConflict });
}

function openProofs(
  { config, registry, clock, events }: HostCareOptions,
  { dns, wall, store }: { dns: Dns; wall: () => number; store: RecordStore | undefined },
): DomainProofs | undefined {
  if (config.domainProof === undefined || store === undefined) return undefined;
  const { hasClaimed, onLost } = provedClaims(registry);
  return new DomainProofs({
    dns,
    clock,
    wallClock: wall,
    store,
    graceMs: config.domainProof.graceMs,
    hasClaimed,
    onLost: async (prover, host) => {
      events.domainLost(prover.clusterUuid, host);
      await onLost(prover, host);
    },
  });
}

interface Stores {
  /** Of what outlives the process: accounts, certificates, names, lost proofs. Undefined: none of that is asked for. */
  lasting: RecordStore | undefined;
  /** Of what clusters say again to whoever asks. */
  shared: RecordStore;
}

/** Epoch milliseconds that never go back: what is due stays due when somebody corrects the time. */
function wallOf(clock: Clock): () => number {
  const beginning = wallClock() - clock.now();
  return () => Math.max(wallClock(), beginning + clock.now());
}

async function openStores(
  options: HostCareOptions,
  wall: () => number,
  opened: AsyncDisposableStack,
): Promise<Stores> {
  const { config } = options;
  const { acme, domain, domainProof } = config;
  const isWanted = [acme, domain, domainProof].some((one) => one !== undefined);
  if (config.registry.kind === "memory") {
    const folder = join(config.dataFolder, "records");
    const lasting = isWanted ? opened.use(folderRecords({ folder, wallClock: wall })) : undefined;
    return { lasting, shared: memoryRecords({ wallClock: wall }) };
  }
  const isShared = config.sharedKeyFile !== undefined && config.tls !== undefined;
  if (!isWanted && !isShared)
    return { lasting: undefined, shared: memoryRecords({ wallClock: wall }) };
  // Loaded where it is asked for, as the registry is.
  const { redisRecords } = await import("./records/redis-records.ts");
  const { Sealer } = await import("./records/seal.ts");
  const { sharedKeyFile } = config;
  const sealer = sharedKeyFile === undefined ? undefined : await Sealer.open(sharedKeyFile);
  const lasting = opened.use(
    redisRecords({ ...options, place: redisPlace(config.registry), sealer }),
  );
  await lasting.reached;
  return { lasting, shared: sealer === undefined ? memoryRecords({ wallClock: wall }) : lasting };
}
