import type { ClusterIndex } from "./cluster-index.ts";
import type { GroupSpare } from "./group-spare.ts";
import type { OwnRoutes } from "./own-routes.ts";
import type { PlaceRecord } from "./place-record.ts";
import type { PlaceWriter } from "./place-writer.ts";
import type { VersionWatch } from "./version-watch.ts";

export interface ReleasesOptions {
  writer: PlaceWriter;
  spare: () => GroupSpare;
  own: OwnRoutes;
  index: ClusterIndex;
  watch: VersionWatch;
  /** Every place in order. */
  places: () => AsyncIterable<PlaceRecord>;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** Claims that are given up, each with all that is known of it. */
export class Releases {
  readonly #options: ReleasesOptions;

  constructor(options: ReleasesOptions) {
    this.#options = options;
  }

  /** One, whoever has it; with a token, if it is that token's. False when there was none. */
  async release(host: string, tokenId = ""): Promise<boolean> {
    const { writer, spare, watch } = this.#options;
    const released = await writer.release(host, { tokenId });
    if (released === undefined || released === "served") return false;
    await spare().forget(released.claim!.group, [host]);
    await this.#forget(released);
    await watch.announce({ places: [host] });
    return true;
  }

  async ofToken(tokenId: string): Promise<void> {
    for await (const { place, claim } of this.#options.places()) {
      if (claim?.tokenId === tokenId) await this.release(place, tokenId);
    }
  }

  /** Those of a group's places that it does not use, nor `but` another cluster may; answers the others. */
  async giveUp(group: string, places: readonly string[], but?: string): Promise<string[]> {
    const { writer, watch } = this.#options;
    const served: string[] = [];
    const done = places.map(async (place) => {
      const released = await writer.release(place, { group, ...(but !== undefined && { but }) });
      if (released === "served") served.push(place);
      else if (released !== undefined) await this.#forget(released);
    });
    await Promise.all(done);
    if (places.length > 0) await watch.announce({ places: [...places] });
    return served;
  }

  /** As `Registry.releaseUnused`. */
  async unused(clusterUuid: string | undefined): Promise<number> {
    const { spare, places, wallClock } = this.#options;
    const unused: PlaceRecord[] = [];
    for await (const record of places()) if (record.unused !== undefined) unused.push(record);
    let released = 0;
    for (const [group, some] of Map.groupBy(unused, ({ claim }) => claim!.group)) {
      const all = some.map(({ place, unused: said }) => ({ place, ...said! }));
      released += await spare().release(group, all, { clusterUuid, now: wallClock() });
    }
    return released;
  }

  /** What there was in a place counts no more. */
  async #forget({ place, entries }: PlaceRecord): Promise<void> {
    const { own: all, index } = this.#options;
    for (const [uuid, gone] of Map.groupBy(entries, ({ clusterUuid }) => clusterUuid)) {
      const own = all.clusters.get(uuid);
      if (own !== undefined) all.forget(own, place);
      await index.free(
        uuid,
        gone.map(({ key }) => key),
      );
    }
  }
}
