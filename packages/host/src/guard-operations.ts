/**
 * How calls to dependencies are repeated, by what they do. The messaging reference's matrix (§6.2) for
 * retries and waits; its three rules of jitter disagree, so each wait is full jitter below the doubling
 * bound, as everywhere in the house (`backoff`). Mail, SMS and S3 are not in the matrix.
 */

export interface Operation {
  /** Label of metrics. */
  readonly name: string;
  /** Tries after the first one. */
  readonly retries: number;
  /** Upper bound of the first wait; each further one doubles it up to `maxMs`. */
  readonly firstMs: number;
  /** No wait is longer; a dependency that asks for a longer one is given up. */
  readonly maxMs: number;
  /** For each attempt. */
  readonly timeoutMs: number;
}

function operation(
  name: string,
  [retries, firstMs, maxMs, timeoutMs]: readonly [number, number, number, number],
): Operation {
  return { name, retries, firstMs, maxMs, timeoutMs };
}

export const OPERATIONS = {
  mongoWrite: operation("mongo_write", [5, 100, 30_000, 10_000]),
  mongoRead: operation("mongo_read", [3, 50, 10_000, 10_000]),
  redisPublish: operation("redis_publish", [5, 50, 5_000, 100]),
  redisCommand: operation("redis_command", [3, 50, 5_000, 100]),
  brokerPublish: operation("broker_publish", [5, 100, 30_000, 10_000]),
  http: operation("http", [3, 200, 10_000, 10_000]),
  /** Time for one request; a large object is many of them. */
  s3: operation("s3", [3, 200, 10_000, 30_000]),
  /** Whoever has a message to bring comes back later by itself: these are for a short outage. */
  mail: operation("mail", [2, 1_000, 10_000, 60_000]),
  sms: operation("sms", [2, 1_000, 10_000, 10_000]),
} as const satisfies Record<string, Operation>;

/** What is known to open when, §6.3 of the same reference. */
export interface BreakerOptions {
  /** Failed attempts in a row that open it. */
  readonly failures: number;
  /** Closed to all for this long, then one call tries. */
  readonly openMs: number;
}

export const BREAKERS = {
  mongo: { failures: 5, openMs: 30_000 },
  redis: { failures: 5, openMs: 10_000 },
  broker: { failures: 3, openMs: 60_000 },
  /** Anything else over HTTP, SMTP... */
  other: { failures: 5, openMs: 30_000 },
} as const satisfies Record<string, BreakerOptions>;
