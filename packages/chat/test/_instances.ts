/** Real `warren chat` processes that share a store, for tests that kill them. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ScriptedModel } from "./_talk-kit.ts";
import { SECRETS, temporaryFolder } from "./_running-chat.ts";

const PROGRAM = fileURLToPath(new URL("../../warren/src/main.ts", import.meta.url));

export interface ProcessOptions {
  /** "": it keeps everything in its folder. */
  mongoUri: string;
  /** Its data folder; undefined: one of its own, gone with it. */
  folder: string | undefined;
  /** REDIS_URL and the like. */
  env: Readonly<Record<string, string>>;
  model: Pick<ScriptedModel, "upstream">;
}

/** One instance, as an operator starts it. */
export class ChatProcess implements AsyncDisposable {
  readonly port: number;
  /** What it logged, line by line. */
  readonly said: string[];
  readonly #child: ChildProcess;
  readonly #folder: AsyncDisposable;

  private constructor(port: number, said: string[], owned: [ChildProcess, AsyncDisposable]) {
    this.port = port;
    this.said = said;
    [this.#child, this.#folder] = owned;
  }

  static async start({
    mongoUri,
    folder: given,
    env,
    model,
  }: ProcessOptions): Promise<ChatProcess> {
    const folder =
      given === undefined
        ? await temporaryFolder()
        : { path: given, async [Symbol.asyncDispose]() {} };
    const argv = ["chat", "--port", "0", "--host", "127.0.0.1", "--data", folder.path];
    const child = spawn(process.execPath, [PROGRAM, ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        JWT_SECRET: SECRETS.token,
        ENCRYPTION_KEY: SECRETS.key,
        WS_ALLOWED_ORIGINS: "https://app.example.com",
        RATE_LIMIT: "100000",
        MONGO_URI: mongoUri,
        LLM_PROVIDER_1_ID: "scripted",
        LLM_PROVIDER_1_NAME: "Scripted",
        LLM_PROVIDER_1_TYPE: "openai",
        LLM_PROVIDER_1_MODEL: "gpt-x",
        LLM_PROVIDER_1_ENDPOINT: `${model.upstream.origin}/v1`,
        LLM_PROVIDER_1_API_KEY: "sk-test-0123456789",
        ...env,
      },
    });
    const said: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
    for await (const line of createInterface({ input: child.stdout })) {
      const [, port] = /^chat on http:\/\/[^/]*:(\d+)\//.exec(line) ?? [];
      if (port !== undefined) return new ChatProcess(Number(port), said, [child, folder]);
      said.push(line);
    }
    throw new Error(`warren chat: ${said.join("\n")}`);
  }

  /** The number that a series of its metrics has; 0: it has none. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.port}/metrics`);
    const line = (await response.text()).split("\n").find((one) => one.startsWith(`${name} `));
    return Number(line?.split(" ")[1] ?? 0);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    await this.#folder[Symbol.asyncDispose]();
  }
}
