import type { ServerFrames } from "@warren/wire";
import { startMongo } from "../mongo.ts";
import { startRedis } from "../redis.ts";
import { persistently, wholeLog, type Device } from "./device.ts";
import { Instance } from "./instance.ts";
import { must, type Proof, type Stage } from "./proof.ts";

const USERS = 5;
/** Of each user in each round. */
const MESSAGES = 4;
const AGAIN_MS = 500;
const KILLS_OF_DATABASE = 25;

/** What a user said and was promised. */
class Talker {
  readonly userId: string;
  sessionId = "";
  readonly acks = new Map<string, ServerFrames["message_ack"]>();
  /** In the order in which it was said first. */
  readonly said: string[] = [];
  /** How often the store was away: what is said again then may come after what was said later. */
  refusals = 0;

  constructor(userId: string) {
    this.userId = userId;
  }

  /** Says what is not acknowledged and some more; `acked` at each acknowledgement. */
  async talk(port: number, acked: () => void, isOver = () => false): Promise<Device> {
    const device = await persistently(port, this.userId, isOver);
    device.hear((frame) => {
      if (frame.type === "error" && frame.client_message_id !== undefined) {
        return this.#sayLater(device, frame);
      }
      if (frame.type !== "message_ack") return;
      this.#keep(frame);
      acked();
    });
    for (let n = 0; n < MESSAGES; n += 1) this.said.push(`m-${this.said.length}`);
    for (const name of this.open) say(device, name);
    return device;
  }

  /** What was refused and may be tried again is said again, as every client does. */
  #sayLater(device: Device, { client_message_id, error }: ServerFrames["error"]): void {
    must(error.recoverable, () => `${this.userId} was refused for good: ${error.code}`);
    this.refusals += 1;
    setTimeout(() => say(device, client_message_id!), Math.max(AGAIN_MS, error.retry_after ?? 0));
  }

  get open(): string[] {
    return this.said.filter((name) => !this.acks.has(name));
  }

  #keep(ack: ServerFrames["message_ack"]): void {
    const { session_id } = ack;
    this.sessionId ||= session_id;
    must(this.sessionId === session_id, () => `${this.userId} came into another session`);
    this.acks.set(ack.client_message_id, ack);
  }
}

function say(device: Device, client_message_id: string): void {
  device.say({ type: "user_message", content: `text ${client_message_id}`, client_message_id });
}

/** Instances that share a store: one is talked to. */
interface House {
  port: () => number;
  /** Kills the one that is talked to, and resolves when there is one to talk to again. */
  strike: () => Promise<void>;
}

export const killsOnSqlite: Proof = async (stage) => {
  await using instance = await Instance.start(stage, "kills");
  return await killed(stage, stage.size.kills, {
    port: () => instance.port,
    strike: async () => {
      await instance.kill();
      await instance.start();
    },
  });
};

/** In one database after another: FerretDB reads all of a collection for each entry. */
export const killsOnMongo: Proof = async (stage) => {
  const told: string[] = [];
  for (let left = stage.size.kills; left > 0; left -= KILLS_OF_DATABASE) {
    told.push(await killsOnOne(stage, Math.min(left, KILLS_OF_DATABASE)));
    stage.say(`${told.at(-1)}; ${Math.max(0, left - KILLS_OF_DATABASE)} to go`);
  }
  return told.join("; ");
};

async function killsOnOne(stage: Stage, kills: number): Promise<string> {
  await using mongo = await startMongo();
  stage.processes.goesWithThese(mongo);
  await using redis = await startRedis();
  stage.processes.goesWithThese(redis);
  const env = { MONGO_URI: mongo.uri, REDIS_URL: redis.url };
  await using here = await Instance.start(stage, "kills-a", env);
  await using there = await Instance.start(stage, "kills-b", env);
  let [now, next] = [here, there];
  let isBack: Promise<unknown> = Promise.resolve();
  const seen = await killed(stage, kills, {
    port: () => now.port,
    strike: async () => {
      const gone = now;
      // The other one must be there before it is all there is.
      await Promise.all([gone.kill(), isBack]);
      isBack = gone.start();
      isBack.catch(() => {});
      [now, next] = [next, now];
    },
  });
  await isBack;
  return seen;
}

async function killed({ say }: Stage, kills: number, house: House): Promise<string> {
  const talkers = Array.from({ length: USERS }, (_, n) => new Talker(`talker-${n}`));
  for (let round = 1; round <= kills; round += 1) {
    await strikeAfterAck(talkers, house, round);
    if (round % 10 === 0) say(`${round} of ${kills} kills, ${counted(talkers)}`);
  }
  for (const talker of talkers) await checkKept(talker, house.port());
  return `${kills} kills, ${counted(talkers)}: each once, where it was promised, in order`;
}

async function strikeAfterAck(
  talkers: readonly Talker[],
  house: House,
  round: number,
): Promise<void> {
  const struck = Promise.withResolvers<void>();
  // Now after the first, now after the last, and after each between.
  let left = 1 + ((round * 7) % (USERS * MESSAGES));
  const strike = () => {
    left -= 1;
    if (left !== 0) return;
    house.strike().then(struck.resolve, struck.reject);
  };
  const port = house.port();
  // Each comes first in their turn: the first one's acknowledgement mostly comes first.
  const turns = talkers.map((_, at) => talkers[(at + round) % talkers.length]!);
  const devices = await Promise.allSettled(
    turns.map((talker) => talker.talk(port, strike, () => left <= 0)),
  );
  const open = devices.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  must(open.length > 0, () => `round ${round}: nobody came in`);
  await struck.promise;
  await Promise.all(open.map(({ closed }) => closed));
}

function counted(talkers: readonly Talker[]): string {
  const acks = talkers.reduce((sum, { acks }) => sum + acks.size, 0);
  const said = talkers.reduce((sum, { said }) => sum + said.length, 0);
  const refusals = talkers.reduce((sum, { refusals }) => sum + refusals, 0);
  const refused = refusals > 0 ? `, ${refusals} refused for a while` : "";
  return `${acks} of ${said} messages acknowledged${refused}`;
}

async function checkKept(talker: Talker, port: number): Promise<void> {
  const { userId, acks, said } = talker;
  const last = Promise.withResolvers<void>();
  const device = await talker.talk(port, () => talker.open.length === 0 && last.resolve());
  await last.promise;
  device.close();
  const entries = await wholeLog(port, userId, talker.sessionId);
  entries.forEach(({ number }, at) =>
    must(number === at + 1, () => `${userId}: ${number} is the ${at + 1}th`),
  );
  const mine = entries.filter(({ kind, sender }) => kind === "message" && sender === "user");
  const names = mine.map(({ client_message_id }) => client_message_id);
  const inOrder = (all: readonly string[]) => (talker.refusals > 0 ? all.toSorted() : all).join();
  must(
    inOrder(names) === inOrder(said),
    () => `${userId}: said ${said.length}, stored ${names.length} or in another order`,
  );
  for (const { client_message_id, number, message_id } of mine) {
    const ack = acks.get(client_message_id);
    must(
      ack?.number === number && ack.message_id === message_id,
      () => `${userId}: ${client_message_id} is not where it was promised to be`,
    );
  }
}
