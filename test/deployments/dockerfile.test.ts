// What the Dockerfile says is there, and what it makes of it. What its build stage makes runs in bundle.e2e.test.ts.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../_rooms.ts";
import { copied, instructions, isSent } from "./_kit/image-build.ts";

const about = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
  scripts: Record<string, string>;
  optionalDependencies: Record<string, string>;
};
const last = Math.max(...instructions.map(({ stage }) => stage));
const ofLast = (word: string) =>
  instructions.filter((one) => one.stage === last && one.word === word).map(({ rest }) => rest);

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
  expect(run).toContain("ln -s /app/warren.mjs /usr/local/bin/warren");
  expect(ofLast("COPY")).toEqual(["--from=build /app /app"]);
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
