import type { Operations } from "../documents/operation.ts";
import { adminOperations } from "./admin-operations.ts";
import { documentOperations } from "./document-operations.ts";
import { peopleOperations } from "./people-operations.ts";
import { fileOperations, rootFileOperations } from "./file-operations.ts";
import { keyOperations } from "./key-operations.ts";
import { privacyOperations } from "./privacy-operations.ts";
import { pageOperations } from "./page-operations.ts";
import { probeOperations, rootProbeOperations } from "./probe-operations.ts";
import { sessionOperations } from "./session-operations.ts";
import { shareOperations } from "./share-operations.ts";
import { rootSocketOperations, socketOperations } from "./socket-operations.ts";

/**
 * What every route under the prefix takes and gives: each module of routes has its part beside it, and a
 * route without an entry here fails a test.
 */
export const OPERATIONS: Operations = {
  ...socketOperations,
  ...sessionOperations,
  ...adminOperations,
  ...peopleOperations,
  ...fileOperations,
  ...shareOperations,
  ...privacyOperations,
  ...keyOperations,
  ...pageOperations,
  ...probeOperations,
  ...documentOperations,
};

/** Of those that have no prefix. */
export const ROOT_OPERATIONS: Operations = {
  ...rootSocketOperations,
  ...rootProbeOperations,
  ...rootFileOperations,
};
