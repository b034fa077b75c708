import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import path from "node:path";
import { SECRET } from "../chat/secret.ts";
import { entriesAt, type StartContender } from "../contender.ts";
import { installed } from "../installed.ts";
import { isMongoThere, startMongo } from "../mongo.ts";
import { freePort, type Processes } from "../processes.ts";
import { startRedis } from "../redis.ts";

const BIN = path.join(import.meta.dirname, "../../packages/warren/bin/warren.js");

export interface ChatVariant {
  /** Asks a model that `bench/chat/first-token.ts` is, at the port of `files`. */
  asksModel?: boolean;
}

/** A chat with its defaults, but for how much one user may say. */
export const chat =
  ({ asksModel = false }: ChatVariant = {}): StartContender =>
  async ({ processes }) => {
    const modelPort = await freePort();
    const model = {
      LLM_PROVIDER_1_ID: "bench",
      LLM_PROVIDER_1_NAME: "Bench",
      LLM_PROVIDER_1_TYPE: "openai",
      LLM_PROVIDER_1_ENDPOINT: `http://127.0.0.1:${modelPort}/v1`,
      LLM_PROVIDER_1_API_KEY: "a-key-for-the-bench",
      LLM_PROVIDER_1_MODEL: "bench",
    };
    const { port, pid } = await startInstance(processes, asksModel ? model : {});
    return { entries: entriesAt({ files: modelPort, service: port }), pids: { chat: pid } };
  };

/**
 * Two of them on one MongoDB and one Redis: `service` is where people write, `files` where their other
 * devices are.
 */
export const twoChats: StartContender = async ({ processes }) => {
  const missing = missingServices();
  if (missing !== undefined) {
    console.error(`chat instances: left out, ${missing}`);
    return undefined;
  }
  const [mongo, redis] = [await startMongo(), await startRedis()];
  processes.goesWithThese(mongo);
  processes.goesWithThese(redis);
  const env = {
    MONGO_URI: mongo.uri,
    REDIS_URL: redis.url,
    ENCRYPTION_KEY: randomBytes(32).toString("base64"),
  };
  const [one, other] = [await startInstance(processes, env), await startInstance(processes, env)];
  return {
    entries: entriesAt({ files: other.port, service: one.port }),
    pids: { chat: one.pid, other: other.pid, ...(mongo.pid && { store: mongo.pid }) },
  };
};

function missingServices(): string | undefined {
  if (installed("redis-server") === undefined) return "redis-server is not installed";
  return isMongoThere() ? undefined : "no MONGO_URI, and no ferretdb: .ci/run builds it";
}

async function startInstance(
  processes: Processes,
  env: Readonly<Record<string, string>>,
): Promise<{ port: number; pid: number }> {
  const port = await freePort();
  const data = mkdtempSync(path.join(processes.folder, "chat-"));
  const flags = { "--port": port, "--data": data, "--rate-limit": 1_000_000 };
  const pid = await processes.start({
    name: path.basename(data),
    command: process.execPath,
    args: [BIN, "chat", "--dev", "--max-connections", "20000", "--log-level", "warn"].concat(
      Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]),
    ),
    env: { JWT_SECRET: SECRET, ...env },
    ports: [port],
  });
  return { port, pid };
}

/** A loop over sockets, which is what a chat without a log would be. */
export const bareFanOut: StartContender = async ({ processes }) => {
  const port = await freePort();
  const pid = await processes.start({
    name: "bare-fan-out",
    command: process.execPath,
    args: [path.join(import.meta.dirname, "../chat/bare-fan-out.ts"), String(port)],
    ports: [port],
  });
  return { entries: entriesAt({ files: port, service: port }), pids: { bare: pid } };
};
