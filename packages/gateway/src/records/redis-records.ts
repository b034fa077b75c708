import { script, type RedisPlace } from "@warren/host/redis-link";
import { randomId, type Clock } from "@warren/host";
import * as v from "valibot";
import { Listeners } from "../registry/listeners.ts";
import { RegistryLink } from "../registry/redis/registry-link.ts";
import {
  HOUR_MS,
  LEASE_MS,
  type Keeping,
  type Kept,
  type Lease,
  type Leases,
  type RecordKind,
  type Records,
  type RecordStore,
} from "./records.ts";
import type { Sealer } from "./seal.ts";

export interface RedisRecordsOptions {
  place: RedisPlace;
  /** Undefined: there are no secrets among the records. */
  sealer: Sealer | undefined;
  clock: Clock;
  random: () => number;
  /** What went wrong with Redis, and that it answers. */
  failed: (cause: unknown) => void;
  answered: () => void;
}

/** Deadline of a command: a handshake may wait for one. */
const COMMAND_MS = 1_000;
const PREFIX = "warren:records";
const CHANNEL = `${PREFIX}:changes`;
/** What a lease was counted up to is remembered for longer than any record under its fence lives. */
const FENCE_LIFE_MS = 10 * 365 * 24 * HOUR_MS;

/** ARGV: fence or '', sealed text, until. Answers the fence in force, or 0 when a higher one stays. */
const PUT = script(`
local had = tonumber(redis.call('HGET', KEYS[1], 'f') or '0')
local fence = ARGV[1] == '' and had + 1 or tonumber(ARGV[1])
if fence < had then return 0 end
redis.call('HSET', KEYS[1], 'f', string.format('%.0f', fence), 'v', ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return fence
`);
/** ARGV: id, fence. Takes what has expired off the list, unless it was put again meanwhile. */
const UNLIST = script(`
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0
`);
const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;
/** ARGV: holder, life, life of the fence. Answers the new fence, or 0 while another holds it. */
const TAKE = script(`${NOW}
if tonumber(redis.call('HGET', KEYS[1], 'u') or '0') > now then return 0 end
redis.call('HSET', KEYS[1], 'h', ARGV[1], 'u', string.format('%.0f', now + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('HINCRBY', KEYS[1], 'f', 1)
`);
/** ARGV: holder, life (0 gives it up). Answers 1 if it was the holder's. */
const RENEW = script(`${NOW}
if redis.call('HGET', KEYS[1], 'h') ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], 'h', 'u')
  return 1
end
redis.call('HSET', KEYS[1], 'u', string.format('%.0f', now + tonumber(ARGV[2])))
return 1
`);
/** ARGV: most, life. */
const SPEND = script(`
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return count <= tonumber(ARGV[1]) and 1 or 0
`);

/** Records that gateways share, sealed before they leave the process. */
export function redisRecords(
  options: RedisRecordsOptions,
): RecordStore & { readonly reached: Promise<void> } {
  return new RedisStore(options);
}

/** A gateway that starts waits so long for Redis; then it starts without. */
const FIRST_ANSWER_MS = 2_000;

class RedisStore implements RecordStore {
  /** Resolves once it can be asked, or it is time to go on without. */
  readonly reached: Promise<void>;
  readonly leases: Leases;
  readonly #link: RegistryLink;
  readonly #sealer: Sealer | undefined;
  readonly #changes = new Listeners<{ kind: string; id: string }>();

  constructor(options: RedisRecordsOptions) {
    this.#sealer = options.sealer;
    const link = (this.#link = new RegistryLink(options));
    this.leases = redisLeases(link);
    const reached = Promise.withResolvers<void>();
    this.reached = reached.promise;
    options.clock.after(FIRST_ANSWER_MS, reached.resolve);
    link.start({
      channel: CHANNEL,
      heard: (message) => this.#heard(message),
      connected: reached.resolve,
    });
  }

  records<T>(kind: RecordKind<T>): Records<T> {
    if (kind.secret && this.#sealer === undefined)
      throw new Error(`${kind.name} are secrets: they need a key to be shared`);
    const sealer = kind.secret ? this.#sealer : undefined;
    const parts = { link: this.#link, sealer, changes: this.#changes };
    return new RedisKind(kind, parts);
  }

  #heard(message: string): void {
    const space = message.indexOf(" ");
    this.#changes.tell({ kind: message.slice(0, space), id: message.slice(space + 1) });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#link[Symbol.asyncDispose]();
  }
}

interface Parts {
  link: RegistryLink;
  sealer: Sealer | undefined;
  changes: Listeners<{ kind: string; id: string }>;
}

class RedisKind<T> implements Records<T> {
  readonly #kind: RecordKind<T>;
  readonly #parts: Parts;
  readonly #index: string;

  constructor(kind: RecordKind<T>, parts: Parts) {
    this.#kind = kind;
    this.#parts = parts;
    this.#index = `${PREFIX}:${kind.name}`;
  }

  async list(): Promise<ReadonlyMap<string, number>> {
    const flat = (await this.#command(this.#index, "HGETALL", this.#index)) as string[];
    const found = new Map<string, number>();
    for (let at = 0; at < flat.length; at += 2) found.set(flat[at]!, Number(flat[at + 1]));
    return found;
  }

  async read(id: string): Promise<Kept<T> | undefined> {
    const key = this.#key(id);
    const [fence, sealed] = (await this.#command(key, "HMGET", key, "f", "v")) as (string | null)[];
    if (fence === null || fence === undefined || sealed === null || sealed === undefined) {
      if (this.#kind.listed) await this.#unlist(id);
      return undefined;
    }
    const { sealer } = this.#parts;
    const text = sealer === undefined ? sealed : sealer.open(sealed, key);
    const value = text === undefined ? undefined : v.safeParse(this.#kind.schema, json(text));
    return value?.success ? { fence: Number(fence), value: value.output } : undefined;
  }

  async put(id: string, value: T, { fence, untilMs }: Keeping): Promise<boolean> {
    const key = this.#key(id);
    const { link, sealer } = this.#parts;
    const text = JSON.stringify(value);
    const sealed = sealer === undefined ? text : sealer.seal(text, key);
    const until = String(Math.ceil(untilMs));
    const args = [fence === undefined ? "" : String(fence), sealed, until];
    const now = Number(await link.run(PUT, key, args, COMMAND_MS));
    if (now === 0) return false;
    // A gateway that dies here leaves a record that nobody lists, which ends by itself.
    if (this.#kind.listed) await this.#command(this.#index, "HSET", this.#index, id, String(now));
    await this.#announce(id);
    return true;
  }

  async remove(id: string): Promise<void> {
    const key = this.#key(id);
    if (this.#kind.listed) await this.#command(this.#index, "HDEL", this.#index, id);
    await this.#command(key, "DEL", key);
    await this.#announce(id);
  }

  /** A record ends by itself, what lists it does not. */
  async #unlist(id: string): Promise<void> {
    const listed = await this.#command(this.#index, "HGET", this.#index, id);
    if (typeof listed === "string")
      await this.#parts.link.run(UNLIST, this.#index, [id, listed], COMMAND_MS);
  }

  onChange(heard: (id: string) => void): () => void {
    return this.#parts.changes.add(({ kind, id }) => {
      if (kind === this.#kind.name) heard(id);
    });
  }

  #announce(id: string): Promise<unknown> {
    return this.#command(CHANNEL, "PUBLISH", CHANNEL, `${this.#kind.name} ${id}`);
  }

  #command(key: string, ...args: string[]): Promise<unknown> {
    return this.#parts.link.command(key, args, COMMAND_MS);
  }

  #key(id: string): string {
    return `${PREFIX}:${this.#kind.name}:{${encodeURIComponent(id)}}`;
  }
}

function redisLeases(link: RegistryLink): Leases {
  return {
    async take(name) {
      const key = `${PREFIX}:lease:{${encodeURIComponent(name)}}`;
      const holder = randomId(12);
      const life = [String(LEASE_MS), String(FENCE_LIFE_MS)];
      const fence = Number(await link.run(TAKE, key, [holder, ...life], COMMAND_MS));
      return fence === 0 ? undefined : redisLease(link, { key, holder, fence });
    },
    async spend(name, most) {
      const key = `${PREFIX}:spent:{${encodeURIComponent(name)}}`;
      return (await link.run(SPEND, key, [String(most), String(HOUR_MS)], COMMAND_MS)) === 1;
    },
  };
}

function redisLease(
  link: RegistryLink,
  { key, holder, fence }: { key: string; holder: string; fence: number },
): Lease {
  const live = async (ms: number): Promise<boolean> =>
    (await link.run(RENEW, key, [holder, String(ms)], COMMAND_MS)) === 1;
  return {
    fence,
    renew: () => live(LEASE_MS),
    // While Redis is away it ends by itself.
    release: async () => void (await live(0).catch(() => false)),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
