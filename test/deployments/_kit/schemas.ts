/** Schemas of Kubernetes' own objects and of custom ones, from the folder that .ci/schemas/fetch.mjs fills. */
import { service } from "@warren/host/testing";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonSchema } from "./closed.ts";

export const KUBE_VERSIONS = ["1.24", "newest"] as const;
export type KubeVersion = (typeof KUBE_VERSIONS)[number];

export interface Kind {
  readonly plural: string;
  readonly namespaced: boolean;
  /** One of these two: the name of a built-in definition, or the schema of a custom resource. */
  readonly definition?: string;
  readonly schema?: JsonSchema;
}

export interface Schemas {
  /** By `group/version/Kind`, or `v1/Kind` for the core group. */
  readonly kinds: Readonly<Record<string, Kind>>;
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** Undefined where nobody has fetched them: for `describe.skipIf(schemasFolder === undefined)`. */
export const schemasFolder = service("KUBE_SCHEMAS");

const read = new Map<KubeVersion, Schemas>();

/** Those of a version, with those of custom resources; read once. */
export function schemasOf(version: KubeVersion): Schemas {
  const known = read.get(version) ?? load(version);
  read.set(version, known);
  return known;
}

function load(version: KubeVersion): Schemas {
  const { kinds, definitions } = parsed(`kubernetes-${version}`) as Schemas;
  return { kinds: { ...kinds, ...(parsed("custom") as Schemas["kinds"]) }, definitions };
}

function parsed(name: string): unknown {
  if (schemasFolder === undefined) throw new Error("KUBE_SCHEMAS is not set");
  return JSON.parse(readFileSync(join(schemasFolder, `${name}.json`), "utf8"));
}
