import type { CreateIndexesOptions, IndexSpecification } from "mongodb";

/** Collections of the content database; data keys have a database of their own. */
export const COLLECTIONS = {
  log: "log",
  sessions: "sessions",
  users: "users",
  owners: "session_owners",
  hours: "session_hours",
  leases: "leases",
  limits: "limits",
  shares: "share_links",
  erasures: "erasures",
  marks: "marks",
  replies: "canned_replies",
  /** What the service before left: read once, and changed no more. */
  legacy: "sessions_legacy",
} as const;
export const KEYS = "keys";

export type CollectionName = (typeof COLLECTIONS)[keyof typeof COLLECTIONS] | typeof KEYS;

export interface DeclaredIndex {
  readonly collection: CollectionName;
  readonly name: string;
  /** In order; 1 ascending, -1 descending. */
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique: boolean;
  /** Documents go once the time in its field is past. */
  readonly isDeadline?: true;
}

/**
 * Small collections that stay on one shard: they are looked up by `_id`, which is all that is unique in
 * them. All others are sharded by `user_id`.
 */
export const UNSHARDED: readonly CollectionName[] = [
  COLLECTIONS.owners,
  COLLECTIONS.hours,
  COLLECTIONS.shares,
  COLLECTIONS.marks,
  COLLECTIONS.replies,
  COLLECTIONS.legacy,
];

function unique(
  collection: CollectionName,
  name: string,
  fields: readonly string[],
): DeclaredIndex {
  const key = Object.fromEntries(fields.map((field) => [field, 1 as const]));
  return { collection, name, key, unique: true };
}

/**
 * What the service is built upon: no write is acknowledged before these are there. Each begins with the
 * user, so that it holds over all shards.
 */
export const NEEDED: readonly DeclaredIndex[] = [
  unique(COLLECTIONS.log, "log_number", ["user_id", "session_id", "origin", "number"]),
  unique(COLLECTIONS.log, "log_identity", [
    "user_id",
    "session_id",
    "author",
    "client_message_id",
    "origin",
  ]),
  unique(COLLECTIONS.sessions, "session", ["user_id", "session_id"]),
  unique(COLLECTIONS.users, "user", ["user_id"]),
  unique(COLLECTIONS.leases, "lease", ["user_id", "kind", "name"]),
  unique(COLLECTIONS.limits, "limit", ["user_id", "key"]),
  unique(COLLECTIONS.erasures, "erasure", ["user_id", "session_id"]),
  unique(KEYS, "session", ["user_id", "session_id"]),
];

function helpful(
  collection: CollectionName,
  name: string,
  key: DeclaredIndex["key"],
): DeclaredIndex {
  return { collection, name, key, unique: false };
}

const named = (name: string, key: DeclaredIndex["key"]) => helpful(COLLECTIONS.sessions, name, key);

/** Filters that are yes or no are one field, of which a list asks for one to eight values. */
const FILTERS: readonly DeclaredIndex["key"][] = [{ traits: 1 }, { user_id: 1, traits: 1 }];
const BY_NUMBER = ["ended_ms", "message_count", "total_tokens", "last_activity", "duration_ms"];

/** One for each order of a list, below each way to filter; the start at the end filters without a look at the row. */
function forLists(filter: DeclaredIndex["key"]): DeclaredIndex[] {
  const prefix = "user_id" in filter ? "list_user_" : "list_";
  return [
    named(`${prefix}start_time`, { ...filter, start_time: 1, session_id: 1 }),
    // Sessions that go on, by their duration: the youngest is the shortest.
    named(`${prefix}age`, { ...filter, start_time: -1, session_id: 1 }),
    ...BY_NUMBER.map((field) =>
      named(`${prefix}${field}`, { ...filter, [field]: 1, session_id: 1, start_time: 1 }),
    ),
  ];
}

/** What makes reading fast; made in the background. The first four have the names of old. */
export const HELPFUL: readonly DeclaredIndex[] = [
  named("idx_user_id", { user_id: 1 }),
  named("idx_start_time", { start_time: -1 }),
  named("idx_admin_assisted", { admin_assisted: 1 }),
  named("idx_user_start_time", { user_id: 1, start_time: -1 }),
  named("ended_ms", { ended_ms: 1 }),
  named("list_user_id", { traits: 1, user_id: 1, session_id: 1, start_time: 1 }),
  ...FILTERS.flatMap(forLists),
  helpful(COLLECTIONS.log, "log_stored_at", { stored_at: 1, _id: 1 }),
  helpful(COLLECTIONS.hours, "hours_stale", { is_fresh: 1, _id: 1 }),
  helpful(COLLECTIONS.shares, "share_id", { id: 1 }),
  helpful(COLLECTIONS.shares, "share_digest", { digest: 1 }),
  helpful(COLLECTIONS.shares, "share_user", { user_id: 1, created_ms: -1, id: 1 }),
  helpful(COLLECTIONS.shares, "share_expires", { expires_ms: 1 }),
  helpful(COLLECTIONS.erasures, "erasure_due", { due_ms: 1 }),
  helpful(COLLECTIONS.erasures, "erasure_users", { session_id: 1, since_ms: -1 }),
  { ...helpful(COLLECTIONS.limits, "limit_expire", { expire: 1 }), isDeadline: true },
  helpful(COLLECTIONS.leases, "lease_holder", { kind: 1, holder: 1 }),
];

/** As the driver takes it. */
export function asGiven(index: DeclaredIndex): [IndexSpecification, CreateIndexesOptions] {
  const key = new Map(Object.entries(index.key));
  const { name, unique: isUnique, isDeadline } = index;
  const expiry = isDeadline && { expireAfterSeconds: 0 };
  return [key, { name, ...(isUnique && { unique: true }), ...expiry }];
}
