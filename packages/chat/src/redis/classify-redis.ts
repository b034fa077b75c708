import { classifyNetwork, type Classify } from "@warren/host";
import { firstWord } from "@warren/host/redis-link";

/** It is there and cannot serve just now: it loads, fails over, or lost its cluster. */
const NOT_NOW = new Set(["CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY", "TRYAGAIN", "BUSY"]);
/** Nobody comes in until somebody acts. */
const NEVER = new Set(["NOAUTH", "WRONGPASS", "NOPERM", "MISCONF", "OOM"]);

/** What a failed call says of Redis. Whatever is no answer of Redis is the connection. */
export const classifyRedis: Classify = (error) => {
  const word = firstWord(error);
  if (word === undefined) return classifyNetwork(error) ?? "transient";
  if (NOT_NOW.has(word)) return "transient";
  return NEVER.has(word) ? "permanent" : "not-a-failure";
};
