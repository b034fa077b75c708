import { createHash, createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { WireError, type Rate } from "@warren/wire";
import { clientPrefix } from "../limits/client-prefix.ts";
import { TokenBuckets } from "../limits/token-buckets.ts";
import type { RouteEntry } from "../ports.ts";
import { FairLine } from "./fair-line.ts";
import { checkPassword, readPasswordLine, type PasswordLine } from "./password-hash.ts";

/** What a 401 says about how to come in (RFC 7617). */
export const BASIC_CHALLENGE = 'Basic realm="restricted", charset="UTF-8"';

export interface BasicAuthOptions {
  /** Checks that run at once. Each takes 16 MiB or more and a thread of the pool. */
  atOnce: number;
  /** Checks that may wait; beyond that whoever has most in line is answered `overloaded`. */
  waiting: number;
  /** Checks of one client at one cluster. */
  tries: Rate;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Credentials remembered as right, by a keyed digest. */
  remembered: number;
  /** How long they are remembered. */
  rememberMs: number;
}
export const BASIC_AUTH = {
  atOnce: 2,
  waiting: 64,
  tries: { per_second: 1, burst: 30 },
  remembered: 10_000,
  rememberMs: 600_000,
} as const;

/** Clients whose tries are counted; the least recently seen goes first. */
const COUNTED_CLIENTS = 100_000;

/** Who asks to be let in, and at which route. */
export interface Visitor {
  readonly address: string;
  /** The value of the request's field. */
  readonly authorization: string | undefined;
  /** Of the route: its cluster and group pay for the checks. */
  readonly entry: Pick<RouteEntry, "group" | "clusterUuid" | "key">;
  /** Counts a try against the route's own limit per client: 0, or milliseconds until it may. */
  countTry(): number;
}

/** A route's `basic_auth`, parsed once per list object. */
interface Guard {
  lines: readonly PasswordLine[];
  /** Digest of the list, so that a changed password forgets who knew the old one. */
  fingerprint: string;
}

const refused = (): WireError =>
  new WireError("unauthorized", "a user name and password are needed");

/** A check that waits for its turn: it hears whether it comes. */
type Turn = (comes: boolean) => void;

const tooMany = (): WireError =>
  new WireError("overloaded", "too many passwords to check", { retryAfterMs: 1000 });

/**
 * Checks user names and passwords. Right ones are remembered, so that scrypt does not run per
 * request; wrong ones are not, so that guessing pushes nobody out. Guesses wait in a short line, in
 * which claim groups take turns, then their routes, then those routes' clients: an attack on one
 * costs the others a moment.
 */
export class BasicAuth {
  readonly #options: BasicAuthOptions;
  readonly #secret = randomBytes(32);
  readonly #right: LRUCache<string, true>;
  readonly #guards = new WeakMap<readonly string[], Guard>();
  readonly #running = new Map<string, Promise<WireError | undefined>>();
  readonly #line = new FairLine<Turn>();
  readonly #tries: TokenBuckets;
  #free: number;

  constructor(options: BasicAuthOptions) {
    this.#options = options;
    this.#free = options.atOnce;
    this.#tries = new TokenBuckets({ now: options.now, gateways: 1, buckets: COUNTED_CLIENTS });
    this.#right = new LRUCache({ max: options.remembered, ttl: options.rememberMs });
  }

  /** Undefined when what the visitor says opens one of the `lines`. */
  check(
    lines: readonly string[],
    visitor: Visitor,
  ): WireError | undefined | Promise<WireError | undefined> {
    const { authorization } = visitor;
    if (authorization === undefined || authorization.length > 4096) return refused();
    const guard = this.#guard(lines);
    const digest = createHmac("sha256", this.#secret)
      .update(guard.fingerprint)
      .update(authorization)
      .digest("base64");
    if (this.#right.has(digest)) return undefined;
    return this.#running.get(digest) ?? this.#start(digest, guard, visitor);
  }

  #start(
    digest: string,
    guard: Guard,
    visitor: Visitor,
  ): WireError | Promise<WireError | undefined> {
    const said = credentials(visitor.authorization!);
    if (said === undefined) return refused();
    const waitMs = Math.max(visitor.countTry(), this.#countTry(visitor));
    if (waitMs > 0)
      return new WireError("rate_limited", "too many passwords", { retryAfterMs: waitMs });
    const checking = this.#verify(guard, said, visitor)
      .then((verdict) => {
        if (verdict === undefined) this.#right.set(digest, true);
        return verdict;
      })
      .finally(() => this.#running.delete(digest));
    this.#running.set(digest, checking);
    return checking;
  }

  #countTry({ address, entry: { clusterUuid, key: routeKey } }: Visitor): number {
    const rates = { cluster: undefined, client: this.#options.tries, route: undefined };
    return this.#tries.take({ clusterUuid, routeKey, address }, rates);
  }

  async #verify(guard: Guard, said: Said, visitor: Visitor): Promise<WireError | undefined> {
    if (!(await this.#turn(visitor))) return tooMany();
    try {
      // An unknown user costs the same time as a known one.
      const known = guard.lines.find((line) => line.user === said.user);
      const line = known ?? guard.lines[0];
      const right = line !== undefined && (await checkPassword(line, said.password));
      return right && known !== undefined ? undefined : refused();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#free += 1;
      else next(true);
    }
  }

  /** Resolves to false when there is no room in the line. */
  #turn({ address, entry }: Visitor): Promise<boolean> | boolean {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    const route = `${entry.clusterUuid} ${entry.key}`;
    return new Promise((resolve) => {
      this.#line.push([entry.group, route, clientPrefix(address)], resolve);
      if (this.#line.size > this.#options.waiting) this.#line.dropLongest()!(false);
    });
  }

  /** Lines that are malformed open nothing, but the route stays closed. */
  #guard(list: readonly string[]): Guard {
    let guard = this.#guards.get(list);
    if (guard === undefined) {
      const lines = list.map(readPasswordLine).filter((line) => line !== undefined);
      const fingerprint = createHash("sha256").update(JSON.stringify(list)).digest("base64");
      this.#guards.set(list, (guard = { lines, fingerprint }));
    }
    return guard;
  }
}

interface Said {
  user: string;
  password: string;
}

/** `Basic base64(user:password)`, UTF-8 (RFC 7617 §2). */
function credentials(authorization: string): Said | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
