import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { descriptorOf } from "./_kit/haproxy.ts";

const BIN = fileURLToPath(new URL("../bin/warren.js", import.meta.url));

function started(args: string[], options: SpawnOptions = {}) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const ended = (async () => {
    const [stdout, stderr, [code, signal]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, "close") as Promise<[number | null, string | null]>,
    ]);
    return { stdout, stderr, code: code ?? signal };
  })();
  return { child, ended };
}

/**
 * A copy of the launcher that takes this Node for an old one, beside a program of the test's own,
 * and, where `installed`, this Node in the place where `npm ci` puts the one it brings.
 */
function oldNode(main: string, installed: boolean) {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  const bin = join(folder.path, "packages/warren/bin");
  mkdirSync(join(folder.path, "packages/warren/src"), { recursive: true });
  cpSync(BIN, join(bin, "warren.js"));
  writeFileSync(join(folder.path, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder.path, "packages/warren/src/main.ts"), main);
  writeFileSync(
    join(folder.path, "old.mjs"),
    `Object.defineProperty(process.versions, "node", { value: "20.1.0" });\n`,
  );
  if (installed) {
    const place = join(folder.path, `node_modules/node-${process.platform}-${process.arch}/bin`);
    mkdirSync(place, { recursive: true });
    symlinkSync(process.execPath, join(place, "node"));
  }
  const args = ["--import", join(folder.path, "old.mjs"), join(bin, "warren.js")];
  return { args, [Symbol.dispose]: () => folder.remove() };
}

test("--version and --help are answered", async () => {
  expect(await started([BIN, "--version"]).ended).toMatchObject({ code: 0, stdout: "0.1.0\n" });
  const help = await started([BIN, "--help"]).ended;
  expect(help).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Usage\n  warren <command>"),
  });
});

test.skipIf(process.platform === "win32")(
  "a socket that was handed over reaches the program",
  async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const words = ["gateway", "--admin-port", "0", "--data", folder.path];
    const { child, ended } = started([BIN, ...words], {
      stdio: ["ignore", "pipe", "pipe", descriptorOf(server)],
      env: { ...process.env, LISTEN_FDS: "1", LISTEN_FDNAMES: "http" },
    });
    child.stderr?.on("data", (text) => String(text).includes("gateway runs") && child.kill());
    const { stderr, code } = await ended;
    expect(stderr).toContain(String((server.address() as AddressInfo).port));
    expect(code).toBe(0);
    server.close();
    folder.remove();
  },
);

test("an unknown flag is a usage error", async () => {
  expect(await started([BIN, "--prot"]).ended).toMatchObject({ code: 2, stdout: "" });
});

test.runIf(process.platform === "linux")("an old Node starts the installed one", async () => {
  using old = oldNode("console.log(process.argv.slice(2).join()); process.exitCode = 7;", true);
  const { ended } = started([...old.args, "up", "--port", "1"]);
  expect(await ended).toEqual({ stdout: "up,--port,1\n", stderr: "", code: 7 });
});

test.runIf(process.platform === "linux")("signals reach the started one", async () => {
  const main = `setInterval(() => {}, 1000);
    process.on("SIGTERM", () => { console.log("stopped"); process.exit(0); });
    console.log("ready");`;
  using old = oldNode(main, true);
  const { child, ended } = started(old.args);
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  expect(await ended).toEqual({ stdout: "ready\nstopped\n", stderr: "", code: 0 });
});

test("an old Node alone is told what to do", async () => {
  using old = oldNode("", false);
  const { code, stderr } = await started(old.args).ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(/needs Node 24 or newer.*\n.*npm ci/);
});
