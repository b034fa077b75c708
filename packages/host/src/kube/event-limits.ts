import type { Clock } from "../clock.ts";

interface Bucket {
  tokens: number;
  at: number;
}

interface Limit {
  burst: number;
  perSecond: number;
}

/** Of one object (client-go, `EventSourceObjectSpamFilter`): 25 at once, then one every five minutes. */
const OF_OBJECT: Limit = { burst: 25, perSecond: 1 / 300 };
/** Of all together: what an API server notices of a thousand Ingresses that are refused at once. */
const OF_ALL: Limit = { burst: 200, perSecond: 10 };
const MOST_OBJECTS = 4_096;

/** Token buckets: when Events may be said. */
export class EventLimits {
  readonly #clock: Clock;
  readonly #objects = new Map<string, Bucket>();
  readonly #all: Bucket;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = { tokens: OF_ALL.burst, at: clock.now() };
  }

  /** Milliseconds until something may be said of this object; 0: now, and it counts. */
  waitOfObject(object: string): number {
    const now = this.#clock.now();
    const known = this.#objects.get(object) ?? { tokens: OF_OBJECT.burst, at: now };
    this.#objects.delete(object);
    this.#objects.set(object, known);
    if (this.#objects.size > MOST_OBJECTS) {
      const [oldest] = this.#objects.keys();
      if (oldest !== undefined) this.#objects.delete(oldest);
    }
    return take(known, OF_OBJECT, now);
  }

  /** The same for anything at all. */
  waitOfAll(): number {
    return take(this.#all, OF_ALL, this.#clock.now());
  }
}

function take(bucket: Bucket, { burst, perSecond }: Limit, now: number): number {
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
  bucket.at = now;
  if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1_000);
  bucket.tokens -= 1;
  return 0;
}
