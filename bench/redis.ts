import { privateRedis } from "@warren/host/testing";
import { installed } from "./installed.ts";

/** A Redis of its own. Rejects where it is not installed. */
export function startRedis() {
  const program = installed("redis-server");
  if (program === undefined) throw new Error("redis-server is not installed");
  return privateRedis(program);
}
