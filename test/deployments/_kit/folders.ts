/** Where the manifests of the repository are, and what kustomize makes of them. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { programPath } from "@warren/host/testing";
import { ROOT } from "../../_rooms.ts";
import { BRIEF } from "./brief.ts";
import { readManifests } from "./manifests.ts";
import type { Manifest } from "./validate.ts";

/** Undefined where there is none: for `describe.skipIf(kubectl === undefined)`. */
export const kubectl = programPath("kubectl");

const FOLDERS = ["deployments", "k8s", "flux"];
/** Rendered by helm, and held to the schemas by tests of its own. */
const NO_MANIFESTS = ["deployments/helm"];

/** Every `.yaml` file of objects, below the root of the repository, with its objects. */
export function allManifests(): { file: string; objects: Manifest[] }[] {
  return FOLDERS.flatMap(filesBelow)
    .filter((file) => file.endsWith(".yaml") && !isKustomization(file))
    .map((file) => ({ file, objects: objectsOf(file) }))
    .filter(({ objects }) => objects.every(({ apiVersion }) => apiVersion !== undefined));
}

/** Every folder that kustomize builds. */
export function kustomizations(): string[] {
  const names = FOLDERS.flatMap(filesBelow).filter(isKustomization);
  return names.map((file) => file.slice(0, file.lastIndexOf("/"))).sort();
}

/** The objects of a file, named from the root of the repository. */
export function objectsOf(file: string): Manifest[] {
  return readManifests(readFileSync(join(ROOT, file), "utf8"), file);
}

/** What `kubectl apply -k` would apply; the folder is named from the root of the repository, or by its whole path. */
export function built(folder: string): Manifest[] {
  const text = execFileSync(kubectl ?? "kubectl", ["kustomize", resolve(ROOT, folder)], {
    encoding: "utf8",
    env: { ...process.env, ...BRIEF, KUBECONFIG: "/dev/null" },
  });
  return readManifests(text, folder);
}

/** The one object of this kind and name; throws where there is none or more. */
export function only(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const found = objects.filter((one) => one.kind === kind && one.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} times ${kind}/${name}`);
  return found[0]!;
}

function isKustomization(file: string): boolean {
  return /(^|\/)(kustomization\.yaml|Kustomization)$/.test(file);
}

function filesBelow(folder: string): string[] {
  const at = join(ROOT, folder);
  if (!existsSync(at) || NO_MANIFESTS.includes(folder)) return [];
  return readdirSync(at)
    .sort()
    .flatMap((name) => {
      const path = `${folder}/${name}`;
      return statSync(join(ROOT, path)).isDirectory() ? filesBelow(path) : [path];
    });
}
