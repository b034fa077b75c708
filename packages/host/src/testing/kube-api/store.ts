import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { keyOf, nameOfKey } from "../../kube/object.ts";
import { kindKey, type Kind } from "./kinds.ts";

/** An object as it is kept: JSON, never changed once it is in. */
export interface Stored {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    /** These three are there in whatever is kept, and may be missing in what comes in. */
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    generation?: number;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    generateName?: string;
    managedFields?: unknown;
    [field: string]: unknown;
  };
  status?: unknown;
  [field: string]: unknown;
}

export interface Change {
  revision: number;
  kind: Kind;
  key: string;
  before: Stored | undefined;
  after: Stored | undefined;
}

/** Begins high, so that nobody takes a revision for a count. */
const FIRST_REVISION = 1_000;

/** The objects, and every change since the last compaction: one counter for all, as etcd has. */
export class Store {
  readonly #wallClock: () => number;
  readonly #kinds = new Map<string, Map<string, Stored>>();
  #history: Change[] = [];
  readonly #heard = new Set<(change: Change) => void>();
  revision = FIRST_REVISION;
  /** Changes up to here are forgotten. */
  compacted = FIRST_REVISION;

  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  get(kind: Kind, key: string): Stored | undefined {
    return this.#kinds.get(kindKey(kind))?.get(key);
  }

  /** In the order of their keys, as etcd's ranges are. */
  all(kind: Kind, namespace: string | undefined): Stored[] {
    return inOrder(this.#kinds.get(kindKey(kind)) ?? new Map<string, Stored>(), namespace);
  }

  /** As it was at `revision`; undefined: that is forgotten. */
  allAt(kind: Kind, namespace: string | undefined, revision: number): Stored[] | undefined {
    if (revision < this.compacted) return undefined;
    const objects = new Map(this.#kinds.get(kindKey(kind)));
    for (const change of this.#history.toReversed()) {
      if (change.revision <= revision) break;
      if (kindKey(change.kind) !== kindKey(kind)) continue;
      if (change.before === undefined) objects.delete(change.key);
      else objects.set(change.key, change.before);
    }
    return inOrder(objects, namespace);
  }

  /** Changes of a kind after `revision`. */
  since(kind: Kind, revision: number): Change[] {
    const first = this.#history.findIndex((change) => change.revision > revision);
    if (first === -1) return [];
    return this.#history.slice(first).filter((change) => kindKey(change.kind) === kindKey(kind));
  }

  create(kind: Kind, object: Stored): Stored {
    const metadata = {
      ...object.metadata,
      uid: randomUUID(),
      creationTimestamp: this.now(),
      ...(kind.hasGeneration ? { generation: 1 } : {}),
    };
    return this.#put(kind, undefined, { ...object, metadata });
  }

  /** Nothing happens when nothing changes. What is new of the specification makes a new generation. */
  update(kind: Kind, before: Stored, object: Stored): Stored {
    const { deletionTimestamp } = before.metadata;
    const metadata = { ...object.metadata, ...identityOf(before) };
    const after: Stored = { ...object, metadata };
    if (kind.hasGeneration) {
      const isSame = isDeepStrictEqual(wanted(before, kind), wanted(after, kind));
      metadata.generation = (before.metadata.generation ?? 0) + (isSame ? 0 : 1);
    } else delete metadata.generation;
    if (isDeepStrictEqual(before, after)) return before;
    const isOver = deletionTimestamp !== undefined && !(metadata.finalizers ?? []).length;
    return isOver ? this.remove(kind, before) : this.#put(kind, before, after);
  }

  /** Removed, or marked for it while it has finalizers. What it last was, with the revision of its end. */
  remove(kind: Kind, before: Stored): Stored {
    const { finalizers = [], deletionTimestamp } = before.metadata;
    if (finalizers.length > 0 && deletionTimestamp === undefined) {
      const metadata = { ...before.metadata, deletionTimestamp: this.now() };
      return this.#put(kind, before, { ...before, metadata });
    }
    this.#kinds.get(kindKey(kind))?.delete(keyOf(before));
    const last = this.#numbered(before);
    this.#tell({ revision: this.revision, kind, key: keyOf(before), before, after: undefined });
    return last;
  }

  drop(kind: Kind): void {
    for (const object of this.all(kind, undefined)) {
      const { finalizers: _, ...metadata } = object.metadata;
      this.remove(kind, { ...object, metadata });
    }
  }

  compact(): void {
    this.compacted = this.revision;
    this.#history = [];
  }

  onChange(heard: (change: Change) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  /** As `metav1.Time` is written. */
  now(): string {
    return new Date(this.#wallClock()).toISOString().replace(/\.\d+Z$/, "Z");
  }

  #put(kind: Kind, before: Stored | undefined, object: Stored): Stored {
    const after = this.#numbered(object);
    const key = keyOf(after);
    const objects = this.#kinds.get(kindKey(kind)) ?? new Map<string, Stored>();
    this.#kinds.set(kindKey(kind), objects.set(key, after));
    this.#tell({ revision: this.revision, kind, key, before, after });
    return after;
  }

  #numbered(object: Stored): Stored {
    this.revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.revision) } };
  }

  #tell(change: Change): void {
    this.#history.push(change);
    for (const heard of this.#heard) heard(change);
  }
}

function inOrder(objects: ReadonlyMap<string, Stored>, namespace: string | undefined): Stored[] {
  const keys = [...objects.keys()].sort();
  const chosen =
    namespace === undefined ? keys : keys.filter((key) => nameOfKey(key).namespace === namespace);
  return chosen.map((key) => objects.get(key)!);
}

/** What counts for the generation: everything but metadata and, where it is apart, the status. */
function wanted(object: Stored, { hasStatus }: Kind): object {
  return hasStatus
    ? { ...object, metadata: undefined, status: undefined }
    : { ...object, metadata: undefined };
}

/** What an update cannot change. */
function identityOf({ metadata }: Stored): Partial<Stored["metadata"]> {
  const fixed = ["uid", "creationTimestamp", "resourceVersion", "deletionTimestamp"];
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => fixed.includes(name)));
}
