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
import { chatSecrets } from "./chat-secrets.ts";

/** What a command knows when it starts a chat. */
export interface ChatCall extends Pick<Stage, "env" | "signal"> {
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
  /** Rejects when the chat's store is lost: nothing can be said any more. */
  readonly lost: Promise<never>;
}

/** Reads what a chat needs and starts it in this process. */
export async function openChat(
  { config, secrets, env, signal }: ChatCall,
  { command, log, drain }: OpenChatOptions,
): Promise<OpenedChat> {
  const { jwtSecret, keys: keySource } = await chatSecrets(config, secrets);
  const read = readChatConfig(config, {
    folder: dataFolder(config.data).chat,
    jwtSecret,
    keys: await keySource(),
    mongoUri: (await secrets.mongoUri?.read()) ?? "",
    keySource,
    env,
    deps: { clock: systemClock, log },
  });
  if ("problems" in read) throw usage(command, read.problems);
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
  const running = await startUnder(signal, (starting) =>
    startChat(chatConfig, deps, starting),
  ).catch((reason: unknown) => refused(command, reason));
  return {
    running,
    lost: lost.promise,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

function refused(command: string, reason: unknown): never {
  if (reason instanceof FolderInUseError) throw new ExitError("unavailable", reason.message);
  if (reason instanceof MongoAddressError) throw usage(command, [reason.message]);
  throw reason;
}
