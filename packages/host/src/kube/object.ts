/** What every object of the API has, and where its kind is found (Kubernetes API conventions, "Objects"). */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  /** Opaque to everyone but the server; compared for equality alone. */
  resourceVersion: string;
  generation?: number;
  /** RFC 3339, seconds. */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** An object as it is sent to be created: the server makes the rest of its metadata. */
export type Draft<T extends KubeObject> = Omit<T, "metadata"> & {
  metadata: Pick<ObjectMeta, "name"> & Partial<ObjectMeta>;
};

/**
 * An object as server-side apply takes it: the fields that the applier wants to own, and no others.
 * `apiVersion` and `kind` are filled in from the resource.
 */
export interface Applied {
  metadata: Pick<ObjectMeta, "name"> &
    Partial<Pick<ObjectMeta, "namespace" | "labels" | "annotations" | "ownerReferences">>;
  [field: string]: unknown;
}

/** Where a kind's collection is. `T` is the kind's shape: each room writes only the fields it reads. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** "" is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Carries the type; never there. */
  readonly shape?: T;
}

export interface ObjectName {
  /** Undefined for what belongs to the cluster. */
  namespace: string | undefined;
  name: string;
}

/** What another object is called in an Event or a message. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  namespace: string | undefined;
  name: string;
  uid: string | undefined;
}

/** Which objects of a resource. Selectors in the API's own syntax (`app=web`, `metadata.name=x`). */
export interface Select {
  /** Undefined: every namespace. */
  namespace: string | undefined;
  labelSelector: string | undefined;
  fieldSelector: string | undefined;
}

export const EVERYTHING: Select = {
  namespace: undefined,
  labelSelector: undefined,
  fieldSelector: undefined,
};

/** `v1`, `networking.k8s.io/v1`. */
export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `namespace/name`, or `name` for what belongs to the cluster. */
export function keyOf({
  metadata: { namespace, name },
}: {
  metadata: Pick<ObjectMeta, "name" | "namespace">;
}): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** The name that `keyOf` made a key of. */
export function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf("/");
  if (slash === -1) return { namespace: undefined, name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** A reference to `object` for Events: what lists return carries no kind of its own. */
export function referenceTo(resource: Resource, { metadata }: KubeObject): ObjectReference {
  const { namespace, name, uid } = metadata;
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name, uid };
}
