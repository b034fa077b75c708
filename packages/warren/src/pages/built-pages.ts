import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageFolders } from "@warren/chat";
import { ExitError, processLock, wait, type Clock, type Environment, type Log } from "@warren/host";
import { isStale, type Made } from "./stale.ts";

export interface BuiltPagesOptions {
  log: Log;
  clock: Clock;
  env: Environment;
  /** The program that runs this, and runs the build too. */
  node: string;
}

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const at = (...names: string[]) => join(ROOT, ...names);
/** What both are made of beside their own folders. */
const SHARED = [at("packages/wire/src"), at("package-lock.json")];
const WIDGET: Made & { name: string } = {
  name: "client",
  of: [at("packages/client"), ...SHARED],
  files: [at("packages/client/dist/widget.js")],
};
const PAGES: Made & { name: string } = {
  name: "console",
  of: [at("packages/console"), at("packages/client"), ...SHARED],
  files: ["sessions", "chat", "admin", "shared"].map((page) =>
    at(`packages/console/dist/${page}.html`),
  ),
};
/** Between looks at whether another process has done it. */
const LOOK_MS = 100;

/**
 * Where the pages and the widget are. In the repository they are built again where their sources are newer: by
 * one process at a time, the others wait for it. Rejects with an ExitError where there are none and none
 * can be built.
 */
export async function builtPages(
  options: BuiltPagesOptions,
  signal: AbortSignal,
): Promise<PageFolders> {
  const { clock } = options;
  const file = at("node_modules/.cache/warren/build.lock");
  for (const room of [WIDGET, PAGES]) {
    while (await isStale(room)) {
      const lock = processLock(file);
      if (!lock.held) {
        await wait(clock, LOOK_MS, signal);
        continue;
      }
      using _held = lock;
      // Whoever had it before may have built just this.
      if (await isStale(room)) await build(room, options, signal);
      break;
    }
  }
  return { pages: at("packages/console/dist"), widget: at("packages/client/dist") };
}

async function build(
  { name, files }: Made & { name: string },
  { log, env, node }: BuiltPagesOptions,
  signal: AbortSignal,
): Promise<void> {
  const vite = at("node_modules/vite/bin/vite.js");
  const isThere = files.every((file) => existsSync(file));
  if (!existsSync(vite)) {
    if (!isThere) throw notBuilt(name, "`npm ci` builds it");
    return log.warn("sources of pages are newer than what is served, and vite is not installed");
  }
  log.info("building what browsers are given, since its sources have changed", { room: name });
  const { code, said } = await run(node, [vite, "build", at("packages", name)], { env, signal });
  signal.throwIfAborted();
  if (code !== 0) throw notBuilt(name, said);
}

function notBuilt(name: string, why: string): ExitError {
  return new ExitError(
    "unavailable",
    `packages/${name} is not built: ${why.trim()}\n(--no-pages starts without pages)`,
  );
}

function run(
  node: string,
  words: readonly string[],
  { env, signal }: { env: Environment; signal: AbortSignal },
): Promise<{ code: number | null; said: string }> {
  // A build for tests or for development is none for browsers.
  const { NODE_ENV: _mode, ...rest } = env;
  const child = spawn(node, words, { env: rest, stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => child.kill();
  signal.addEventListener("abort", stop, { once: true });
  let said = "";
  for (const from of [child.stdout, child.stderr])
    from.on("data", (text) => (said += String(text)));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: null, said: error.message }));
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      resolve({ code, said });
    });
  });
}
