import { isDeepStrictEqual } from "node:util";
import { isKubeError } from "@warren/host/kube";
import type { KubeObject, ObjectName, Resource } from "@warren/host/kube";
import type { Objects } from "../objects-port.ts";

/** An object that has a status. */
export type WithStatus = KubeObject & { status?: object };

/** What of the API server is needed to write a status (`KubeClient`). */
export interface StatusClient {
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T | undefined>;
  /** Compare-and-set; rejects with a KubeError `Conflict`. */
  replaceStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
}

export interface Writing<T extends WithStatus> {
  readonly client: StatusClient;
  readonly resource: Resource<T>;
  readonly cache: Pick<Objects<T>, "get">;
  /** What the status becomes; undefined leaves it alone. */
  readonly status: (object: T) => object | undefined;
}

/** Writers that are at it together take turns; one that never wins is asked again by its queue. */
const MOST_TRIES = 5;

/**
 * Writes the status of one object, as far as it says anything new: a compare-and-set from what the
 * cache has, after a conflict from what the server has. The whole list that others have entries in is
 * sent back as it was read, since it cannot be merged by the server. Returns whether anything was written.
 */
export async function writeStatus<T extends WithStatus>(
  key: string,
  { client, resource, cache, status }: Writing<T>,
): Promise<boolean> {
  let object = cache.get(key);
  for (let tries = 1; object !== undefined; tries++) {
    const next = status(object);
    if (next === undefined || isDeepStrictEqual(next, object.status ?? {})) return false;
    try {
      await client.replaceStatus(resource, { ...object, status: next });
      return true;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return false; // it is gone meanwhile
      if (!isKubeError(error, "Conflict") || tries === MOST_TRIES) throw error;
      const { namespace, name } = object.metadata;
      object = await client.get(resource, { namespace, name });
    }
  }
  return false;
}
