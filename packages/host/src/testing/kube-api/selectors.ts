import { badRequest } from "./status.ts";
import type { Stored } from "./store.ts";

export type Matches = (object: Stored) => boolean;

const REQUIREMENTS: readonly [RegExp, (key: string, values: string) => Matches][] = [
  [/^([^\s=!,()]+)\s+in\s+\(([^)]*)\)$/, (key, values) => one(key, values, true)],
  [/^([^\s=!,()]+)\s+notin\s+\(([^)]*)\)$/, (key, values) => one(key, values, false)],
  [/^([^\s=!,()]+)\s*!=\s*([^\s=!,()]*)$/, (key, value) => one(key, value, false)],
  [/^([^\s=!,()]+)\s*==?\s*([^\s=!,()]*)$/, (key, value) => one(key, value, true)],
  [/^!\s*([^\s=!,()]+)()$/, (key) => (object) => object.metadata.labels?.[key] === undefined],
  [/^([^\s=!,()]+)()$/, (key) => (object) => object.metadata.labels?.[key] !== undefined],
];

function one(key: string, values: string, isIn: boolean): Matches {
  const wanted = values.split(",").map((value) => value.trim());
  return ({ metadata: { labels } }) => {
    const value = labels?.[key];
    return isIn ? value !== undefined && wanted.includes(value) : !wanted.includes(value ?? "\0");
  };
}

/** Labels and selectors (Kubernetes docs, "Labels and Selectors"): equality and sets. */
export function labelsMatch(selector: string | null): Matches {
  if (selector === null || selector.trim() === "") return () => true;
  const parts = selector.split(/,(?![^(]*\))/).map((part) => part.trim());
  const all = parts.map((part) => {
    for (const [form, make] of REQUIREMENTS) {
      const found = form.exec(part);
      if (found !== null) return make(found[1] ?? "", found[2] ?? "");
    }
    throw badRequest(`unable to parse requirement: found '${part}'`);
  });
  return (object) => all.every((matches) => matches(object));
}

/** `metadata.name` and `metadata.namespace`, which every resource has; and `type` of Secrets. */
export function fieldsMatch(selector: string | null): Matches {
  if (selector === null || selector === "") return () => true;
  const all = selector.split(",").map((part) => {
    const [, field = "", sign = "", value = ""] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
    const read = FIELDS[field];
    if (read === undefined) throw badRequest(`field label not supported: ${field || part}`);
    return (object: Stored) => (read(object) === value) === (sign !== "!=");
  });
  return (object) => all.every((matches) => matches(object));
}

const FIELDS: Readonly<Record<string, (object: Stored) => unknown>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
  type: (object) => object["type"],
};
