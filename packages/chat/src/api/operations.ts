import type { Operations } from "../documents/operation.ts";
import { adminOperations } from "./admin-operations.ts";
import { documentOperations } from "./document-operations.ts";
import { pageOperations } from "./page-operations.ts";
import { probeOperations, rootProbeOperations } from "./probe-operations.ts";
import { sessionOperations } from "./session-operations.ts";
import { rootSocketOperations, socketOperations } from "./socket-operations.ts";

/**
 * What every route under the prefix takes and gives: each module of routes has its part beside it, and a
 * route without an entry here fails a test.
 */
export const OPERATIONS: Operations = {
  ...socketOperations,
  ...sessionOperations,
  ...adminOperations,
  ...pageOperations,
  ...probeOperations,
  ...documentOperations,
};

/** Of those that have no prefix. */
export const ROOT_OPERATIONS: Operations = { ...rootSocketOperations, ...rootProbeOperations };
