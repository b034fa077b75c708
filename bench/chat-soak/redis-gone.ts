import { setTimeout as wait } from "node:timers/promises";
import { quantile } from "../measure.ts";
import { startMongo } from "../mongo.ts";
import { startRedis } from "../redis.ts";
import { tokenOf } from "../chat/secret.ts";
import { Instance } from "./instance.ts";
import { Network, person, said, stored, type Person } from "./people.ts";
import { must, type Proof } from "./proof.ts";

const USERS = 5;
/** Of each. FerretDB takes no more on a machine that has other things to do. */
const EVERY_MS = 1_000;
const AROUND_MS = 10_000;
/** What was written last is everywhere within it. */
const LAST_MS = 20_000;
const HEARD = "chatbox_hints_heard_total";

/** A user with a device on each instance; now one speaks, now the other. */
class Pair {
  readonly devices: readonly [Person, Person];
  readonly said: string[] = [];
  /** When each was said, by its text, and how long it took to the other device. */
  readonly #saidAt = new Map<string, number>();
  readonly delays: { at: number; ms: number }[] = [];

  constructor(devices: readonly [Person, Person]) {
    this.devices = devices;
    for (const device of devices) this.#watch(device);
  }

  async speak(): Promise<void> {
    const text = `said ${this.said.length}`;
    const device = this.devices[this.said.length % 2]!;
    this.said.push(text);
    this.#saidAt.set(text, performance.now());
    // The next one is said once this one is acknowledged: so their order is known.
    await said(device, text);
  }

  isWhole(): boolean {
    return this.devices.every((device) => stored(device).length === this.said.length);
  }

  #watch(device: Person): void {
    const known = new Set<string>();
    device.session.on("change", () => {
      const now = performance.now();
      for (const text of stored(device).slice(known.size)) {
        if (known.has(text)) continue;
        known.add(text);
        const at = this.#saidAt.get(text);
        if (at !== undefined) this.delays.push({ at, ms: now - at });
      }
    });
  }
}

export const redisGone: Proof = async (stage) => {
  const { size, say } = stage;
  await using mongo = await startMongo();
  stage.processes.goesWithThese(mongo);
  await using redis = await startRedis();
  stage.processes.goesWithThese(redis);
  const env = { MONGO_URI: mongo.uri, REDIS_URL: redis.url };
  await using one = await Instance.start(stage, "redis-a", env);
  await using other = await Instance.start(stage, "redis-b", env);
  const pairs: Pair[] = [];
  for (let n = 0; n < USERS; n += 1) pairs.push(await pairOf([one, other], `pair-${n}`));
  const talking = new AbortController();
  const talks = pairs.map(async (pair, at) => {
    await wait((at * EVERY_MS) / USERS);
    while (!talking.signal.aborted) await Promise.all([pair.speak(), wait(EVERY_MS)]);
  });

  const startedAt = performance.now();
  await wait(AROUND_MS);
  await redis.kill();
  const goneAt = performance.now();
  say("Redis is gone");
  await wait(size.awayMs);
  const before = await heard([one, other]);
  await redis.restart();
  const backAt = performance.now();
  const hintsMs = await hintsAgain([one, other], before);
  say(`hints are heard again ${(hintsMs / 1_000).toFixed(1)} s after Redis was back`);
  await wait(AROUND_MS);
  talking.abort();
  await Promise.all(talks);
  const endedAt = performance.now();
  while (!pairs.every((pair) => pair.isWhole()) && performance.now() - endedAt < LAST_MS) {
    await wait(50);
  }
  for (const pair of pairs) check(pair);
  const between = (from: number, to: number) => told(pairs, from, to);
  const count = pairs.reduce((sum, { said }) => sum + said.length, 0);
  for (const { devices } of pairs) await Promise.all(devices.map(({ client }) => client.close()));
  return [
    `${count} messages, all on both devices, once and in order`,
    `delivery with Redis ${between(startedAt, goneAt)}`,
    `without it for ${size.awayMs / 1_000} s ${between(goneAt, backAt)}`,
    `after it ${between(backAt + hintsMs, endedAt)}`,
  ].join("; ");
};

async function pairOf([one, other]: readonly [Instance, Instance], name: string): Promise<Pair> {
  const network = new Network();
  const here = person({ port: one.port, network }, name);
  const first = "said first";
  await said(here, first);
  await takeOver(one, here.session.id);
  const there = person({ port: other.port, network }, name);
  while (stored(there).length === 0) await wait(20);
  const pair = new Pair([here, there]);
  pair.said.push(first);
  return pair;
}

/** A person answers in it, so that no AI does. */
async function takeOver({ port }: Instance, sessionId: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/chat/admin/takeover/${sessionId}`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokenOf("the-admin", ["admin"])}` },
  });
  must(response.ok, () => `the takeover was answered with ${response.status}`);
}

async function heard(instances: readonly Instance[]): Promise<number[]> {
  return Promise.all(instances.map((one) => one.metric(HEARD)));
}

/** How long until each has heard of the other again. */
async function hintsAgain(instances: readonly Instance[], before: number[]): Promise<number> {
  const since = performance.now();
  for (;;) {
    const now = await heard(instances);
    const sinceMs = performance.now() - since;
    if (now.every((count, at) => count > before[at]!)) return sinceMs;
    must(sinceMs < 60_000, () => `no hints for a minute after Redis was back`);
    await wait(100);
  }
}

function check({ devices, said }: Pair): void {
  for (const device of devices) {
    const has = stored(device);
    must(
      has.join() === said.join(),
      () => `${device.userId} said ${said.length} and has ${has.length}, or in another order`,
    );
  }
}

function told(pairs: readonly Pair[], from: number, to: number): string {
  const delays = pairs.flatMap(({ delays }) => delays).filter(({ at }) => at >= from && at < to);
  const ms = delays.map(({ ms }) => ms);
  const [p50, p99, most] = [quantile(ms, 0.5), quantile(ms, 0.99), Math.max(...ms)];
  return `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, at most ${most.toFixed(0)} ms`;
}
