import { createHash } from "node:crypto";

/** What is pinned: the same text for the same wire. */
export function digestOf(said: object): string {
  return createHash("sha256").update(JSON.stringify(said)).digest("hex").slice(0, 16);
}

/** A schema as data: what it takes, with defaults, bounds and patterns, and not how it is made. */
export function shape(value: unknown): unknown {
  if (value instanceof RegExp) return String(value);
  if (typeof value === "function") return "function";
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return value;
  const telling = Object.entries(value).filter(
    ([name]) => !INNER.has(name) && !name.startsWith("~"),
  );
  return Object.fromEntries(telling.map(([name, part]) => [name, shape(part)]));
}
/** What valibot calls its own. */
const INNER = new Set(["reference", "async", "expects", "message", "kind"]);
