import { createHash, createHmac, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { WireError } from "@warren/wire";
import { checkPassword, readPasswordLine, type PasswordLine } from "./password-hash.ts";

/** What a 401 says about how to come in (RFC 7617). */
export const BASIC_CHALLENGE = 'Basic realm="restricted", charset="UTF-8"';

export interface BasicAuthOptions {
  /** Checks that run at once. Each takes 16 MiB or more and a thread of the pool. */
  atOnce: number;
  /** Checks that may wait; above it the answer is `overloaded`. */
  waiting: number;
  /** Credentials remembered as right, by a keyed digest. */
  remembered: number;
  /** How long they are remembered. */
  rememberMs: number;
}
export const BASIC_AUTH: BasicAuthOptions = {
  atOnce: 2,
  waiting: 32,
  remembered: 10_000,
  rememberMs: 600_000,
};

/** A route's `basic_auth`, parsed once per list object. */
interface Guard {
  lines: readonly PasswordLine[];
  /** Digest of the list, so that a changed password forgets who knew the old one. */
  fingerprint: string;
}

const refused = (): WireError =>
  new WireError("unauthorized", "a user name and password are needed");

/**
 * Checks user names and passwords. Right ones are remembered, so that scrypt does not run per
 * request; wrong ones are not, so that guessing pushes nobody out; guesses wait in a short line of
 * their own.
 */
export class BasicAuth {
  readonly #options: BasicAuthOptions;
  readonly #secret = randomBytes(32);
  readonly #right: LRUCache<string, true>;
  readonly #guards = new WeakMap<readonly string[], Guard>();
  readonly #running = new Map<string, Promise<WireError | undefined>>();
  readonly #turns: (() => void)[] = [];
  #free: number;

  constructor(options: BasicAuthOptions) {
    this.#options = options;
    this.#free = options.atOnce;
    this.#right = new LRUCache({ max: options.remembered, ttl: options.rememberMs });
  }

  /** Undefined when `authorization` (the field's value) opens one of the `lines`. */
  check(
    lines: readonly string[],
    authorization: string | undefined,
  ): WireError | undefined | Promise<WireError | undefined> {
    if (authorization === undefined || authorization.length > 4096) return refused();
    const guard = this.#guard(lines);
    const digest = createHmac("sha256", this.#secret)
      .update(guard.fingerprint)
      .update(authorization)
      .digest("base64");
    if (this.#right.has(digest)) return undefined;
    return this.#running.get(digest) ?? this.#start(digest, guard, authorization);
  }

  #start(
    digest: string,
    guard: Guard,
    authorization: string,
  ): WireError | Promise<WireError | undefined> {
    const said = credentials(authorization);
    if (said === undefined) return refused();
    if (this.#turns.length >= this.#options.waiting)
      return new WireError("overloaded", "too many passwords to check", { retryAfterMs: 1000 });
    const checking = this.#verify(guard, said)
      .then((right) => {
        if (right) this.#right.set(digest, true);
        return right ? undefined : refused();
      })
      .finally(() => this.#running.delete(digest));
    this.#running.set(digest, checking);
    return checking;
  }

  async #verify(guard: Guard, said: { user: string; password: string }): Promise<boolean> {
    await this.#turn();
    try {
      // An unknown user costs the same time as a known one.
      const known = guard.lines.find((line) => line.user === said.user);
      const line = known ?? guard.lines[0];
      const right = line !== undefined && (await checkPassword(line, said.password));
      return right && known !== undefined;
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#free === 0) return new Promise((resolve) => this.#turns.push(resolve));
    this.#free -= 1;
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

/** `Basic base64(user:password)`, UTF-8 (RFC 7617 §2). */
function credentials(authorization: string): { user: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
