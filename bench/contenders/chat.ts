import { mkdtempSync } from "node:fs";
import path from "node:path";
import { SECRET } from "../chat/secret.ts";
import { entriesAt, type StartContender } from "../contender.ts";
import { freePort } from "../processes.ts";

const BIN = path.join(import.meta.dirname, "../../packages/warren/bin/warren.js");

export interface ChatVariant {
  /** Asks a model that `bench/chat/first-token.ts` is, at the port of `files`. */
  asksModel?: boolean;
}

/** A chat with its defaults, but for how much one user may say. */
export const chat =
  ({ asksModel = false }: ChatVariant = {}): StartContender =>
  async ({ processes }) => {
    const port = await freePort();
    const modelPort = await freePort();
    const data = mkdtempSync(path.join(processes.folder, "chat-"));
    const flags = { "--port": port, "--data": data, "--rate-limit": 1_000_000 };
    const model = {
      LLM_PROVIDER_1_ID: "bench",
      LLM_PROVIDER_1_NAME: "Bench",
      LLM_PROVIDER_1_TYPE: "openai",
      LLM_PROVIDER_1_ENDPOINT: `http://127.0.0.1:${modelPort}/v1`,
      LLM_PROVIDER_1_API_KEY: "a-key-for-the-bench",
      LLM_PROVIDER_1_MODEL: "bench",
    };
    const pid = await processes.start({
      name: path.basename(data),
      command: process.execPath,
      args: [BIN, "chat", "--dev", "--max-connections", "20000", "--log-level", "warn"].concat(
        Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]),
      ),
      env: { JWT_SECRET: SECRET, ...(asksModel && model) },
      ports: [port],
    });
    return { entries: entriesAt({ files: modelPort, service: port }), pids: { chat: pid } };
  };

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
