import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Program extends Disposable {
  child: ChildProcess;
  /** The next line of its standard output. */
  line(): Promise<string>;
  /** Exit code, or the signal's name, and all of its standard error. */
  ended(): Promise<{ code: number | string; stderr: string }>;
}

/** Starts a file of `programs/` with the Node that runs the tests. */
export function program(name: string, args: string[], options: SpawnOptions = {}): Program {
  const file = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  let stderr = "";
  child.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  const closed = once(child, "close") as Promise<[number | null, string | null]>;
  return {
    child,
    line: async () => String((await lines.next()).value),
    async ended() {
      const [code, signal] = await closed;
      return { code: code ?? signal ?? "", stderr };
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}
