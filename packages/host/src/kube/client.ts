import type { Clock } from "../clock.ts";
import type { KubeAccess } from "./access.ts";
import type { Applied, Draft, KubeObject, ObjectName, Resource, Select } from "./object.ts";
import { RawClient } from "./raw-client.ts";
import type { Limits } from "./requests.ts";

export interface Listed<T> {
  items: T[];
  /** Where a watch goes on from. */
  resourceVersion: string;
}

export interface ApplyHow {
  fieldManager: string;
  /** Takes fields that another manager owns, instead of a KubeError `Conflict`. */
  force: boolean;
  subresource: "status" | undefined;
}

export interface WatchFrom {
  select: Select;
  resourceVersion: string;
  /** After which the server ends the stream. */
  timeoutSeconds: number;
}

export type WatchEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  /** Nothing happened up to this resourceVersion. */
  | { type: "BOOKMARK"; object: { metadata: { resourceVersion: string } } };

/**
 * An API server, over raw HTTP. Every call has a time-out (`within`), repeats by itself what the server asks to
 * be repeated (429 and 5xx, with Retry-After) within that time, and rejects with a KubeError, or a KubeAccessError
 * when there are no credentials. What is created, replaced or patched is owned by the client's field manager.
 */
export interface KubeClient extends Disposable {
  readonly access: KubeAccess;
  /** Undefined: there is no such object, or no such resource. */
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T | undefined>;
  /**
   * All of them, in pages of 500; begins anew when the rest of the pages has expired. `trim` is given each
   * object of a page before the next page is asked for, and its result is kept instead.
   */
  list<T extends KubeObject>(
    resource: Resource<T>,
    select: Select,
    trim?: (object: T) => T,
  ): Promise<Listed<T>>;
  /**
   * The events of a stream until the server ends it, with bookmarks. Throws a KubeError, of reason `Expired` also
   * where the server says so in the stream, and `Timeout` when it does not end when it should.
   */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    from: WatchFrom,
  ): AsyncGenerator<WatchEvent<T>, void>;
  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>): Promise<T>;
  /** Compare-and-set on `metadata.resourceVersion`: rejects with `Conflict` when it is another by now. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** The same for the status alone; the rest of `object` is not read by the server. */
  replaceStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** Server-side apply (KEP-555). */
  apply<T extends KubeObject>(resource: Resource<T>, object: Applied, how: ApplyHow): Promise<T>;
  /** JSON merge patch (RFC 7386) of an object, or of its status. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: { body: object; subresource: "status" | undefined },
  ): Promise<T>;
  /** False: it was not there. `uid`: only that very one, or a KubeError `Conflict`. */
  delete(resource: Resource, name: ObjectName, uid: string | undefined): Promise<boolean>;
  /** Whether the server has this resource in this version. */
  serves(resource: Resource): Promise<boolean>;
  /**
   * Whether whoever asks may (SelfSubjectAccessReview). `verb`: get, list, watch, create, update, patch, delete.
   * `where`: a namespace, one object, or undefined for every namespace: a role may know names, and then says no to
   * whoever asks without one. For the status of a resource: `statusOf(resource)`.
   */
  may(verb: string, resource: Resource, where: string | ObjectName | undefined): Promise<boolean>;
  version(): Promise<{ major: string; minor: string; gitVersion: string }>;
  /** The same server over the same connections, with other limits for each call. */
  within(limits: Partial<Limits>): KubeClient;
}

export interface KubeClientOptions {
  access: KubeAccess;
  clock: Clock;
  /** `warren-agent/1.2.3`. */
  userAgent: string;
  /** Owner of the fields that this client writes. */
  fieldManager: string;
  timeoutMs: number;
}

/** For a call with its repeats. */
export const CALL_TIMEOUT_MS = 15_000;

/** Opens nothing yet. Disposing of it closes its connections, also those of clients made by `within`. */
export function kubeClient(options: KubeClientOptions): KubeClient {
  return new RawClient(options);
}
