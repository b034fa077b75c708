import {
  AttemptTimeoutError,
  DependencyOpenError,
  classifyNetwork,
  type FailureKind,
} from "@warren/host";
import { ChatError } from "@warren/wire";
import {
  MongoError,
  MongoErrorLabel,
  MongoNetworkError,
  MongoOperationTimeoutError,
  MongoServerError,
  MongoSystemError,
  MongoTopologyClosedError,
  MongoClientClosedError,
  MongoNotConnectedError,
  MongoWriteConcernError,
} from "mongodb";

/** `error_codes.yml` of the MongoDB server; numbers are stable over versions. */
const DUPLICATE_KEY = 11_000;
const REFUSED = new Set([
  13, // Unauthorized
  18, // AuthenticationFailed
  334, // Unsupported mechanism
  8_000, // AtlasError: quota, wrong credentials
]);
/** The server is not reached, not primary, shutting down, or did not get to it in time. */
const AWAY = new Set([
  1, // InternalError
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  50, // MaxTimeMSExpired
  64, // WriteConcernFailed (timed out)
  79, // UnknownReplWriteConcern
  89, // NetworkTimeout
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  112, // WriteConflict
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  262, // ExceededTimeLimit
  9_001, // SocketException
  10_058, // LegacyNotPrimary
  10_107, // NotWritablePrimary
  11_600, // InterruptedAtShutdown
  11_602, // InterruptedDueToReplStateChange
  13_388, // StaleConfig
  13_435, // NotPrimaryNoSecondaryOk
  13_436, // NotPrimaryOrSecondary
  14_031, // OutOfDiskSpace
]);
const LABELS = [MongoErrorLabel.RetryableWriteError, MongoErrorLabel.TransientTransactionError];

/** A unique key is taken: somebody was faster, or it was us and the answer was lost. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** What an attempt's failure says of MongoDB, by classes, labels and codes. */
export function classifyMongo(error: unknown): FailureKind {
  if (error instanceof ChatError) return "not-a-failure";
  if (isDuplicate(error)) return "not-a-failure";
  if (isAway(error)) return "transient";
  if (error instanceof MongoServerError && REFUSED.has(Number(error.code))) return "permanent";
  return classifyNetwork(error) ?? "not-a-failure";
}

function isAway(error: unknown): boolean {
  if (!(error instanceof MongoError)) return false;
  if (LABELS.some((label) => error.hasErrorLabel(label))) return true;
  if (error instanceof MongoServerError) {
    return error instanceof MongoWriteConcernError || AWAY.has(Number(error.code));
  }
  return DRIVERS.some((kind) => error instanceof kind) || isPoolTimeout(error);
}

/** No server to ask, a cut connection, or a client that is closing. */
const DRIVERS = [
  MongoNetworkError,
  MongoSystemError,
  MongoOperationTimeoutError,
  MongoTopologyClosedError,
  MongoClientClosedError,
  MongoNotConnectedError,
];

/** All connections are busy; the driver does not export its class. */
function isPoolTimeout(error: MongoError): boolean {
  return error.name === "MongoWaitQueueTimeoutError";
}

/** What callers of the store see: the cause stays in the log. A bug stays what it is. */
export function storeFailure(error: unknown, closing: AbortSignal): unknown {
  if (error instanceof ChatError) return error;
  if (closing.aborted) return away(error);
  if (error instanceof DependencyOpenError) {
    return away(error, error.retryInMs);
  }
  if (error instanceof AttemptTimeoutError) return away(error);
  return classifyMongo(error) === "not-a-failure" ? error : away(error);
}

function away(cause: unknown, retryAfterMs?: number): ChatError {
  const options = retryAfterMs === undefined ? { cause } : { cause, retryAfterMs };
  return new ChatError("DATABASE_ERROR", "the store is away: try again", options);
}

/** Too many write to the same thing at once. */
export function crowded(): ChatError {
  return new ChatError("DATABASE_ERROR", "too many write to this session at once: try again");
}
