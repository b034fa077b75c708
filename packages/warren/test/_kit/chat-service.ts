import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  chatOptions,
  CLAIM_NAMES,
  mintToken,
  NO_BUCKET_KEYS,
  readChatConfig,
  startChat,
  type PageFolders,
  type RunningChat,
} from "@warren/chat";
import { loadConfig, promMetrics, systemClock } from "@warren/host";
import { recordingLog } from "@warren/host/testing";

const secret = randomBytes(48).toString("base64");
const keys = { current: randomBytes(32).toString("base64"), former: "" };

/** A token of a user, as whoever knows the users makes it. */
export function chatToken(
  userId: string,
  given: { roles?: string[]; lifeMs?: number; nowMs?: number } = {},
) {
  const { roles = [], lifeMs = 3_600_000, nowMs = Date.now() } = given;
  return mintToken({
    secret,
    algorithm: "HS256",
    userId,
    roles,
    name: undefined,
    lifeMs,
    nowMs,
    names: CLAIM_NAMES,
    issuer: undefined,
    audience: undefined,
  });
}

/** A chat over real sockets, with the demo model, its folder, and limits that a test does not reach. */
export class ChatService implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  readonly #running: RunningChat;

  private constructor(folder: string, running: RunningChat) {
    this.#folder = folder;
    this.#running = running;
    this.#port = running.port;
  }

  /** `env`: its models, as `LLM_PROVIDER_<n>_*`, one demo model unless set; `pages`: what browsers are given. */
  static async start(
    env: Readonly<Record<string, string>> = {},
    pages?: PageFolders,
  ): Promise<ChatService> {
    const folder = await mkdtemp(join(tmpdir(), "warren-chat-"));
    return new ChatService(folder, await startIn(folder, { env, pages }));
  }

  get port(): number {
    return this.#port;
  }

  /** No longer ready; what runs may end. */
  drain(): Promise<void> {
    return this.#running.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Given {
  env: Readonly<Record<string, string>>;
  pages: PageFolders | undefined;
}

async function startIn(folder: string, { env, pages }: Given): Promise<RunningChat> {
  const argv = ["--dev", "--port", "0", "--rate-limit", "1000000", "--query-token"];
  const loaded = loadConfig(chatOptions, { argv, env: {}, file: undefined, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  const log = recordingLog();
  const deps = {
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    log,
    metrics: promMetrics(),
    fatal: (cause: unknown) => {
      throw cause;
    },
  };
  const read = readChatConfig(loaded.config, {
    folder,
    jwtSecret: secret,
    mongoUri: "",
    keys,
    keySource: async () => keys,
    carriers: { smtpPass: undefined, smsAuthToken: undefined },
    outbox: join(folder, "outbox"),
    pages,
    bucketKeys: NO_BUCKET_KEYS,
    env,
    deps,
  });
  if ("problems" in read) throw new Error(read.problems.join("; "));
  const many = { points: 1_000_000, perMs: 60_000 };
  const rates = { ...read.config.rates, frame: many, connect: many, admin: many };
  return startChat({ ...read.config, rates }, deps, new AbortController().signal);
}
