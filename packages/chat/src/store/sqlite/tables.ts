import type { DatabaseSync } from "node:sqlite";
import { BehindTable } from "./behind-table.ts";
import { ErasureTable } from "./erasure-table.ts";
import { isOnlyBeat } from "../../leases/ports.ts";
import { LeaseTable } from "./lease-table.ts";
import { LogTable } from "./log-table.ts";
import { migrate } from "./migrations.ts";
import { ReplyTable } from "./reply-table.ts";
import { SessionTable } from "./session-table.ts";
import { ShareTable } from "./share-table.ts";

/** Everything that the worker does with the file, by the name under which it is asked for. */
export interface Operations {
  append: LogTable["append"];
  after: LogTable["after"];
  latest: LogTable["latest"];
  heads: LogTable["heads"];
  tail: LogTable["tail"];
  lastPosition: LogTable["lastPosition"];
  getSession: SessionTable["get"];
  findSession: SessionTable["find"];
  foldSession: SessionTable["fold"];
  listSessions: SessionTable["list"];
  loadSessions: SessionTable["load"];
  sessionMetrics: SessionTable["metrics"];
  activeSession: SessionTable["active"];
  activateSession: SessionTable["activate"];
  forgetSession: SessionTable["forget"];
  behind: BehindTable["behind"];
  foldedTo: BehindTable["foldedTo"];
  setFoldedTo: BehindTable["setFoldedTo"];
  probe: BehindTable["probe"];
  getLease: LeaseTable["get"];
  putLease: LeaseTable["put"];
  listLeases: LeaseTable["list"];
  leaseHolders: LeaseTable["holders"];
  leaseMarks: LeaseTable["marks"];
  listReplies: ReplyTable["list"];
  addReply: ReplyTable["add"];
  replaceReply: ReplyTable["replace"];
  removeReply: ReplyTable["remove"];
  eraseEntries: LogTable["erase"];
  getShare: ShareTable["get"];
  findShare: ShareTable["find"];
  sharesOfSessions: ShareTable["ofSessions"];
  sharesOfUser: ShareTable["ofUser"];
  putShare: ShareTable["putIfAbsent"];
  endShare: ShareTable["setEnd"];
  removeShare: ShareTable["remove"];
  removeExpiredShares: ShareTable["removeExpired"];
  sharesOfOthers: ShareTable["sealedByOthers"];
  replaceShare: ShareTable["replace"];
  putErasure: ErasureTable["put"];
  dueErasures: ErasureTable["due"];
  erasuresOfUsers: ErasureTable["usersSince"];
  removeErasure: ErasureTable["remove"];
}

const PASSING: ReadonlySet<string> = new Set<keyof Operations>([
  // A row is a cache of its log, and how far rows are is found again from where it was last seen.
  ...(["foldSession", "setFoldedTo"] as const),
  // Reads that go along with these.
  ...(["after", "latest", "heads", "tail", "lastPosition", "behind", "foldedTo"] as const),
  ...(["getSession", "findSession", "activeSession", "listSessions", "sessionMetrics"] as const),
  ...(["getLease", "listLeases", "leaseHolders", "leaseMarks"] as const),
]);

const ERASING: ReadonlySet<string> = new Set<keyof Operations>([
  "eraseEntries",
  "forgetSession",
  "removeErasure",
  "removeShare",
]);

function isForGood(operation: string, args: readonly unknown[]): boolean {
  if (operation !== "putLease") return !PASSING.has(operation);
  // A beat says that its holder lives, which after a power failure it does not.
  const [, was, next] = args as Parameters<LeaseTable["put"]>;
  return was === undefined || next === undefined || !isOnlyBeat(was, next);
}

/** Has the worker do one of them. */
export type CallWorker = <K extends keyof Operations>(
  operation: K,
  ...args: Parameters<Operations[K]>
) => Promise<ReturnType<Operations[K]>>;

/** `O`: what the worker is asked for. */
export interface Tables<O> {
  readonly operations: O;
  /**
   * False for what only reads, and for what may be gone after a power failure with nothing missed: it is
   * there with the next commit that the disk is waited for, and after a crash of the process alone.
   */
  isForGood(operation: string, args: readonly unknown[]): boolean;
  /** True for what is to leave no trace in the file either. */
  erases(operation: string): boolean;
  /** What was written so far is there for good. */
  committed(): void;
  /** What was written since the last commit is not there after all. */
  rolledBack(): void;
  /** Does a few milliseconds of what would have to be done later. False: nothing is left. */
  warm(): boolean;
}

export function openTables(database: DatabaseSync, origin: string): Tables<Operations> {
  migrate(database);
  const log = new LogTable(database, origin);
  const sessions = new SessionTable(database);
  const behind = new BehindTable(database, { log, sessions });
  const leases = new LeaseTable(database);
  const replies = new ReplyTable(database);
  const shares = new ShareTable(database);
  const erasures = new ErasureTable(database);
  return {
    operations: {
      append: (draft, wallMs) => log.append(draft, wallMs),
      after: (key, versions, limit) => log.after(key, versions, limit),
      latest: (key, before, limit) => log.latest(key, before, limit),
      heads: (key) => log.heads(key),
      tail: (cursor, limit) => log.tail(cursor, limit),
      lastPosition: () => log.lastPosition(),
      getSession: (key) => sessions.get(key),
      findSession: (sessionId) => sessions.find(sessionId),
      foldSession: (folded, was) => sessions.fold(folded, was),
      listSessions: (plan) => sessions.list(plan),
      loadSessions: () => sessions.load(),
      sessionMetrics: (fromMs, toMs) => sessions.metrics(fromMs, toMs),
      activeSession: (userId) => sessions.active(userId),
      activateSession: (userId, was, next) => sessions.activate(userId, was, next),
      forgetSession: (key) => sessions.forget(key),
      behind: (after, upTo, limit) => behind.behind(after, upTo, limit),
      foldedTo: () => behind.foldedTo(),
      setFoldedTo: (position) => behind.setFoldedTo(position),
      probe: (nowMs) => behind.probe(nowMs),
      getLease: (name) => leases.get(name),
      putLease: (name, was, next) => leases.put(name, was, next),
      listLeases: (kind, holder, limit) => leases.list(kind, holder, limit),
      leaseHolders: (kind) => leases.holders(kind),
      leaseMarks: (kind, notOf) => leases.marks(kind, notOf),
      listReplies: () => replies.list(),
      addReply: (reply) => replies.add(reply),
      replaceReply: (reply) => replies.replace(reply),
      removeReply: (id) => replies.remove(id),
      eraseEntries: (key, upTo) => log.erase(key, upTo),
      ...shareOperations(shares),
      putErasure: (erasure, dueMs) => erasures.put(erasure, dueMs),
      dueErasures: (wallMs, limit) => erasures.due(wallMs, limit),
      erasuresOfUsers: (wallMs, limit) => erasures.usersSince(wallMs, limit),
      removeErasure: (erasure) => erasures.remove(erasure),
    },
    isForGood,
    erases: (operation) => ERASING.has(operation),
    committed: () => sessions.committed(),
    rolledBack() {
      log.rolledBack();
      sessions.rolledBack();
    },
    warm: () => sessions.load(),
  };
}

function shareOperations(
  shares: ShareTable,
): Pick<Operations, Extract<keyof Operations, `${string}Share${string}` | `shares${string}`>> {
  return {
    getShare: (id) => shares.get(id),
    findShare: (digests) => shares.find(digests),
    sharesOfSessions: (sessionIds) => shares.ofSessions(sessionIds),
    sharesOfUser: (userId) => shares.ofUser(userId),
    putShare: (link) => shares.putIfAbsent(link),
    endShare: (id, expiresAtMs) => shares.setEnd(id, expiresAtMs),
    removeShare: (id) => shares.remove(id),
    removeExpiredShares: (wallMs, limit) => shares.removeExpired(wallMs, limit),
    sharesOfOthers: (masterKeyId, after, limit) => shares.sealedByOthers(masterKeyId, after, limit),
    replaceShare: (old, fresh) => shares.replace(old, fresh),
  };
}
