import type { Directory, Place } from "../../instances/directory.ts";

/** A directory of one process. */
export function memoryDirectory(): Directory & OwnPlaces {
  const users = new Map<string, Map<string, Place>>();
  return {
    enter(userId, place) {
      const devices = users.get(userId) ?? new Map<string, Place>();
      users.set(userId, devices);
      const known = devices.get(place.deviceId);
      if (known === undefined || known.epoch <= place.epoch) devices.set(place.deviceId, place);
    },
    leave(userId, { deviceId, connectionId }) {
      const devices = users.get(userId);
      if (devices?.get(deviceId)?.connectionId !== connectionId) return;
      devices.delete(deviceId);
      if (devices.size === 0) users.delete(userId);
    },
    async of(userId) {
      return [...(users.get(userId)?.values() ?? [])];
    },
    *all() {
      for (const [userId, devices] of users) yield [userId, [...devices.values()]] as const;
    },
    async [Symbol.asyncDispose]() {},
  };
}

export interface OwnPlaces {
  /** Everybody who is connected here. */
  all(): Iterable<readonly [userId: string, places: readonly Place[]]>;
}
