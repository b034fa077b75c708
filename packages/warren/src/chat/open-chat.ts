import {
  FolderInUseError,
  MongoAddressError,
  readChatConfig,
  startChat,
  type ChatConfig,
  type ChatOptions,
  type RunningChat,
} from "@warren/chat";
import {
  ExitError,
  openMetrics,
  systemClock,
  wallClock,
  type ConfigOf,
  type Log,
  type SecretsOf,
} from "@warren/host";
import { usage, type Stage } from "../cli/command.ts";
import { startUnder } from "../cli/lifetime.ts";
import { dataFolder } from "../data/data-folder.ts";
import { builtPages } from "../pages/built-pages.ts";
import { chatSecrets } from "./chat-secrets.ts";
import { placeholders } from "./placeholders.ts";
import { waysIn, type WayIn } from "./ways-in.ts";
import { announceChat } from "./running-chat.ts";

/** What a command knows when it starts a chat. */
export interface ChatCall extends Pick<Stage, "env" | "signal" | "self"> {
  config: ConfigOf<ChatOptions> & { data: string };
  secrets: SecretsOf<ChatOptions>;
}

export interface OpenChatOptions {
  /** The command whose help explains what was set wrongly. */
  command: string;
  log: Log;
  /** How it ends, where that is not for the options to say. */
  drain: ChatConfig["drain"] | undefined;
}

export interface OpenedChat extends AsyncDisposable {
  readonly running: RunningChat;
  /** How somebody who tries it out comes in; none where it is served for real. */
  readonly waysIn: readonly WayIn[];
  /** Rejects when the chat's store is lost: nothing can be said any more. */
  readonly lost: Promise<never>;
}

/** All that is wrong with what a chat was told, as far as it could be read. */
export async function chatProblems(call: ChatCall, log: Log): Promise<readonly string[]> {
  // For what is wrong nobody needs to build the pages.
  const { problems } = await readChat({ ...call, config: { ...call.config, pages: false } }, log);
  return problems;
}

async function readChat({ config, secrets, env, signal, self }: ChatCall, log: Log) {
  const { jwtSecret, keys: keySource } = await chatSecrets(config, secrets);
  const { smtpPass, smsAuthToken } = secrets;
  // A file that cannot be read is said at the start, and not when somebody calls for help.
  await Promise.all([smtpPass?.read(), smsAuthToken?.read()]);
  const read = readChatConfig(config, {
    folder: dataFolder(config.data).chat,
    jwtSecret,
    keys: await keySource(),
    mongoUri: (await secrets.mongoUri?.read()) ?? "",
    keySource,
    carriers: { smtpPass, smsAuthToken },
    outbox: dataFolder(config.data).outbox,
    pages: config.pages
      ? await builtPages({ log, clock: systemClock, env, node: self.node }, signal)
      : undefined,
    bucketKeys: { id: secrets.s3AccessKeyId, secret: secrets.s3SecretAccessKey },
    env,
    deps: { clock: systemClock, log },
  });
  const problems = [...(await placeholders(secrets)), ...("problems" in read ? read.problems : [])];
  return { jwtSecret, read, problems };
}

/** Reads what a chat needs and starts it in this process. */
export async function openChat(
  call: ChatCall,
  { command, log, drain }: OpenChatOptions,
): Promise<OpenedChat> {
  const { config, signal, self } = call;
  const { jwtSecret, read, problems } = await readChat(call, log);
  if (problems.length > 0 || "problems" in read) throw usage(command, problems);
  const chatConfig = drain === undefined ? read.config : { ...read.config, drain };
  const lost = Promise.withResolvers<never>();
  const deps = {
    clock: systemClock,
    wallClock,
    random: Math.random,
    log,
    metrics: openMetrics(),
    fatal: lost.reject,
  };
  await using opened = new AsyncDisposableStack();
  const running = await startUnder(signal, (starting) =>
    startChat(chatConfig, deps, starting),
  ).catch((reason: unknown) => refused(command, reason));
  opened.use(running);
  const { pid } = self;
  const url = urlOf(running, chatConfig).replace(/\/$/, "");
  opened.use(await announceChat(dataFolder(config.data).chatRunning, { pid, url }));
  const owned = opened.move();
  return {
    running,
    waysIn: waysIn({ config, jwtSecret, nowMs: wallClock() }),
    lost: lost.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Where it is reached from this machine. */
function urlOf({ scheme, host, port }: RunningChat, { prefix }: ChatConfig): string {
  const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };
  const named = everywhere[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `${scheme}://${named}:${port}${prefix}`;
}

function refused(command: string, reason: unknown): never {
  if (reason instanceof FolderInUseError) throw new ExitError("unavailable", reason.message);
  if (reason instanceof MongoAddressError) throw usage(command, [reason.message]);
  throw reason;
}
