// What leaves the repository, as the Dockerfile builds it, in an empty folder: it needs no other file, and no package.
import { mkdirSync, mkdtempDisposableSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cli } from "../../packages/warren/test/_cli.ts";
import { ROOT } from "../_rooms.ts";
import { builtAsImage } from "./_kit/image-build.ts";
import { KubeStage } from "../../packages/warren/test/_kit/kube-stage.ts";
import { ask } from "../../packages/warren/test/_service.ts";

const folder = mkdtempDisposableSync(join(tmpdir(), "warren-bundle-"));
const at = (...names: string[]) => join(folder.path, ...names);
const start = (...words: string[]) =>
  new Cli([process.execPath, at("app/warren.mjs"), ...words, "--log-format", "json"], {
    env: {},
    cwd: folder.path,
  });
const run = (...words: string[]) =>
  new Cli([process.execPath, at("app/warren.mjs"), ...words], {
    env: {},
    cwd: folder.path,
  }).ended();

let bill = "";
// Two bundlers and npm: longer than a hook may take where much else runs.
beforeAll(async () => {
  bill = await builtAsImage(folder.path);
}, 300_000);
afterAll(() => folder.remove());

test("what it is made of is what was reviewed", () => {
  // `npm run bundle` says what it is in dist/warren/deps.txt.
  const reviewed = readFileSync(join(ROOT, "deployments/image/deps.txt"), "utf8");
  expect(readFileSync(at("app/deps.txt"), "utf8")).toBe(reviewed);
});

test("the bill of what is in it has every package", () => {
  const { components } = JSON.parse(bill) as { components: { name: string; version: string }[] };
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const taken = readFileSync(at("app/packages.txt"), "utf8").trim().split("\n");
  expect(taken.length).toBeGreaterThan(50);
  expect(taken.filter((name) => !listed.has(name))).toEqual([]);
});

test("the licence of every package is passed on", () => {
  const texts = readFileSync(at("app/licences.txt"), "utf8").split(`\n${"-".repeat(80)}\n`);
  const heads = texts.map((text) => /^(\S+) \S+ \((.*)\)$/m.exec(text) ?? []);
  const names = readFileSync(at("app/deps.txt"), "utf8").trim().split("\n");
  expect(new Set(heads.map(([, name]) => name))).toEqual(
    new Set(names.map((name) => name.replace(/ \(.*\)$/, ""))),
  );
  expect(heads.filter(([, , licence]) => licence === "licence not said")).toEqual([]);
});

test("it knows its version and its commands", async () => {
  const { version } = JSON.parse(
    readFileSync(join(ROOT, "packages/warren/package.json"), "utf8"),
  ) as {
    version: string;
  };
  expect((await run("--version")).stdout).toContain(version);
  expect((await run("--help")).stdout).toContain("\n  gateway ");
});

test("as a command by the image's link to it, without a folder that it may write to", async () => {
  mkdirSync(at("bin"));
  symlinkSync(at("app/warren.mjs"), at("bin/warren"));
  const PATH = [at("bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter);
  const cli = new Cli(["warren", "agent", "doctor", "--help"], { env: { PATH }, cwd: "/proc" });
  expect(await cli.ended()).toMatchObject({ code: 0 });
  expect(cli.stdout).toContain("warren agent doctor");
});

test("gateway and agent", async () => {
  await using gateway = start(
    "gateway",
    "--port",
    "0",
    "--admin-port",
    "0",
    "--listen",
    "127.0.0.1",
  );
  const [, port = ""] = await gateway.says(/"http":(\d+).*"gateway runs"/);
  const made = await run(
    "token",
    "create",
    "--cluster",
    "home",
    "--host",
    "hello.localhost",
    "--out",
    "t",
  );
  expect(made).toMatchObject({ code: 0 });
  const dials = ["--gateway", `ws://127.0.0.1:${port}`, "--token-file", "t"];
  await using agent = start("agent", ...dials, "--demo", "hello.localhost");
  await agent.says(/^joined .* as home$/m);
  const page = await ask(Number(port), "hello.localhost");
  expect(page).toMatchObject({ status: 200 });
  agent.signal("SIGTERM");
  expect(await agent.ended()).toMatchObject({ code: 0 });
});

test("an agent in a cluster", async () => {
  await using stage = await KubeStage.start();
  const { file } = await stage.fleet.token();
  await using agent = start(
    "agent",
    "--gateway",
    `ws://127.0.0.1:${stage.gateway.port}`,
    "--token-file",
    file,
    "--kubeconfig",
    join(stage.fleet.folder, "kubeconfig"),
    "--pod-name",
    "agent-0",
    "--pod-namespace",
    "warren-system",
  );
  await agent.says(/^joined /m);
  expect(await stage.leader()).toBe("agent-0");
});

test("chat, with its pages and its store's thread", async () => {
  await using chat = start("chat", "--dev", "--port", "0");
  const [, origin = ""] = await chat.says(/^chat on (\S+)\/chat$/m);
  const pages = ["chat/readyz", "chat/chat.html", "chat/admin.html", "chat/widget.js"];
  const answers = await Promise.all(pages.map((path) => fetch(`${origin}/${path}`)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  chat.signal("SIGTERM");
  expect(await chat.ended()).toMatchObject({ code: 0 });
});
