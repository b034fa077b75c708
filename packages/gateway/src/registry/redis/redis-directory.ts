import type { Clock } from "@warren/tunnel";
import { LRUCache } from "lru-cache";
import type { Directory, GatewayPlace, TunnelPlace } from "../../ports.ts";
import { KEYS } from "./keys.ts";
import type { RegistryLink } from "./registry-link.ts";
import { ALIVE, KEEP_ALIVE } from "./scripts.ts";
import type { Change, VersionWatch } from "./version-watch.ts";

export interface RedisDirectoryOptions {
  link: RegistryLink;
  watch: VersionWatch;
  clock: Clock;
  /** Life of an entry without its owner's renewal. */
  ttlMs: number;
  commandMs: number;
  writeMs: number;
}

/** Tunnels of a cluster as they were read. */
interface Copy {
  places: readonly TunnelPlace[];
  readAt: number;
}
const NONE: readonly TunnelPlace[] = [];
/** How long tunnels that nobody knows are waited for after a flush. */
const RECOVERY_MS = 2_000;
const RECOVERY_STEP_MS = 50;

/**
 * Gateways and tunnels in Redis, the own ones also here: those are known whatever Redis does. A copy
 * that has grown old still answers at once while it is read again behind the answer.
 */
export class RedisDirectory implements Directory {
  readonly #options: RedisDirectoryOptions;
  readonly #gateways = new Map<string, GatewayPlace>();
  /** All gateways as of the last look. */
  #seen = new Map<string, GatewayPlace>();
  readonly #tunnels = new Map<string, TunnelPlace>();
  readonly #copies = new LRUCache<string, Copy>({ max: 10_000 });
  readonly #reading = new Map<string, Promise<readonly TunnelPlace[]>>();

  constructor(options: RedisDirectoryOptions) {
    this.#options = options;
  }

  async announceGateway(place: GatewayPlace): Promise<void> {
    this.#gateways.set(place.gatewayId, place);
    await this.#tell(() => this.#writeGateway(place), { gateways: true });
  }

  async withdrawGateway(gatewayId: string): Promise<void> {
    this.#gateways.delete(gatewayId);
    this.#seen.delete(gatewayId);
    const remove = ["HDEL", KEYS.gateways, gatewayId];
    await this.#tell(() => this.#command(KEYS.gateways, remove), { gateways: true });
  }

  async gateways(): Promise<GatewayPlace[]> {
    const found = await this.#alive<GatewayPlace>(KEYS.gateways).catch(() => undefined);
    const all = new Map((found ?? []).map((place) => [place.gatewayId, place]));
    // While Redis cannot tell, or is being filled again, nobody has left.
    if (found === undefined || this.#options.watch.isRecovering)
      for (const [id, place] of this.#seen) if (!all.has(id)) all.set(id, place);
    this.#seen = new Map(all);
    for (const [id, place] of this.#gateways) all.set(id, place);
    return [...all.values()];
  }

  async announceTunnel(place: TunnelPlace): Promise<void> {
    const { clusterUuid } = place;
    this.#tunnels.set(place.tunnelId, place);
    this.#mergeOwn(clusterUuid);
    await this.#tell(() => this.#writeTunnel(place), { tunnels: clusterUuid });
  }

  async withdrawTunnel(tunnelId: string): Promise<void> {
    const place =
      this.#tunnels.get(tunnelId) ?? (await this.tunnel(tunnelId).catch(() => undefined));
    if (place === undefined) return;
    const { clusterUuid } = place;
    this.#tunnels.delete(tunnelId);
    this.#keep(clusterUuid, this.#others(clusterUuid, tunnelId));
    const key = KEYS.tunnel(tunnelId);
    const index = KEYS.tunnelsOf(clusterUuid);
    const remove = async () => {
      await this.#command(key, ["DEL", key]);
      await this.#command(index, ["HDEL", index, tunnelId]);
    };
    await this.#tell(remove, { tunnels: clusterUuid });
  }

  async tunnel(tunnelId: string): Promise<TunnelPlace | undefined> {
    const own = this.#tunnels.get(tunnelId);
    if (own !== undefined) return own;
    const key = KEYS.tunnel(tunnelId);
    const { link, watch, commandMs } = this.#options;
    try {
      const text = await link.command(key, ["GET", key], commandMs);
      if (typeof text === "string") return JSON.parse(text) as TunnelPlace;
      return watch.isRecovering ? this.#copied(tunnelId) : undefined;
    } catch (cause) {
      const copied = this.#copied(tunnelId);
      if (copied !== undefined) return copied;
      throw cause; // it may exist: who asks must not take it for gone
    }
  }

  tunnelsOf(clusterUuid: string): readonly TunnelPlace[] | Promise<readonly TunnelPlace[]> {
    const { clock, ttlMs, link } = this.#options;
    const copy = this.#copies.get(clusterUuid);
    if (copy === undefined) return link.healthy ? this.#read(clusterUuid) : this.#own(clusterUuid);
    const age = clock.now() - copy.readAt;
    if (age < ttlMs / 3 || !link.healthy) return copy.places;
    const read = this.#read(clusterUuid);
    return age < ttlMs ? copy.places : read;
  }

  /** Another gateway's tunnels of this cluster changed. */
  doubt(clusterUuid: string): void {
    const copy = this.#copies.get(clusterUuid);
    if (copy === undefined) return;
    copy.readAt = -Infinity;
    void this.#read(clusterUuid);
  }

  /** Changes may have been missed. */
  doubtAll(): void {
    for (const copy of this.#copies.values()) copy.readAt = -Infinity;
  }

  /** Renews all that was announced here. Rejects while Redis is away. */
  async renew(): Promise<void> {
    for (const place of this.#gateways.values()) await this.#writeGateway(place);
    const all = [...this.#tunnels.values()];
    for (let at = 0; at < all.length; at += 200) {
      await Promise.all(all.slice(at, at + 200).map((place) => this.#writeTunnel(place)));
    }
  }

  #copied(tunnelId: string): TunnelPlace | undefined {
    for (const { places } of this.#copies.values()) {
      const found = places.find((place) => place.tunnelId === tunnelId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #own(clusterUuid: string): readonly TunnelPlace[] {
    return [...this.#tunnels.values()].filter((place) => place.clusterUuid === clusterUuid);
  }

  /** What the copy knows of tunnels that are not this gateway's, without `left`. */
  #others(clusterUuid: string, left: string | undefined): readonly TunnelPlace[] {
    const known = this.#copies.get(clusterUuid)?.places ?? NONE;
    return known.filter(({ tunnelId }) => tunnelId !== left && !this.#tunnels.has(tunnelId));
  }

  #mergeOwn(clusterUuid: string): void {
    if (this.#copies.has(clusterUuid))
      this.#keep(clusterUuid, this.#others(clusterUuid, undefined));
  }

  /** Keeps a copy of what others have, with the own tunnels of the moment first. */
  #keep(clusterUuid: string, others: readonly TunnelPlace[]): readonly TunnelPlace[] {
    const places = [...this.#own(clusterUuid), ...others];
    this.#copies.set(clusterUuid, { places, readAt: this.#options.clock.now() });
    return places;
  }

  #read(clusterUuid: string): Promise<readonly TunnelPlace[]> {
    const under = this.#reading.get(clusterUuid);
    if (under !== undefined) return under;
    const reading = this.#readOthers(clusterUuid)
      .then((others) => this.#keep(clusterUuid, others))
      .catch(() => this.#copies.get(clusterUuid)?.places ?? this.#own(clusterUuid))
      .finally(() => this.#reading.delete(clusterUuid));
    this.#reading.set(clusterUuid, reading);
    return reading;
  }

  /** Just after a flush what is known stays, and what is not is waited for. */
  async #readOthers(clusterUuid: string): Promise<readonly TunnelPlace[]> {
    const { watch, clock } = this.#options;
    const started = clock.now();
    for (;;) {
      const [all] = await Promise.all([
        this.#alive<TunnelPlace>(KEYS.tunnelsOf(clusterUuid)),
        this.#seeEpoch(),
      ]);
      const others = all.filter(({ tunnelId }) => !this.#tunnels.has(tunnelId));
      if (!watch.isRecovering) return others;
      const ids = new Set(others.map(({ tunnelId }) => tunnelId));
      const before = this.#others(clusterUuid, undefined).filter(
        ({ tunnelId }) => !ids.has(tunnelId),
      );
      const found = [...others, ...before];
      const known = found.length + this.#own(clusterUuid).length;
      if (known > 0 || clock.now() - started > RECOVERY_MS) return found;
      await new Promise<void>((resolve) => void clock.after(RECOVERY_STEP_MS, resolve));
    }
  }

  async #seeEpoch(): Promise<void> {
    const { link, watch, commandMs } = this.#options;
    watch.saw(await link.command(KEYS.version, ["HGET", KEYS.version, "epoch"], commandMs));
  }

  async #alive<T>(key: string): Promise<T[]> {
    const { link, commandMs } = this.#options;
    const flat = (await link.run(ALIVE, key, [], commandMs)) as string[];
    return flat.filter((_, at) => at % 2 === 1).map((text) => JSON.parse(text) as T);
  }

  async #writeGateway(place: GatewayPlace): Promise<void> {
    const { link, ttlMs, writeMs } = this.#options;
    const args = [String(ttlMs), place.gatewayId, JSON.stringify(place)];
    await link.run(KEEP_ALIVE, KEYS.gateways, args, writeMs);
  }

  async #writeTunnel(place: TunnelPlace): Promise<void> {
    const { link, ttlMs, writeMs } = this.#options;
    const { tunnelId, clusterUuid } = place;
    const text = JSON.stringify(place);
    const key = KEYS.tunnel(tunnelId);
    await link.command(key, ["SET", key, text, "PX", String(ttlMs)], writeMs);
    const args = [String(ttlMs), tunnelId, text];
    await link.run(KEEP_ALIVE, KEYS.tunnelsOf(clusterUuid), args, writeMs);
  }

  #command(key: string, args: string[]): Promise<unknown> {
    return this.#options.link.command(key, args, this.#options.writeMs);
  }

  /** Writes and says so. While Redis is away the next renewal does; what was withdrawn expires. */
  async #tell(write: () => Promise<unknown>, change: Change): Promise<void> {
    try {
      await write();
      await this.#options.watch.announce(change);
    } catch {
      // The link says what failed.
    }
  }
}
