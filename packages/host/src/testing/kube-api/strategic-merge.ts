import { isDeepStrictEqual } from "node:util";
import { isObject } from "./merge-patch.ts";

/**
 * By what the members of a list are told apart, for lists that are merged (the `patchMergeKey` of the built-in
 * types). Lists of any other name are replaced.
 */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  volumeMounts: ["mountPath"],
  // Of a container, or of a Service.
  ports: ["containerPort", "port"],
  conditions: ["type"],
  ownerReferences: ["uid"],
  hostAliases: ["ip"],
  secrets: ["name"],
  addresses: ["type"],
  topologySpreadConstraints: ["topologyKey"],
};
/** Lists of plain values that are sets. */
const SETS = ["finalizers"];

type Fields = Record<string, unknown>;

/** Strategic merge patch (Kubernetes, `sig-api-machinery/strategic-merge-patch.md`) of a built-in kind. */
export function strategicMerge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  if (patch["$patch"] === "replace") return without(patch);
  const merged: Fields = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) directive(merged, key, value);
    else if (value === null) delete merged[key];
    else if (Array.isArray(value)) merged[key] = mergedList(key, merged[key], value);
    else merged[key] = strategicMerge(merged[key], value);
  }
  return merged;
}

function without(patch: Fields): Fields {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));
}

function directive(merged: Fields, key: string, value: unknown): void {
  const [kind, field = ""] = key.split("/");
  const list = merged[field];
  if (kind === "$deleteFromPrimitiveList" && Array.isArray(list) && Array.isArray(value)) {
    merged[field] = list.filter((one) => !value.includes(one));
  }
  if (kind === "$retainKeys" && Array.isArray(value)) {
    for (const name of Object.keys(merged)) if (!value.includes(name)) delete merged[name];
  }
}

function mergedList(name: string, before: unknown, patch: unknown[]): unknown[] {
  const list: unknown[] = Array.isArray(before) ? [...(before as unknown[])] : [];
  if (SETS.includes(name)) return [...new Set([...list, ...patch])];
  const keys = MERGE_KEYS[name];
  const members = patch.filter(isObject);
  const key = keys?.find((one) => members.some((member) => member[one] !== undefined));
  if (key === undefined || members.some((member) => member["$patch"] === "replace")) {
    return patch.filter((member) => !isObject(member) || member["$patch"] === undefined);
  }
  for (const member of members) mergeMember(list, key, member);
  return list;
}

function mergeMember(list: unknown[], key: string, member: Fields): void {
  const at = list.findIndex((one) => isObject(one) && isDeepStrictEqual(one[key], member[key]));
  if (member["$patch"] === "delete") {
    if (at !== -1) list.splice(at, 1);
  } else if (at === -1) list.push(without(member));
  else list[at] = strategicMerge(list[at], member);
}
