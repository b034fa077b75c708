import { randomBytes } from "node:crypto";
import path from "node:path";
import { SECRET } from "../chat/secret.ts";
import { freePort, type Processes } from "../processes.ts";
import type { Stage } from "./proof.ts";

const PROGRAM = path.join(import.meta.dirname, "../../packages/warren/src/main.ts");
const READY_MS = 60_000;
/** What all instances seal with. */
const ENCRYPTION_KEY = randomBytes(32).toString("base64");

/** One `warren chat`, as an operator runs it, at a port and a folder that it keeps. */
export class Instance implements AsyncDisposable {
  readonly port: number;
  readonly #processes: Processes;
  readonly #name: string;
  readonly #env: Readonly<Record<string, string>>;
  #pid = 0;

  private constructor({ processes }: Stage, name: string, port: number, env: Instance["env"]) {
    this.#processes = processes;
    this.#name = name;
    this.port = port;
    this.#env = env;
  }

  /** `env`: MONGO_URI and the like. */
  static async start(stage: Stage, name: string, env: Instance["env"] = {}): Promise<Instance> {
    const model = {
      LLM_PROVIDER_1_ID: "soak",
      LLM_PROVIDER_1_NAME: "Soak",
      LLM_PROVIDER_1_TYPE: "openai",
      LLM_PROVIDER_1_ENDPOINT: `http://127.0.0.1:${stage.modelPort}/v1`,
      LLM_PROVIDER_1_API_KEY: "a-key-for-the-soak",
      LLM_PROVIDER_1_MODEL: "soak",
    };
    const instance = new Instance(stage, name, await freePort(), { ...model, ...env });
    await instance.start();
    return instance;
  }

  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Again, where it was. */
  async start(): Promise<void> {
    const flags = {
      "--port": this.port,
      "--data": path.join(this.#processes.folder, this.#name),
      "--rate-limit": 1_000_000,
      "--admin-rate-limit": 1_000_000,
      "--max-connections": 20_000,
      "--log-level": "warn",
      "--log-format": "json",
    };
    this.#pid = await this.#processes.start({
      name: this.#name,
      command: process.execPath,
      args: [PROGRAM, "chat", "--dev"].concat(
        Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]),
      ),
      env: { JWT_SECRET: SECRET, ENCRYPTION_KEY, ...this.#env },
      ports: [this.port],
      readyMs: READY_MS,
    });
  }

  /** As a crash ends it. The signal is out when this returns. */
  kill(): Promise<unknown> {
    return this.#processes.end(this.#pid, "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** As an operator ends it; resolves with its exit code. */
  stop(): Promise<number | null> {
    return this.#processes.end(this.#pid, "SIGTERM");
  }

  /** The number that a series of its metrics has; 0: it has none. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.port}/metrics`);
    const line = (await response.text()).split("\n").find((one) => one.startsWith(`${name} `));
    return Number(line?.split(" ")[1] ?? 0);
  }
}
