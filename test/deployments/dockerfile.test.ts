// The image, without a builder of images: what the Dockerfile says is there, and its build stage works
// with nothing but what it copies.
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, matchesGlob, relative } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../../deployments/image/bundle.ts";

interface Instruction {
  readonly stage: number;
  readonly word: string;
  readonly rest: string;
}

const about = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
  scripts: Record<string, string>;
  optionalDependencies: Record<string, string>;
};
const instructions = parsed(readFileSync(join(ROOT, "Dockerfile"), "utf8"));
const last = Math.max(...instructions.map(({ stage }) => stage));
const ofLast = (word: string) =>
  instructions.filter((one) => one.stage === last && one.word === word).map(({ rest }) => rest);
/** What the build stage copies out of the repository. */
const copied = instructions
  .filter(({ word, rest }) => word === "COPY" && !rest.startsWith("--from="))
  .flatMap(({ rest }) => rest.split(" ").slice(0, -1));

function parsed(text: string): Instruction[] {
  const lines = text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n");
  let stage = 0;
  return lines.filter(Boolean).map((line) => {
    const [, word = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (word === "FROM") stage += 1;
    return { stage, word, rest: rest.replaceAll(/\s+/g, " ") };
  });
}

/** Whether a builder would send it: later lines of .dockerignore count more. */
function isSent(path: string): boolean {
  const lines = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
  const parts = path.split("/").map((_, i, all) => all.slice(0, i + 1).join("/"));
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .reduce((sent, line) => {
      const pattern = line.replace(/^!/, "");
      // To a builder a star stands for a first dot as well.
      return parts.some((part) => pattern === "*" || matchesGlob(part, pattern))
        ? line.startsWith("!")
        : sent;
    }, true);
}

test("every stage begins with the Node that `npm ci` brings", () => {
  const [image] = instructions.filter(({ stage, word }) => stage === 0 && word === "ARG");
  const [version] = new Set(Object.values(about.optionalDependencies));
  expect(image?.rest).toBe(`NODE_IMAGE=node:${version}-trixie-slim`);
  const froms = instructions.filter(({ word }) => word === "FROM").map(({ rest }) => rest);
  expect(froms).toEqual(["${NODE_IMAGE} AS build", "${NODE_IMAGE}"]);
});

test("what runs is nobody, with the folder of state as its own, and no npm", () => {
  expect(ofLast("USER")).toEqual(["65532:65532"]);
  expect(ofLast("ENV")).toEqual(["NODE_ENV=production WARREN_DATA=/data"]);
  expect(ofLast("WORKDIR")).toEqual(["/data"]);
  expect(ofLast("ENTRYPOINT")).toEqual(['["node", "/app/warren.mjs"]']);
  expect(ofLast("HEALTHCHECK")).toEqual([]);
  const [run = ""] = ofLast("RUN");
  expect(run).toMatch(/^rm -rf \/usr\/local\/lib\/node_modules /);
  for (const name of ["npm", "npx", "corepack", "yarn"])
    expect(run).toContain(` /usr/local/bin/${name}`);
  expect(run).toContain("install -d -o 65532 -g 65532 -m 0750 /data");
  expect(ofLast("ARG")).toContain(`VERSION=${about.version}`);
});

test("every source of a COPY is there and is sent, and every script that is run exists", () => {
  expect(copied.filter((path) => !existsSync(join(ROOT, path)) || !isSent(path))).toEqual([]);
  const runs = instructions.filter(({ word }) => word === "RUN").map(({ rest }) => rest);
  const scripts = runs.flatMap((run) =>
    [...run.matchAll(/npm run (?:--silent )?(\w+)/g)].map(([, name]) => name!),
  );
  expect(scripts).toEqual(["bundle", "sbom"]);
  for (const name of scripts) expect(about.scripts).toHaveProperty(name);
});

test.each([
  "node_modules/ws/package.json",
  "packages/console/dist/chat.html",
  "data/admin.token",
  ".git/config",
  "packages/chat/src/limits.test.ts",
])("%s stays out of the build", (path) => expect(isSent(path)).toBe(false));

test("the build stage needs nothing but what it copies", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-image-"));
  const at = (...names: string[]) => join(folder.path, ...names);
  for (const path of copied) {
    mkdirSync(dirname(at("src", path)), { recursive: true });
    cpSync(join(ROOT, path), at("src", path), {
      recursive: true,
      filter: (from) => isSent(relative(ROOT, from)),
    });
  }
  installed(at("src"));
  // As `npm ci` does, and the instructions after it.
  for (const words of [["prepare"], ["bundle", "--", at("app")]])
    await promisify(execFile)("npm", ["run", ...words], { cwd: at("src") });
  const said = await promisify(execFile)(
    "npm",
    ["run", "--silent", "sbom", "--", "cyclonedx", at("app")],
    {
      cwd: at("src"),
      maxBuffer: 64 * 1_048_576,
    },
  );
  const { components } = JSON.parse(said.stdout) as {
    components: { name: string; version: string }[];
  };
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const taken = readFileSync(at("app/packages.txt"), "utf8").trim().split("\n");
  expect(taken.filter((name) => !listed.has(name))).toEqual([]);
  expect(readdirSync(at("app"))).toEqual(
    expect.arrayContaining(["warren.mjs", "main.mjs", "worker.mjs", "page", "console", "widget"]),
  );
});

/** The packages of this repository, with those of the workspace where the copy has them. */
function installed(source: string): void {
  mkdirSync(join(source, "node_modules/@warren"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules")))
    if (name !== "@warren" && name !== ".cache")
      symlinkSync(join(ROOT, "node_modules", name), join(source, "node_modules", name));
  for (const name of readdirSync(join(source, "packages")))
    symlinkSync(join(source, "packages", name), join(source, "node_modules/@warren", name));
}
