/** The chart, rendered by the real helm. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { programPath } from "@warren/host/testing";
import { ROOT } from "../../_rooms.ts";
import { BRIEF } from "./brief.ts";
import { readManifests } from "./manifests.ts";
import type { KubeVersion } from "./schemas.ts";
import type { Manifest } from "./validate.ts";

/** Undefined where there is none: for `describe.skipIf(helm === undefined)`. */
export const helm = programPath("helm");
export const CHART = join(ROOT, "deployments/helm/warren");
export const RELEASE = { name: "edge", namespace: "warren-system" };
/** A name with helm's own limit: 53 characters. */
export const LONGEST = `warren-${"abcdefghij-".repeat(4)}ab`;
/** What helm believes to talk to: it knows no newest one by itself. */
const VERSIONS: Record<KubeVersion, string> = { "1.24": "1.24.17", newest: "1.36.1" };

/** Sets of values that the chart ships as examples, by the names of their files. */
export const EXAMPLES = readdirSync(join(CHART, "ci")).sort();

export const exampleFlags = (name: string) => ["--values", join(CHART, "ci", name)];

/** Flags for values as `--set-json` takes them. */
export function setFlags(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([path, value]) => [
    "--set-json",
    `${path}=${JSON.stringify(value)}`,
  ]);
}

/** What the chart becomes. Rejects with helm's words where the values' schema refuses them. */
export async function render(
  flags: readonly string[],
  version: KubeVersion,
  { name, namespace } = RELEASE,
): Promise<Manifest[]> {
  const words = ["template", name, CHART, "--namespace", namespace, ...flags];
  const asked = [...words, "--kube-version", VERSIONS[version]];
  const key = asked.join(" ");
  const text = rendered.get(key) ?? run(asked);
  rendered.set(key, text);
  return readManifests(await text, "helm template");
}

/** Another chart's text with a file of values, in the same place. */
export async function renderFolder(folder: string, values: string): Promise<string> {
  const words = [
    "template",
    RELEASE.name,
    folder,
    "--values",
    values,
    "--namespace",
    RELEASE.namespace,
  ];
  return run([...words, "--kube-version", VERSIONS.newest]);
}

/** Tests look at one rendering in several ways, and helm takes its time. */
const rendered = new Map<string, Promise<string>>();

/** Rejects where `helm lint --strict` finds something. */
export async function lint(flags: readonly string[], version: KubeVersion): Promise<string> {
  return run(["lint", "--strict", CHART, ...flags, "--kube-version", VERSIONS[version]]);
}

async function run(words: readonly string[]): Promise<string> {
  const env = { ...process.env, ...BRIEF };
  const { stdout } = await promisify(execFile)(helm!, words, { maxBuffer: 64 * 1_048_576, env });
  return stdout;
}
