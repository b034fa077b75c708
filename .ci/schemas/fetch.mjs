#!/usr/bin/env node
// Schemas of Kubernetes objects, for tests: out of the Go modules that publish them (modules.json),
// through `go mod download`, into a folder outside the repository.
//
//   node .ci/schemas/fetch.mjs FOLDER
//
// What Go calls a module's sum is pinned. Of several versions the first that can be had is taken.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node .ci/schemas/fetch.mjs FOLDER");
const modules = JSON.parse(readFileSync(new URL("modules.json", import.meta.url), "utf8"));
const run = promisify(execFile);
const { stdout } = await run("go", ["env", "GOMODCACHE"]);
const cache = stdout.trim();

mkdirSync(folder, { recursive: true });
const custom = {};
for (const { module, versions, swagger, as, definitions } of modules) {
  const source = await downloaded(module, versions);
  if (swagger !== undefined)
    write(as, builtIn(JSON.parse(readFileSync(join(source, swagger), "utf8"))));
  else Object.assign(custom, customIn(join(source, definitions)));
}
write("custom", custom);

/** The folder of a module's sources. */
async function downloaded(module, versions) {
  const problems = [];
  for (const [version, sum] of Object.entries(versions)) {
    const said = await download(`${module}@${version}`);
    if (said.Sum === sum) return join(cache, `${module}@${version}`);
    problems.push(said.Error ?? `${module}@${version} has the sum ${said.Sum}, not ${sum}`);
  }
  throw new Error(problems.join("\n"));
}

/** Outside a Go module. A version that wants a newer Go is an error to Go, and there all the same. */
async function download(what) {
  const options = { cwd: tmpdir(), env: { ...process.env, GO111MODULE: "on", GOFLAGS: "" } };
  const done = await run("go", ["mod", "download", "-json", what], options).catch((error) => error);
  if (!done.stdout) throw new Error(`go mod download ${what}: ${done.stderr || done.message}`);
  return JSON.parse(done.stdout);
}

/** Kinds that can be created, by `group/version/Kind`, and every definition. */
function builtIn({ info, paths, definitions }) {
  const kinds = {};
  for (const [path, { post }] of Object.entries(paths)) {
    const is = post?.["x-kubernetes-group-version-kind"];
    if (is === undefined || post["x-kubernetes-action"] !== "post" || /\/\{name\}\//.test(path))
      continue;
    const body = post.parameters.find((one) => one.in === "body")?.schema.$ref;
    kinds[[is.group, is.version, is.kind].filter(Boolean).join("/")] = {
      definition: body.replace("#/definitions/", ""),
      plural: path.split("/").at(-1),
      namespaced: path.includes("/namespaces/{namespace}/"),
    };
  }
  return { version: info.version, kinds, definitions: bare(definitions) };
}

/** Served kinds of every CustomResourceDefinition in a folder's YAML files. */
function customIn(folder) {
  const found = {};
  for (const name of readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)))
    for (const document of parseAllDocuments(readFileSync(join(folder, name), "utf8"))) {
      const { kind, spec } = document.toJS() ?? {};
      if (kind !== "CustomResourceDefinition") continue;
      for (const { name: version, served, schema } of spec.versions)
        if (served)
          found[[spec.group, version, spec.names.kind].join("/")] = {
            plural: spec.names.plural,
            namespaced: spec.scope === "Namespaced",
            schema: bare(schema.openAPIV3Schema),
          };
    }
  return found;
}

/** Without what is for people: a description is a string, a property of that name is an object. */
function bare(value) {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, one]) => !(key === "description" && typeof one === "string"),
  );
  return Object.fromEntries(kept.map(([key, one]) => [key, bare(one)]));
}

/** Whole or not at all, as others may do the same at the same time. */
function write(name, value) {
  const file = join(folder, `${name}.json`);
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(value));
  renameSync(`${file}.${process.pid}`, file);
}
