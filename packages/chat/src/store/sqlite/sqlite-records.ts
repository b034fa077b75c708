import type { Erasures } from "../../privacy/ports.ts";
import type { ShareLinks } from "../../shares/ports.ts";
import type { CallWorker } from "./tables.ts";

/** The share links that the worker has. */
export function sqliteShareLinks(call: CallWorker): ShareLinks {
  return {
    get: (id) => call("getShare", id),
    find: (digests) => call("findShare", digests),
    ofSessions: (sessionIds) => call("sharesOfSessions", sessionIds),
    ofUser: (userId) => call("sharesOfUser", userId),
    putIfAbsent: (link) => call("putShare", link),
    setEnd: (id, expiresAtMs) => call("endShare", id, expiresAtMs),
    remove: (id) => call("removeShare", id),
    removeExpired: (wallMs, limit) => call("removeExpiredShares", wallMs, limit),
    sealedByOthers: (masterKeyId, after, limit) =>
      call("sharesOfOthers", masterKeyId, after, limit),
    replace: (old, fresh) => call("replaceShare", old, fresh),
  };
}

/** What is being erased, as the worker has it. */
export function sqliteErasures(call: CallWorker): Erasures {
  return {
    put: (erasure, dueMs) => call("putErasure", erasure, dueMs),
    due: (wallMs, limit) => call("dueErasures", wallMs, limit),
    usersSince: (wallMs, limit) => call("erasuresOfUsers", wallMs, limit),
    remove: (erasure) => call("removeErasure", erasure),
  };
}
