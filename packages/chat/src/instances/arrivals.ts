import type { Directory } from "./directory.ts";
import type { Membership } from "./membership.ts";

/** A device of a user that is connected here. */
export interface Arrival {
  readonly userId: string;
  readonly deviceId: string;
  readonly connectionId: string;
}

export interface ArrivalsOptions {
  directory: Directory;
  cluster: string;
  instances: Pick<Membership, "name" | "knows">;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/** Who comes to this instance and goes, as the directory is told. */
export class Arrivals {
  readonly #options: ArrivalsOptions;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** In the directory until the returned function is called. */
  arrive({ userId, deviceId, connectionId }: Arrival): () => void {
    const { directory, cluster, instances, wallClock } = this.#options;
    const epoch = Math.floor(wallClock());
    const place = { deviceId, cluster, instance: instances.name, connectionId, epoch };
    directory.enter(userId, place);
    return () => directory.leave(userId, place);
  }

  /** Devices of the user on other instances that live: those of a dead one are about to come back. */
  async elsewhere(userId: string): Promise<number> {
    const { directory, instances } = this.#options;
    const places = await directory.of(userId);
    return places.filter(({ instance }) => instance !== instances.name && instances.knows(instance))
      .length;
  }
}
